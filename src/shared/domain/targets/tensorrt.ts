import type { Target } from './target.ts';

/**
 * TensorRT 10 and 11 on GPUs, after NVIDIA's documents: int8 with zero point 0 only ("Non-zero zero point is not supported");
 * uint8 and asymmetric quantizers are refused. The files of the workbench keep activations in uint8.
 */
export const tensorrt: Target = {
  id: 'tensorrt',
  name: 'TensorRT 10 and 11, GPU',
  format: 'onnx',
  mixedZeroPointsFrom: null,
  weightBits: { full: { support: 'native', how: 'int8' }, fewer: { support: 'emulated', how: 'container' } },
  activationBits: { full: { support: 'none', how: 'uint8Refused' }, fewer: { support: 'none', how: 'uint8Refused' } },
  weights: {
    tensor: {
      symmetric: { support: 'native', how: 'symmetric' },
      asymmetric: { support: 'none', how: 'zeroPointRefused' },
    },
    channel: {
      symmetric: { support: 'native', how: 'symmetric' },
      asymmetric: { support: 'none', how: 'zeroPointRefused' },
    },
  },
  residualAdd: null,
  lastLinear: null,
  source: 'documents',
};
