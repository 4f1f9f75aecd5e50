import type { LayerGraph } from '../../shared/domain/layer-graph.ts';
import { convBlock, network, residual, type InputShape, type Stem } from './blocks.ts';

/** Expansion, output channels, blocks, stride of the first (Sandler et al. 2018, table 2). */
const STAGES = [
  { expansion: 1, channels: 16, blocks: 1, stride: 1 },
  { expansion: 6, channels: 24, blocks: 2, stride: 2 },
  { expansion: 6, channels: 32, blocks: 3, stride: 2 },
  { expansion: 6, channels: 64, blocks: 4, stride: 2 },
  { expansion: 6, channels: 96, blocks: 3, stride: 1 },
  { expansion: 6, channels: 160, blocks: 3, stride: 2 },
  { expansion: 6, channels: 320, blocks: 1, stride: 1 },
];

/** The multiple of 8 nearest to `channels`, at least 8, and never less than 90 % of it (torchvision's `_make_divisible`). */
function divisibleByEight(channels: number): number {
  const nearest = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return nearest < 0.9 * channels ? nearest + 8 : nearest;
}

/**
 * MobileNetV2 as in torchvision: inverted residuals with ReLU6 and linear ends.
 * @param width multiplies the channels of all layers but the last convolution, which has at least 1280
 */
export function mobilenetV2(input: InputShape, classes: number, width = 1, stem: Stem = 'imagenet'): LayerGraph {
  const activation = 'relu6';
  const name = width === 1 ? 'mobilenetv2' : `mobilenetv2-${width}`;
  return network(name, input, classes, (layers) => {
    let channels = divisibleByEight(32 * width);
    let last = convBlock(layers, 'stem', 'input', { filters: channels, stride: stem === 'small' ? 1 : 2, activation });
    STAGES.forEach(({ expansion, channels: base, blocks, stride: first }, stage) => {
      const filters = divisibleByEight(base * width);
      for (let block = 0; block < blocks; block++) {
        const place = `stage${stage + 1}.block${block + 1}`;
        const stride = block > 0 || (stem === 'small' && stage === 1) ? 1 : first;
        const hidden = channels * expansion;
        const wide = expansion === 1 ? last : convBlock(layers, `${place}.expand`, last, { filters: hidden, kernel: 1, activation });
        const deep = convBlock(layers, `${place}.depthwise`, wide, { filters: hidden, stride, groups: hidden, activation });
        const end = convBlock(layers, `${place}.project`, deep, { filters, kernel: 1, activation: null });
        last = stride === 1 && channels === filters ? residual(layers, place, end, last) : end;
        channels = filters;
      }
    });
    return convBlock(layers, 'head', last, { filters: divisibleByEight(1280 * Math.max(1, width)), kernel: 1, activation });
  });
}
