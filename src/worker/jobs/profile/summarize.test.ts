import { expect, test } from 'vitest';
import type { LayerGraph } from '../../../shared/domain/layer-graph.ts';
import type { Node, OpName, Origin } from '../../engine/graph.ts';
import type { NodeTime } from '../../engine/timed-kernels.ts';
import { leastOf, summarize, type PassTimes } from './summarize.ts';

let ids = 0;
const node = (op: OpName, layer: string | null, purpose: Origin['purpose'] = 'network', backward = false): Node => ({
  id: ids++, op, origin: { layer, purpose, backward }, inputs: [], attributes: {}, outputs: [],
}); // prettier-ignore
const GRAPH: LayerGraph = {
  name: 'two',
  classes: 2,
  layers: [
    { kind: 'input', name: 'input', inputs: [], shape: [4, 4, 1] },
    {
      kind: 'conv',
      name: 'c',
      inputs: ['input'],
      filters: 2,
      kernel: [3, 3],
      stride: [1, 1],
      padding: [1, 1, 1, 1],
      groups: 1,
      bias: false,
    },
    { kind: 'batchnorm', name: 'n', inputs: ['c'], epsilon: 1e-3 },
  ],
};
const at = (total: number, unquantized = total): NodeTime => ({ total, unquantized });

test('sums by kind and by layer: dispatch apart, fake quantization out of the op that it is in', () => {
  const pass: PassTimes = {
    nodes: new Map([
      [node('Conv2D', 'c'), at(10.5)],
      [node('Conv2DBackpropFilter', 'c', 'network', true), at(20.5)],
      [node('Div', 'c', 'weight-quantization'), at(1.5)],
      [node('FusedBatchNorm', 'n'), at(5.5, 3.5)],
      // noise can make the op with more in it the faster one
      [node('FusedBatchNormGrad', 'n', 'network', true), at(8.5, 9)],
      [node('Exp', null, 'loss'), at(0.3)],
      [node('Gather', null, 'bookkeeping'), at(1)],
    ]),
    changes: 2,
  };
  const found = summarize([pass, pass], 0.5, { milliseconds: 100, update: 4 }, GRAPH);
  expect(Object.fromEntries(found.kinds.map(({ kind, milliseconds, ops }) => [kind, [milliseconds, ops]]))).toEqual({
    convolution: [60, 4],
    normalization: [22, 4],
    'activation-quantization': [4, 0],
    'weight-quantization': [2, 2],
    loss: [0, 2],
    update: [9, 2],
    dispatch: [6.6, 0],
  });
  expect(found.ops.milliseconds).toBeCloseTo(103.6, 9);
  expect(found.ops.stepLess).toBeCloseTo(3.6, 9);
  expect(found.ops.count).toBe(14);
  expect(found.quantizationShare).toBeCloseTo(6 / 103.6, 9);
  expect(found.layers.map(({ share, milliseconds }) => share / milliseconds)).toEqual(found.layers.map(() => 1 / found.ops.milliseconds));
  expect(found.layers).toMatchObject([
    { name: 'c', kind: 'conv', forward: 22, backward: 40, quantization: 2, milliseconds: 62 },
    { name: 'n', kind: 'batchnorm', forward: 10, backward: 16, quantization: 4, milliseconds: 26 },
  ]);
});

test('the least of two rounds, node by node', () => {
  const [a, b] = [node('Conv2D', 'c'), node('Relu', 'c')];
  const first: PassTimes = { nodes: new Map([[a, at(3, 1)], [b, at(5)]]), changes: 7 }; // prettier-ignore
  const second: PassTimes = { nodes: new Map([[a, at(2, 2)], [b, at(6)]]), changes: 8 }; // prettier-ignore
  expect(leastOf(first, second)).toEqual({ nodes: new Map([[a, at(2, 1)], [b, at(5)]]), changes: 7 }); // prettier-ignore
});
