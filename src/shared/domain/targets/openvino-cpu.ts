import type { Target } from './target.ts';

/**
 * OpenVINO 2026.4.1 on x86. Behind residual adds 11 % (4 bits) to 36 % (8 bits) of the elements of a block were off by one
 * or two steps; top-1 was the same on 200 of 200 inputs of an untrained network.
 */
export const openvinoCpu: Target = {
  id: 'openvino-cpu',
  name: 'OpenVINO 2026.4, CPU',
  format: 'onnx',
  mixedZeroPointsFrom: null,
  weightBits: { full: { support: 'native', how: 'int8' }, fewer: { support: 'emulated', how: 'container' } },
  activationBits: { full: { support: 'native', how: 'int8' }, fewer: { support: 'emulated', how: 'container' } },
  weights: {
    tensor: {
      symmetric: { support: 'native', how: 'symmetric' },
      asymmetric: { support: 'emulated', how: 'floatConvolution' },
    },
    channel: {
      symmetric: { support: 'native', how: 'symmetric' },
      asymmetric: { support: 'emulated', how: 'floatConvolution' },
    },
  },
  residualAdd: { support: 'native', how: 'addOffBySteps' },
  lastLinear: null,
  source: 'measured',
};
