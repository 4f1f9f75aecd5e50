import { expect, test } from 'vitest';
import { TARGETS } from './index.ts';
import { rulesFor } from './target.ts';

const target = (id: string) => TARGETS.find((each) => each.id === id)!;
const SYMMETRIC = { granularity: 'channel', weightSymmetry: 'symmetric' } as const;
const MIXED = { granularity: 'channel', weightSymmetry: 'asymmetric' } as const;

test.each([
  ['onnxruntime-cpu', 8, 8, [SYMMETRIC], ['symmetric']],
  ['onnxruntime-cpu', 2, 8, [SYMMETRIC, SYMMETRIC, MIXED], ['container', 'symmetric', 'mixedZeroPoints']],
  ['onnxruntime-cpu', 8, 4, [], ['container']],
  ['openvino-cpu', 4, 4, [MIXED, { ...MIXED, granularity: 'tensor' }], ['container', 'floatConvolution']],
  ['tensorrt', 4, 4, [SYMMETRIC], ['uint8Refused', 'container', 'symmetric']],
] as const)('%s takes %d-bit weights and %d-bit activations', (id, weightBits, activationBits, forms, hows) => {
  expect(rulesFor(target(id), { weightBits, activationBits, forms }).map(({ how }) => how)).toEqual(hows);
});
