import type { Layer, LayerGraph } from '../../shared/domain/layer-graph.ts';
import { activate, convBlock, network, residual, type InputShape, type Stem } from './blocks.ts';

/** Expansion, kernel, stride of the first block, output channels, blocks (Tan and Le 2019, table 1). */
const STAGES = [
  { expansion: 1, kernel: 3, stride: 1, channels: 16, blocks: 1 },
  { expansion: 6, kernel: 3, stride: 2, channels: 24, blocks: 2 },
  { expansion: 6, kernel: 5, stride: 2, channels: 40, blocks: 2 },
  { expansion: 6, kernel: 3, stride: 2, channels: 80, blocks: 3 },
  { expansion: 6, kernel: 5, stride: 1, channels: 112, blocks: 3 },
  { expansion: 6, kernel: 5, stride: 2, channels: 192, blocks: 4 },
  { expansion: 6, kernel: 3, stride: 1, channels: 320, blocks: 1 },
];

/**
 * Squeeze-and-excitation: every channel times a gate between 0 and 1 that two small layers compute from the means of all
 * channels. torchvision writes these layers as 1x1 convolutions of one pixel, which is the same.
 */
function squeezeExcite(layers: Layer[], name: string, input: string, channels: number, squeezed: number): string {
  layers.push({ kind: 'globalpool', name: `${name}.squeeze`, inputs: [input] });
  layers.push({ kind: 'linear', name: `${name}.reduce`, inputs: [`${name}.squeeze`], units: squeezed, bias: true });
  const inner = activate(layers, `${name}.reduce`, `${name}.reduce`, 'swish');
  layers.push({ kind: 'linear', name: `${name}.excite`, inputs: [inner], units: channels, bias: true });
  layers.push({ kind: 'sigmoid', name: `${name}.gate`, inputs: [`${name}.excite`] });
  layers.push({ kind: 'multiply', name: `${name}.scaled`, inputs: [input, `${name}.gate`] });
  return `${name}.scaled`;
}

/**
 * EfficientNet-B0 as in torchvision, without stochastic depth and dropout. Swish and the linear ends make almost every
 * activation signed.
 */
export function efficientnetB0(input: InputShape, classes: number, stem: Stem = 'imagenet'): LayerGraph {
  const activation = 'swish';
  return network('efficientnet-b0', input, classes, (layers) => {
    let channels = 32;
    let last = convBlock(layers, 'stem', 'input', { filters: channels, stride: stem === 'small' ? 1 : 2, activation });
    STAGES.forEach(({ expansion, kernel, stride: first, channels: filters, blocks }, stage) => {
      for (let block = 0; block < blocks; block++) {
        const name = `stage${stage + 1}.block${block + 1}`;
        const stride = block > 0 || (stem === 'small' && stage === 1) ? 1 : first;
        const hidden = channels * expansion;
        const wide = expansion === 1 ? last : convBlock(layers, `${name}.expand`, last, { filters: hidden, kernel: 1, activation });
        const deep = convBlock(layers, `${name}.depthwise`, wide, { filters: hidden, kernel, stride, groups: hidden, activation });
        const scaled = squeezeExcite(layers, name, deep, hidden, channels / 4);
        const end = convBlock(layers, `${name}.project`, scaled, { filters, kernel: 1, activation: null });
        last = stride === 1 && channels === filters ? residual(layers, name, end, last) : end;
        channels = filters;
      }
    });
    return convBlock(layers, 'head', last, { filters: 1280, kernel: 1, activation });
  });
}
