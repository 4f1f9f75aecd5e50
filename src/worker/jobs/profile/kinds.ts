import type { ProfileKind } from '../../../shared/contract/profile.ts';
import type { Node, OpName } from '../../engine/graph.ts';

const KIND_OF_OP: Partial<Record<OpName, ProfileKind>> = {
  Conv2D: 'convolution',
  QuantConv2D: 'convolution',
  Conv2DBackpropInput: 'convolution',
  Conv2DBackpropFilter: 'convolution',
  DepthwiseConv2D: 'depthwise',
  DepthwiseConv2DBackpropInput: 'depthwise',
  DepthwiseConv2DBackpropFilter: 'depthwise',
  MatMul: 'matmul',
  BatchNormTrain: 'normalization',
  BatchNormGrad: 'normalization',
  BatchNormInference: 'normalization',
  ClippedBatchNormInference: 'normalization',
  FusedBatchNorm: 'normalization',
  FusedBatchNormGrad: 'normalization',
  MaxPool: 'pooling',
  MaxPoolGrad: 'pooling',
  AvgPool: 'pooling',
  AvgPoolGrad: 'pooling',
  Mean: 'pooling',
};

/** What kind of work a node is; the fake quantization within a fused batch normalization is told apart elsewhere. */
export function kindOf({ op, origin }: Node): ProfileKind {
  switch (origin.purpose) {
    case 'network':
      return KIND_OF_OP[op] ?? 'elementwise';
    case 'bookkeeping':
      return 'update';
    default:
      return origin.purpose;
  }
}
