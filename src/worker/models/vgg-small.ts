import type { Layer, LayerGraph } from '../../shared/domain/layer-graph.ts';
import { convBlock, maxPool, type InputShape } from './blocks.ts';

/**
 * VGG-small of the quantization literature (as in LQ-Nets, Zhang et al. 2018): two 3x3 convolutions each with 128, 256 and
 * 512 filters, a 2x2 max pool behind each pair, and one linear layer on all that is left of the image.
 */
export function vggSmall(input: InputShape, classes: number): LayerGraph {
  const layers: Layer[] = [{ kind: 'input', name: 'input', inputs: [], shape: input }];
  let last = 'input';
  [128, 256, 512].forEach((filters, stage) => {
    for (const conv of [1, 2]) last = convBlock(layers, `stage${stage + 1}.conv${conv}`, last, { filters });
    last = maxPool(layers, `stage${stage + 1}.pool`, last, 2, 2);
  });
  layers.push({ kind: 'flatten', name: 'flat', inputs: [last] });
  layers.push({ kind: 'linear', name: 'fc', inputs: ['flat'], units: classes, bias: true });
  return { name: 'vgg-small', classes, layers };
}
