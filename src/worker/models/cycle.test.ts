/** Every network once through the whole pipeline, on images as small as it takes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Layer, LayerGraph } from '../../shared/domain/layer-graph.ts';
import { nearestUniform } from '../../shared/domain/layer-space.ts';
import { uniformConfiguration } from '../../shared/domain/configuration.ts';
import { FORMS, MAX_BITS, parseForm } from '../../shared/domain/form.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { parseRecipe } from '../../shared/schema/presets.ts';
import { imagesAsFloat } from '../data/batch.ts';
import type { ImageSet } from '../data/dataset.ts';
import { targetRows } from '../data/targets.ts';
import type { Executor } from '../engine/executor.ts';
import type { HostArray } from '../engine/graph.ts';
import { nativeNote, testExecutors } from '../engine/testing.ts';
import { verifyOnnx } from '../export/onnx/verify.ts';
import { writeOnnx } from '../export/onnx/write.ts';
import { calibrateActivation, calibrateWeights, emptyTables } from '../quant/calibrate.ts';
import { fixedFeeds } from '../quant/fold.ts';
import { TableLayout } from '../quant/table-layout.ts';
import { snapQuantizers } from '../quant/tables.ts';
import { evaluatorOf } from '../supernet/evaluator.ts';
import { readSupernet } from '../supernet/measuring.ts';
import { functionNames, TABLE_NAMES } from '../supernet/program-scope.ts';
import { buildProgram } from '../supernet/program.ts';
import { elasticStep, floatStep } from '../supernet/trainer.ts';
import { initialParameters, parameterSpecs } from './parameters.ts';
import { modelOf } from './project-model.ts';
import type { ModelOptions } from './registry.ts';

const BATCH = 8;
const RECALIBRATION = 16;
const CLASSES = 3;

/** Three classes of images that differ in brightness and colour. */
function imageSet(size: number, count: number, seed: number): ImageSet {
  const random = new RandomStream(seed, 'test/cycle');
  const pixels = size * size * 3;
  const labels = Int32Array.from({ length: count }, (_, i) => i % CLASSES);
  const images = Uint8Array.from(
    { length: count * pixels },
    (_, i) => (i % 3 === labels[Math.floor(i / pixels)] ? 120 : 0) + random.integer(120),
  );
  return { images, labels, count, height: size, width: size, channels: 3, classes: CLASSES };
}
function floats(set: ImageSet, start: number, count: number): Float32Array {
  const images = new Float32Array((count * set.images.length) / set.count);
  imagesAsFloat(set, start, count, images);
  return images;
}

/** The same network with an eighth of the channels: what is tested is how its layers work together. */
function slim(graph: LayerGraph): LayerGraph {
  const part = (count: number) => Math.ceil(count / 8);
  const last = graph.layers.at(-1);
  const layers = graph.layers.map((layer): Layer => {
    if (layer.kind === 'conv') return { ...layer, filters: part(layer.filters), groups: layer.groups === 1 ? 1 : part(layer.groups) };
    return layer.kind === 'linear' && layer !== last ? { ...layer, units: part(layer.units) } : layer;
  });
  return { ...graph, layers };
}

/** Tables from the float weights and one batch: first with wide activation ranges, then once more with those found. */
async function calibrated(executor: Executor, layout: TableLayout, images: Float32Array) {
  const options = { shrinkSteps: 2, norm: 2 };
  const tables = emptyTables(layout);
  const weights = (await executor.read(layout.facts.map(({ name }) => `${name}/weights`))) as Map<string, Float32Array>;
  layout.facts.forEach(({ name }, i) => calibrateWeights(layout, i, weights.get(`${name}/weights`)!, tables, options));
  const upstream = uniformConfiguration(layout.facts, MAX_BITS, FORMS[0], layout.points);
  for (const q of layout.points.keys()) calibrateActivation(layout, q, Float32Array.of(-6, 6), tables, options);
  for (let round = 0; round < 2; round++) {
    const feeds = fixedFeeds(layout, snapQuantizers(layout, tables, upstream));
    const seen = await executor.run(functionNames.probe, { ...feeds, images });
    for (const q of layout.points.keys()) calibrateActivation(layout, q, seen[`point-${q}`] as Float32Array, tables, options);
  }
  return tables;
}

const NETWORKS: readonly { model: ModelOptions; size: number; kind: 'session' | 'portable'; freezeBn?: boolean; floatResults: number }[] = [
  { model: { architecture: 'vgg-small' }, size: 8, kind: 'session', floatResults: 1 },
  { model: { architecture: 'resnet18' }, size: 32, kind: 'session', floatResults: 0 },
  { model: { architecture: 'mobilenetv2', stem: 'small' }, size: 16, kind: 'session', freezeBn: true, floatResults: 1 },
  { model: { architecture: 'efficientnet-b0', stem: 'small' }, size: 16, kind: 'session', floatResults: 33 },
  { model: { architecture: 'mobilenetv2', stem: 'small' }, size: 8, kind: 'portable', floatResults: 1 },
];
const executors = new Map(testExecutors().map((executor) => [executor.kind, executor]));

