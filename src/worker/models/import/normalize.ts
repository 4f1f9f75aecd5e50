import type { LayerGraph, NormalizeLayer } from '../../../shared/domain/layer-graph.ts';

/** (x - mean) / std for each channel of an image in [0, 1]. */
export interface Normalization {
  mean: readonly number[];
  std: readonly number[];
}

export const noNormalization = (channels: number): Normalization => ({
  mean: Array<number>(channels).fill(0),
  std: Array<number>(channels).fill(1),
});

const isIdentity = ({ mean, std }: Normalization) => mean.every((value) => value === 0) && std.every((value) => value === 1);

/**
 * Puts a normalization between the image and whatever read it. One that is there already stays behind it:
 * ((x - m) / s - M) / S = (x - (m + M s)) / (s S). Padding stays exact, because the normalized image is what is padded.
 * @returns the same graph where it changes nothing
 */
export function normalized(graph: LayerGraph, { mean, std }: Normalization): LayerGraph {
  const own = graph.layers.find((layer) => layer.kind === 'normalize');
  const whole: Normalization = own
    ? { mean: mean.map((m, c) => m + own.mean[c] * std[c]), std: std.map((s, c) => s * own.std[c]) }
    : { mean, std };
  const input = graph.layers.find((layer) => layer.kind === 'input')!;
  const others = graph.layers.filter((layer) => layer !== own && layer !== input);
  const name = own?.name ?? 'normalize';
  const [from, to] = isIdentity(whole) ? [name, input.name] : [input.name, name];
  const rewired = others.map((layer) => ({ ...layer, inputs: layer.inputs.map((read) => (read === from ? to : read)) }));
  const between: NormalizeLayer[] = isIdentity(whole) ? [] : [{ kind: 'normalize', name, inputs: [input.name], ...whole }];
  return { ...graph, layers: [input, ...between, ...rewired] };
}
