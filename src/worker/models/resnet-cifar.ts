import type { LayerGraph } from '../../shared/domain/layer-graph.ts';
import { activate, convBlock, network, residual, type InputShape } from './blocks.ts';

/**
 * ResNet for 32x32 images (He et al. 2016, section 4.2) with 6n+2 layers and projection shortcuts (1x1 conv + BN) where
 * the shape changes.
 * @param depth 20, 32, 44, 56, ...
 */
export function resnetCifar(depth: number, input: InputShape, classes: number): LayerGraph {
  const blocks = (depth - 2) / 6;
  if (!Number.isInteger(blocks) || blocks < 1) throw new Error(`A CIFAR ResNet has 6n+2 layers; ${depth} is none of them.`);
  return network(`resnet${depth}`, input, classes, (layers) => {
    let last = convBlock(layers, 'stem', 'input', { filters: 16 });
    [16, 32, 64].forEach((filters, stage) => {
      for (let block = 0; block < blocks; block++) {
        const name = `stage${stage + 1}.block${block + 1}`;
        const stride = stage > 0 && block === 0 ? 2 : 1;
        const first = convBlock(layers, `${name}.conv1`, last, { filters, stride });
        const branch = convBlock(layers, `${name}.conv2`, first, { filters, activation: null });
        const skip = stride === 1 ? last : convBlock(layers, `${name}.shortcut`, last, { filters, kernel: 1, stride, activation: null });
        last = activate(layers, name, residual(layers, name, branch, skip), 'relu');
      }
    });
    return last;
  });
}
