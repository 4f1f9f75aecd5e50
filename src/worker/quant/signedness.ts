import { layerByName, type LayerGraph } from '../../shared/domain/layer-graph.ts';

/**
 * Whether a tensor can be negative. Unsigned tensors get codes 0 .. 2^b-1 in both symmetries, signed ones
 * -2^(b-1) .. 2^(b-1)-1 (eqnet-spec 1.1). Decided by the graph, so it cannot change with the calibration batch:
 * images lie in [0, 1] before they are normalized, a ReLU or sigmoid gives no negative value, sums, products, means and maxima of non-negative values
 * are not negative. Swish goes down to -0.28.
 */
export function isSigned(graph: LayerGraph, tensor: string): boolean {
  const layer = layerByName(graph, tensor);
  switch (layer.kind) {
    case 'input':
    case 'relu':
    case 'sigmoid':
      return false;
    case 'normalize': {
      const [input] = layer.inputs;
      // the image is all that has an upper bound here
      const most = layerByName(graph, input).kind === 'input' ? 1 : Infinity;
      return isSigned(graph, input) || layer.mean.some((mean, c) => (layer.std[c] > 0 ? mean > 0 : mean < most));
    }
    case 'globalpool':
    case 'maxpool':
    case 'avgpool':
    case 'flatten':
    case 'add':
    case 'multiply':
    case 'concat':
      return layer.inputs.some((input) => isSigned(graph, input));
    case 'conv':
    case 'linear':
    case 'batchnorm':
    case 'swish':
      return true;
  }
}