describe(`an eighth of the channels: float step, calibration, elastic step, measurement and proven export${nativeNote}`, () => {
  test.each(NETWORKS)(
    '$model.architecture on $size x $size images, $kind',
    async ({ model, size, kind, freezeBn, floatResults }) => {
      const recipe = parseRecipe(
        { name: 'cycle', model, supernet: { freezeBn }, space: { weightBits: [3, 8], activationBits: [3, 8] } },
        'test',
      );
      const layout = new TableLayout(slim(modelOf(recipe, [size, size, 3], CLASSES).graph));
      const sizes = { pretrainBatch: BATCH, trainBatch: BATCH, evaluationBatch: 6, recalibration: [RECALIBRATION], calibration: BATCH };
      const program = buildProgram(layout, sizes, { freezeBn });
      const { create } = executors.get(kind) ?? executors.get('portable')!;
      const executor = await create(program);
      const folder = mkdtempSync(join(tmpdir(), 'eqnet-cycle-'));
      try {
        const parameters = initialParameters(layout.graph, 1);
        const state = new Map<string, HostArray>(
          program.variables.map(({ name, shape }) => [name, parameters.get(name) ?? new Float32Array(shape.reduce((a, n) => a * n, 1))]),
        );
        await executor.write(state);
        const train = imageSet(size, RECALIBRATION, 1);
        const labels = Int32Array.from(train.labels.subarray(0, BATCH));
        const batch = { images: floats(train, 0, BATCH), labels, targets: targetRows({ labels }, CLASSES) };
        const losses = [];
        for (let step = 0; step < 3; step++) losses.push(await floatStep(executor, recipe, batch, step, 50));
        expect(losses[2]).toBeLessThan(losses[0]);

        const { logSteps, offsets } = await calibrated(executor, layout, batch.images);
        await executor.write(new Map([[TABLE_NAMES.steps, logSteps], [TABLE_NAMES.offsets, offsets]])); // prettier-ignore
        const before = await executor.read(parameterSpecs(layout.graph).map(({ name }) => name));
        const record = await elasticStep(executor, layout, recipe, batch, 0, 50);
        expect(record.passes.map(({ role }) => role)).toEqual(['highest', 'random', 'lowest']);
        expect([...record.passes.map(({ loss }) => loss), record.wdrLoss].every(Number.isFinite)).toBe(true);
        const names = parameterSpecs(layout.graph).map(({ name }) => name);
        const after = (await executor.read([...names, ...Object.values(TABLE_NAMES)])) as Map<string, Float32Array>;
        for (const { name, trainable } of parameterSpecs(layout.graph)) {
          const moves = trainable && !(freezeBn && /gamma|beta/.test(name));
          const values = after.get(name)!;
          expect(values.every(Number.isFinite), name).toBe(true);
          expect(values.some((value, i) => value !== before.get(name)![i]), name).toBe(moves); // prettier-ignore
        }

        const evaluator = evaluatorOf(executor, await readSupernet(executor, layout, train), sizes.evaluationBatch);
        const set = imageSet(size, 12, 2);
        const configuration = nearestUniform(recipe.space, layout.facts, layout.points, 8, parseForm('csa'));
        const { logits, view, accuracy } = await evaluator.measure(configuration, set, { recalibrationImages: RECALIBRATION });
        const file = join(folder, 'model.onnx');
        await writeOnnx(view, file, { producerVersion: '0' });
        const proof = await verifyOnnx(file, { count: set.count, shape: [size, size, 3], labels: set.labels, logits, images: (start, end) => floats(set, start, end - start) }); // prettier-ignore
        // Single against single precision: a value next to a rounding boundary may fall on either side, and then is one of 255
        // steps larger or smaller.
        expect(proof.comparison!.agreement).toBeGreaterThan(0.8);
        expect(proof.comparison!.maxGap).toBeLessThan(0.3 * proof.comparison!.maxLogit);
        expect(proof.accuracy).toBeCloseTo(accuracy, 0);
        expect(proof.convolutions).toBe(layout.facts.filter((fact) => fact.kind === 'conv').length);
        // All but those whose result another runtime reads in float.
        expect(proof.convolutions - proof.integerConvolutions).toBeLessThanOrEqual(floatResults);
      } finally {
        executor.dispose();
        rmSync(folder, { recursive: true, force: true });
      }
    },
    300_000,
  );
});
