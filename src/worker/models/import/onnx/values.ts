/** What the values of an ONNX graph are while it is read: constants, or tensors with the layer that stands for them. */
import type { Padding } from '../../../../shared/domain/layer-graph.ts';

/** Stands for the batch in a list of sizes, as `Shape` would give it. */
export const BATCH = Number.NEGATIVE_INFINITY;

export interface ConstantValue {
  kind: 'constant';
  dims: readonly number[];
  /** integers too are kept as float64, which holds every size exactly */
  values: Float32Array | Float64Array;
}

export interface TensorValue {
  kind: 'tensor';
  layer: string;
  /** of the layer, without the batch: [height, width, channels] or [features] */
  shape: readonly number[];
  /** how ONNX orders an image: [channels, height, width], or [height, width, channels] after a Transpose */
  order: 'chw' | 'hwc';
  /** a vector that ONNX sees as an image of one pixel */
  pooled: boolean;
  /** a flattened image of this ONNX shape: its features are in the order channel, row, column, ours in row, column, channel */
  flattened?: readonly [channels: number, height: number, width: number];
  /** zeros around it that the next layer takes over */
  padding?: Padding;
  /** it is another value under a new name, and that one is read elsewhere too */
  shared?: boolean;
}

export type Value = ConstantValue | TensorValue;

/** The shape as ONNX sees it, without the batch. */
export function onnxShape({ shape, order, pooled, padding: [top, bottom, left, right] = [0, 0, 0, 0] }: TensorValue): number[] {
  if (shape.length === 1) {
    if (!pooled) return [...shape];
    return order === 'chw' ? [shape[0], 1, 1] : [1, 1, shape[0]];
  }
  const [height, width, channels] = [shape[0] + top + bottom, shape[1] + left + right, shape[2]];
  return order === 'chw' ? [channels, height, width] : [height, width, channels];
}

export const isImage = ({ shape }: TensorValue): boolean => shape.length === 3;
export const sizeOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
