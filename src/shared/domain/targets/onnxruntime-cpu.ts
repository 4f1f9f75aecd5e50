import type { Target } from './target.ts';

/**
 * ONNX Runtime 1.30 on x86 with AVX-512 VNNI, one thread. Six 3x3 convolutions of 64 channels took 1.24 ms with symmetric
 * and 3.09 ms with asymmetric per-tensor weights (float 4.13 ms); an integer Clip behind Q costs nothing measurable.
 */
export const onnxruntimeCpu: Target = {
  id: 'onnxruntime-cpu',
  name: 'ONNX Runtime 1.30, CPU',
  format: 'onnx',
  mixedZeroPointsFrom: '1.27',
  weightBits: { full: { support: 'native', how: 'int8' }, fewer: { support: 'emulated', how: 'container' } },
  activationBits: { full: { support: 'native', how: 'int8' }, fewer: { support: 'emulated', how: 'container' } },
  weights: {
    tensor: {
      symmetric: { support: 'native', how: 'symmetric' },
      asymmetric: { support: 'native', how: 'slower' },
    },
    channel: {
      symmetric: { support: 'native', how: 'symmetric' },
      asymmetric: { support: 'native', how: 'mixedZeroPoints' },
    },
  },
  residualAdd: { support: 'native', how: 'integerAdd' },
  lastLinear: { support: 'emulated', how: 'floatGemm' },
  source: 'measured',
};
