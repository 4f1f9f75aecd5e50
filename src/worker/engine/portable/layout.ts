import * as tf from '@tensorflow/tfjs-core';
import type { Node, OpName } from '../graph.ts';
import { attributesOf, elementCount } from '../graph.ts';
import type { Kernel, TensorMemory } from './memory.ts';
import { forEachRun } from './runs.ts';

/** `axis` in pieces, one for each output. */
function pieces(node: Node, x: tf.Tensor, memory: TensorMemory, axis: number): tf.Tensor[] {
  const results = node.outputs.map(({ shape, dtype }) => memory.make(shape, dtype));
  const values = memory.view(x);
  const outer = elementCount(x.shape.slice(0, axis));
  const row = values.length / outer;
  let start = 0;
  for (const result of results) {
    const out = memory.view(result);
    const block = out.length / outer;
    for (let i = 0; i < outer; i++) out.set(values.subarray(i * row + start, i * row + start + block), i * block);
    start += block;
  }
  return results;
}

/** `inputs` one after the other along `axis`. */
function joined(node: Node, inputs: readonly tf.Tensor[], memory: TensorMemory, axis: number): tf.Tensor {
  const [{ shape, dtype }] = node.outputs;
  const result = memory.make(shape, dtype);
  const out = memory.view(result);
  const outer = elementCount(shape.slice(0, axis));
  const row = out.length / outer;
  let start = 0;
  for (const input of inputs) {
    const values = memory.view(input);
    const block = values.length / outer;
    for (let i = 0; i < outer; i++) out.set(values.subarray(i * block, (i + 1) * block), i * row + start);
    start += block;
  }
  return result;
}

export const LAYOUT: Partial<Record<OpName, Kernel>> = {
  Reshape: (node, [x]) => tf.reshape(x, [...node.outputs[0].shape]),
  Split: (node, [x], memory) => pieces(node, x, memory, attributesOf(node, 'Split').axis),
  Unpack: (node, [x], memory) => pieces(node, x, memory, 0),
  Concat: (node, inputs, memory) => joined(node, inputs, memory, attributesOf(node, 'Concat').axis),
  Pack: (node, inputs, memory) => joined(node, inputs, memory, 0),
  BroadcastTo: (node, [x], memory) => {
    const { shape } = node.outputs[0];
    const result = memory.make(shape);
    const values = memory.floats(x);
    const out = memory.floats(result);
    forEachRun(shape, [x.shape], (n, at, [from], [step]) => {
      if (step) out.set(values.subarray(from, from + n), at);
      else out.fill(values[from], at, at + n);
    });
    return result;
  },
  Gather: (node, [table, indices], memory) => {
    const result = memory.make(node.outputs[0].shape);
    const [values, out, rows] = [memory.floats(table), memory.floats(result), memory.ints(indices)];
    const width = elementCount(table.shape.slice(1));
    for (let i = 0; i < rows.length; i++) {
      if (rows[i] < 0 || rows[i] >= table.shape[0]) throw new Error(`index ${rows[i]} is not in [0, ${table.shape[0]})`);
      for (let k = 0, from = rows[i] * width, to = i * width; k < width; k++) out[to + k] = values[from + k];
    }
    return result;
  },
  SegmentSum: (node, [x, indices], memory) => {
    const { segments } = attributesOf(node, 'SegmentSum');
    const result = memory.make(node.outputs[0].shape);
    const [values, rows] = [memory.floats(x), memory.ints(indices)];
    const total = new Float64Array(result.size);
    const width = result.size / segments;
    for (let i = 0; i < rows.length; i++) {
      if (rows[i] >= segments) throw new Error(`segment ${rows[i]} is not in [0, ${segments})`);
      // A negative segment drops its values, as in TensorFlow.
      if (rows[i] >= 0) for (let k = 0, from = i * width, to = rows[i] * width; k < width; k++) total[to + k] += values[from + k];
    }
    memory.floats(result).set(total);
    return result;
  },
};
