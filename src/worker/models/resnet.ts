import type { Layer, LayerGraph } from '../../shared/domain/layer-graph.ts';
import { activate, convBlock, maxPool, network, residual, type InputShape, type Stem } from './blocks.ts';

/** Blocks in the four stages, and whether they are bottlenecks (1x1 - 3x3 - 1x1, four times as many channels at the end). */
const FORMS = {
  18: { blocks: [2, 2, 2, 2], bottleneck: false },
  34: { blocks: [3, 4, 6, 3], bottleneck: false },
  50: { blocks: [3, 4, 6, 3], bottleneck: true },
} as const;

const EXPANSION = 4;

function branch(layers: Layer[], name: string, input: string, width: number, stride: number, bottleneck: boolean): string {
  if (!bottleneck) {
    const first = convBlock(layers, `${name}.conv1`, input, { filters: width, stride });
    return convBlock(layers, `${name}.conv2`, first, { filters: width, activation: null });
  }
  const first = convBlock(layers, `${name}.conv1`, input, { filters: width, kernel: 1 });
  const second = convBlock(layers, `${name}.conv2`, first, { filters: width, stride });
  return convBlock(layers, `${name}.conv3`, second, { filters: width * EXPANSION, kernel: 1, activation: null });
}

/**
 * ResNet for ImageNet (He et al. 2016, table 1) as in torchvision: a bottleneck's stride is in its 3x3 convolution, and a
 * shortcut is a 1x1 convolution with BN where the shape changes.
 */
export function resnet(depth: keyof typeof FORMS, input: InputShape, classes: number, stem: Stem = 'imagenet'): LayerGraph {
  const { blocks, bottleneck } = FORMS[depth];
  return network(`resnet${depth}`, input, classes, (layers) => {
    let last = convBlock(layers, 'stem', 'input', stem === 'small' ? { filters: 64 } : { filters: 64, kernel: 7, stride: 2 });
    if (stem === 'imagenet') last = maxPool(layers, 'stem.pool', last, 3, 2, 1);
    let channels = 64;
    blocks.forEach((count, stage) => {
      const width = 64 << stage;
      const filters = bottleneck ? width * EXPANSION : width;
      for (let block = 0; block < count; block++) {
        const name = `stage${stage + 1}.block${block + 1}`;
        const stride = stage > 0 && block === 0 ? 2 : 1;
        const end = branch(layers, name, last, width, stride, bottleneck);
        const shortcut =
          stride === 1 && channels === filters
            ? last
            : convBlock(layers, `${name}.shortcut`, last, { filters, kernel: 1, stride, activation: null });
        last = activate(layers, name, residual(layers, name, end, shortcut), 'relu');
        channels = filters;
      }
    });
    return last;
  });
}
