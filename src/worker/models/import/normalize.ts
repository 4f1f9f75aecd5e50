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

/** Smallest factor of a channel: a smaller one moves its result by less than float32 tells from the shift. */
const LEAST = 1e-12;

/** x * scale + shift as (x - mean) / std; a scale of 0 becomes one that leaves only the shift. */
export function inverted(scale: ArrayLike<number>, shift: ArrayLike<number>): Normalization {
  const factors = Array.from(scale, (value) => (Math.abs(value) < LEAST ? LEAST : value));
  return { mean: factors.map((factor, c) => (shift[c] ? -shift[c] / factor : 0)), std: factors.map((factor) => 1 / factor) };
}

/** One normalization behind another as a single one: ((x - m) / s - M) / S = (x - (m + M s)) / (s S). */
export function behind(first: Normalization, second: Normalization): Normalization {
  return {
    mean: first.mean.map((mean, c) => mean + second.mean[c] * first.std[c]),
    std: first.std.map((std, c) => std * second.std[c]),
  };
}

/**
 * Puts a normalization between the image and whatever read it. One that is there already and reads the image alone stays
 * behind it. Padding stays exact, because the normalized image is what is padded.
 * @returns the same graph where it changes nothing
 */
export function normalized(graph: LayerGraph, { mean, std }: Normalization): LayerGraph {
  const input = graph.layers.find((layer) => layer.kind === 'input')!;
  const readers = graph.layers.filter(({ inputs }) => inputs.includes(input.name));
  const own = readers.length === 1 && readers[0].kind === 'normalize' ? readers[0] : undefined;
  const whole: Normalization = own ? behind({ mean, std }, own) : { mean, std };
  const others = graph.layers.filter((layer) => layer !== own && layer !== input);
  const name = own?.name ?? 'normalize';
  const [from, to] = isIdentity(whole) ? [name, input.name] : [input.name, name];
  const rewired = others.map((layer) => ({ ...layer, inputs: layer.inputs.map((read) => (read === from ? to : read)) }));
  const between: NormalizeLayer[] = isIdentity(whole) ? [] : [{ kind: 'normalize', name, inputs: [input.name], ...whole }];
  return { ...graph, layers: [input, ...between, ...rewired] };
}
