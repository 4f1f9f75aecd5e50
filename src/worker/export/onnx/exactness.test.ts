import { Buffer } from 'node:buffer';
import { toBinary } from '@bufbuild/protobuf';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { FORM_KEYS, parseForm } from '../../../shared/domain/form.ts';
import { inferShapes } from '../../../shared/domain/layer-graph.ts';
import { integerBias } from '../../quant/integer-view.ts';
import type { IntegerView } from '../../quant/integer-view.ts';
import { DEPTHWISE, KINDS, randomImages, randomView, RESIDUAL, SINGLE_CONV } from '../random-views.ts';
import { referenceEvaluator } from '../reference.ts';
import { buildModel } from './model.ts';
import { ModelProtoSchema } from '../../formats/onnx/onnx_pb.ts';

const PRODUCER = { name: 'test', version: '0' };
/** Largest |ONNX Runtime - float64 reference|, relative to the range of the reference's logits. */
const TOLERANCE = 1e-5;

function transpose(images: Float32Array, count: number, [height, width, channels]: readonly number[]): Float32Array {
  const plane = height * width;
  return images
    .map((_, index) => {
      const [image, within] = [Math.floor(index / (plane * channels)), index % (plane * channels)];
      return images[image * plane * channels + (within % plane) * channels + Math.floor(within / plane)];
    })
    .subarray(0, count * plane * channels);
}

/** Relative gap between ONNX Runtime and the reference on a few random images. */
async function gap(view: IntegerView, count = 3): Promise<number> {
  const shape = inferShapes(view.graph).get(view.graph.layers[0].name)!;
  const images = randomImages(view.graph, count);
  const pixels = images.length / count;
  const evaluate = referenceEvaluator(view);
  const expected = Array.from({ length: count }, (_, i) => [...evaluate(images.subarray(i * pixels, (i + 1) * pixels))]).flat();
  const session = await InferenceSession.create(Buffer.from(toBinary(ModelProtoSchema, buildModel(view, PRODUCER).model)), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const [height, width, channels] = shape;
  const input = new Tensor('float32', transpose(images, count, shape), [count, channels, height, width]);
  const logits = (await session.run({ input })).logits;
  await session.release();
  expect(logits.dims).toEqual([count, view.graph.classes]);
  const actual = logits.data as Float32Array;
  const range = Math.max(...expected) - Math.min(...expected);
  expect(range).toBeGreaterThan(0.1);
  return Math.max(...expected.map((value, index) => Math.abs(value - actual[index]))) / range;
}

describe.each(FORM_KEYS)('one convolution and one linear layer, form %s', (key) => {
  it.each([2, 3, 4, 5, 6, 7, 8])('%i bits', async (bits) => {
    expect(await gap(randomView(SINGLE_CONV, { form: parseForm(key), weightBits: bits, activationBits: bits, seed: bits }))).toBeLessThan(
      TOLERANCE,
    );
  });
});

describe('other layer forms', () => {
  const form = parseForm('css');
  it.each<[string, IntegerView]>([
    ['positive multipliers only', randomView(SINGLE_CONV, { form, negative: false })],
    ['signed quantizers of non-negative tensors', randomView(SINGLE_CONV, { form, signed: true, activationBits: 5 })],
    ['signed, asymmetric, 8 bits', randomView(SINGLE_CONV, { form: parseForm('caa'), signed: true })],
    ['depthwise and grouped, per-channel symmetric', randomView(DEPTHWISE, { form, weightBits: 4, activationBits: 4 })],
    ['depthwise and grouped, per-tensor asymmetric', randomView(DEPTHWISE, { form: parseForm('taa'), weightBits: 5, activationBits: 6 })],
    ['residual, 2 bits', randomView(RESIDUAL, { form, weightBits: 2, activationBits: 2 })],
    ['residual, 4 bits', randomView(RESIDUAL, { form: parseForm('csa'), weightBits: 4, activationBits: 4 })],
    ['residual, per-channel asymmetric, 3 bits', randomView(RESIDUAL, { form: parseForm('caa'), weightBits: 3, activationBits: 3 })],
    ['all other kinds of layers, per-channel symmetric, 8 bits', randomView(KINDS, { form })],
    [
      'all other kinds of layers, per-tensor asymmetric, 4 bits',
      randomView(KINDS, { form: parseForm('taa'), weightBits: 4, activationBits: 4 }),
    ],
    ['residual, per-tensor, 8 bits', randomView(RESIDUAL, { form: parseForm('tss') })],
  ])('%s', async (_, view) => {
    expect(await gap(view)).toBeLessThan(TOLERANCE);
  });

  it('an 8-bit code of -128 in a negated channel', async () => {
    const view = randomView(SINGLE_CONV, { form });
    view.layers[0].codes.fill(-128, 0, 6);
    expect(buildModel(view, PRODUCER).description.layers[0].container).toBe('uint8');
    expect(await gap(view)).toBeLessThan(TOLERANCE);
  });

  it('dead channels: a multiplier of 0, and a bias too large for its accumulator', async () => {
    const view = randomView(SINGLE_CONV, { form, weightBits: 4, activationBits: 4 });
    const [layer] = view.layers;
    layer.multiplier[0] = 0;
    layer.bias[0] = 0.8;
    layer.multiplier[1] = 1e-12;
    layer.multiplier[2] = 0;
    layer.bias[2] = 0;
    layer.biasInt = integerBias(layer, view.activations[0].step);
    expect(buildModel(view, PRODUCER).description.layers[0].deadChannels).toEqual([0, 1, 2]);
    expect(await gap(view)).toBeLessThan(TOLERANCE);
  });
});
