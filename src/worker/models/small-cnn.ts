import type { LayerGraph } from '../../shared/domain/layer-graph.ts';
import { convBlock, network, type InputShape } from './blocks.ts';

const STAGES = [
  { filters: 16, stride: 1 },
  { filters: 32, stride: 2 },
  { filters: 32, stride: 1 },
  { filters: 64, stride: 2 },
  { filters: 64, stride: 1 },
  { filters: 64, stride: 1 },
];

/** Six Conv3x3-BN-ReLU and a classifier: 106,768 weights with one input channel, 107,056 with three. */
export function smallCnn(input: InputShape, classes: number): LayerGraph {
  return network('small-cnn', input, classes, (layers) => {
    let last = 'input';
    STAGES.forEach((stage, i) => {
      last = convBlock(layers, `conv${i + 1}`, last, stage);
    });
    return last;
  });
}
