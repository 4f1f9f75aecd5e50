/** The operations of a network as rows of a table. */
import type { NetworkView } from '../../../shared/contract/look.ts';
import { inferShapes, isQuantized, type Layer } from '../../../shared/domain/layer-graph.ts';

export interface NetworkRow {
  /** place among the layers with weights, from 1; null for other operations */
  number: number | null;
  name: string;
  kind: Layer['kind'];
  /** a convolution whose groups are its channels */
  depthwise: boolean;
  /** without the batch: [height, width, channels] or [features]; empty for the input */
  input: readonly number[];
  output: readonly number[];
  kernel: readonly [number, number] | null;
  stride: readonly [number, number] | null;
  /** without bias; null where the operation has none */
  weights: number | null;
  /** bias, or scale and shift of a BN; null where there are none */
  others: number | null;
  /** of one image; null where they are not counted */
  macs: number | null;
  /** stays at 8 bits */
  pinned: boolean;
}

/**
 * @param operations every operation, else only those with weights
 */
export function networkRows({ graph, layers }: Pick<NetworkView, 'graph' | 'layers'>, operations: boolean): NetworkRow[] {
  const shapes = inferShapes(graph);
  const numbers = new Map(layers.map((layer, index) => [layer.name, { facts: layer, number: index + 1 }]));
  return graph.layers.flatMap((layer): NetworkRow[] => {
    if (!operations && !isQuantized(layer)) return [];
    const known = numbers.get(layer.name);
    const output = shapes.get(layer.name) ?? [];
    const input = layer.inputs.length ? (shapes.get(layer.inputs[0]) ?? []) : [];
    const bias = known ? known.facts.parameters - known.facts.weights : 0;
    return [
      {
        number: known?.number ?? null,
        name: layer.name,
        kind: layer.kind,
        depthwise: layer.kind === 'conv' && layer.groups > 1 && layer.groups === input.at(-1),
        input,
        output,
        kernel: layer.kind === 'conv' ? layer.kernel : null,
        stride: layer.kind === 'conv' ? layer.stride : null,
        weights: known?.facts.weights ?? null,
        others: layer.kind === 'batchnorm' ? 2 * (output.at(-1) ?? 0) : bias || null,
        macs: known?.facts.macs ?? null,
        pinned: known?.facts.pinned ?? false,
      },
    ];
  });
}

/** `32×32×16` */
export const shapeText = (shape: readonly number[]): string => shape.join('×');
