import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { uniformConfiguration } from '../../shared/domain/configuration.ts';
import { FORMS, formKey, parseForm } from '../../shared/domain/form.ts';
import { FULL_SPACE } from '../../shared/domain/test-networks.ts';
import type { Executor } from '../engine/executor.ts';
import { nativeNote, testExecutors } from '../engine/testing.ts';
import { checkView } from '../export/check-view.ts';
import { referenceEvaluator } from '../export/reference.ts';
import { parameterSpecs } from '../models/parameters.ts';
import { argmax } from '../../shared/domain/top1.ts';
import { imagesAsFloat } from '../data/batch.ts';
import type { Parameters } from '../quant/fold.ts';
import { evaluatorOf, type Evaluator } from './evaluator.ts';
import { readSupernet } from './measuring.ts';
import { drawSubnet } from './subnets.ts';
import { TINY, TINY_SIZES, tinyExecutor, tinyImages, upTo } from './testing.ts';

const RECALIBRATION = TINY_SIZES.recalibration[0];
const CALIBRATION = tinyImages(20, 1);
const TEST = tinyImages(7, 2);
const float = (set: typeof TEST, i: number) => {
  const image = new Float32Array(64);
  imagesAsFloat(set, i, 1, image);
  return image;
};

const CASES = [
  ...FORMS.flatMap((form) => [2, 3, 4, 8].map((bits) => ({ name: `${formKey(form)} at ${bits} bits`, configuration: uniformConfiguration(TINY.facts, bits, form, TINY.points) }))),
  ...[0, 1, 2].map((step) => ({ name: `random subnet ${step}`, configuration: drawSubnet(TINY, FULL_SPACE, 'layer', 'random', 5, step, 1) })),
]; // prettier-ignore

describe.each(testExecutors())(`evaluation on the $kind executor${nativeNote}`, ({ create }) => {
  let executor: Executor;
  let evaluator: Evaluator;
  let parameters: Parameters;
  beforeAll(async () => {
    ({ executor } = await tinyExecutor(create));
    const supernet = await readSupernet(executor, TINY, CALIBRATION);
    ({ parameters } = supernet);
    evaluator = evaluatorOf(executor, supernet, TINY_SIZES.evaluationBatch);
  });
  afterAll(() => executor?.dispose());

  test('logits are those of the integer view in float64, in all forms and at all bit-widths', async () => {
    const gaps: number[] = [];
    for (const { name, configuration } of CASES) {
      const { logits, images, view } = await evaluator.measure(configuration, TEST, { recalibrationImages: RECALIBRATION });
      expect(() => checkView(view), name).not.toThrow();
      expect([images, logits.length]).toEqual([7, 21]);
      const reference = referenceEvaluator(view);
      for (let i = 0; i < images; i++)
        gaps.push(Math.max(...reference(float(TEST, i)).map((logit, c) => Math.abs(logit - logits[3 * i + c]))));
    }
    expect(gaps).toHaveLength(7 * CASES.length);
    // Tolerance 1e-4. One image in twenty may be further off, but not far: a value next to a rounding boundary may fall on
    // either side, and then is one step larger or smaller.
    expect(gaps.filter((gap) => gap > 1e-4).length / gaps.length).toBeLessThan(0.05);
    expect(Math.max(...gaps)).toBeLessThan(0.1);
  });

  test.each(['tss', 'taa', 'csa', 'caa'] as const)(
    'form %s: the re-calibrated statistics are those of the folded net on the same images',
    async (form) => {
      for (const bits of [2, 4, 8]) {
        const configuration = uniformConfiguration(TINY.facts, bits, parseForm(form), TINY.points);
        const view = await evaluator.view(configuration, RECALIBRATION);
        for (const layer of view.graph.layers) {
          if (layer.kind !== 'batchnorm') continue;
          const reference = referenceEvaluator(upTo(view, layer.name));
          const outputs = Array.from({ length: RECALIBRATION }, (_, i) => reference(float(CALIBRATION, i)));
          const [gamma, beta] = ['gamma', 'beta'].map((part) => parameters.get(`${layer.name}/${part}`)!);
          for (let c = 0; c < gamma.length; c++) {
            const channel = outputs.flatMap((output) => [...output].filter((_, i) => i % gamma.length === c));
            const mean = channel.reduce((a, v) => a + v, 0) / channel.length;
            const deviation = Math.sqrt(channel.reduce((a, v) => a + (v - mean) ** 2, 0) / (channel.length - 1));
            const { multiplier, weightStep, weightBits, input } = view.layers.find(({ name }) => name === layer.inputs[0])!;
            const inputStep = view.activations.find(({ tensor }) => tensor === input)!.step;
            const halfUnit = (inputStep * weightStep[c] * Math.abs(multiplier[c])) / 2 ** Math.max(0, 7 - weightBits) / 2;
            // Tolerance: the bias is rounded to its unit, and 5e-3 of gamma, which is one value in a hundred next to a
            // rounding boundary that falls on the other side in double precision.
            expect(Math.abs(mean - beta[c]), `${bits} bits, mean of ${layer.name}`).toBeLessThan(halfUnit + 5e-3 * Math.abs(gamma[c]));
            expect(Math.abs(deviation / Math.abs(gamma[c]) - 1), `${bits} bits, deviation of ${layer.name}`).toBeLessThan(5e-3);
          }
        }
      }
    },
  );

  test('measuring again, in other batches or a part gives the same logits', async () => {
    const configuration = uniformConfiguration(TINY.facts, 3, parseForm('caa'), TINY.points);
    const options = { recalibrationImages: RECALIBRATION };
    const whole = await evaluator.measure(configuration, TEST, options);
    expect((await evaluator.measure(configuration, TEST, options)).logits).toEqual(whole.logits);
    for (const [start, images] of [[0, 3], [2, 5], [6, 1]] as const) {
      const part = await evaluator.measure(configuration, TEST, { ...options, start, images });
      expect(part.images).toBe(images);
      // Tolerance: convolutions of a batch may add in another order for the images at its end.
      part.logits.forEach((logit, i) => expect(Math.abs(logit - whole.logits[3 * start + i])).toBeLessThan(1e-5));
      const right = Array.from({ length: images }, (_, i) => argmax(part.logits, 3 * i, 3)).filter((label, i) => label === TEST.labels[start + i]).length;
      expect(part.accuracy).toBe(right / images);
    } // prettier-ignore
    expect((await evaluator.measure(configuration, TEST, { ...options, images: 100 })).images).toBe(7);
  });

  test('changes nothing and leaves no tensor behind; a stop request between the batches gets through', async () => {
    const configuration = uniformConfiguration(TINY.facts, 4, parseForm('csa'), TINY.points);
    const names = parameterSpecs(TINY.graph).map(({ name }) => name);
    const before = await executor.read(names);
    await evaluator.measure(configuration, TEST, { recalibrationImages: RECALIBRATION });
    const { tensors } = executor.memory();
    let calls = 0;
    const onBatch = async () => {
      if (++calls === 2) throw new Error('stopped');
    };
    await expect(evaluator.measure(configuration, TEST, { recalibrationImages: RECALIBRATION, onBatch })).rejects.toThrow('stopped');
    expect(executor.memory().tensors).toBe(tensors);
    expect(await executor.read(names)).toEqual(before);
  });
});
