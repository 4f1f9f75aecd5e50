import { describe, expect, test } from 'vitest';
import { parseRecipe } from '../../../shared/schema/presets.ts';
import { programToRun } from '../../engine/program-to-run.ts';
import { elementCount, reachable } from '../../engine/graph.ts';
import { nativeNote, testExecutors } from '../../engine/testing.ts';
import { encodePass } from '../../quant/encode-pass.ts';
import { TableLayout } from '../../quant/table-layout.ts';
import { trainingProgram } from '../../supernet/program.ts';
import { drawSubnet } from '../../supernet/subnets.ts';
import { modelOf } from '../../models/project-model.ts';
import { Reporter } from '../reporter.ts';
import { firstState, noiseBatch } from './first-state.ts';
import { kindOf } from './kinds.ts';
import { profile } from './profile.ts';

const recipeOf = (architecture: 'small-cnn' | 'mobilenetv2' | 'efficientnet-b0', batch: number) =>
  parseRecipe({ name: 'x', model: { architecture }, supernet: { batch } }, 'x');
const layoutOf = (...wanted: Parameters<typeof recipeOf>) => new TableLayout(modelOf(recipeOf(...wanted), [32, 32, 3], 10).graph);
const engines = testExecutors();

describe('where a node belongs', () => {
  test.each(['small-cnn', 'mobilenetv2', 'efficientnet-b0'] as const)('all of %s that is heavy', (architecture) => {
    const layout = layoutOf(architecture, 8);
    const { outputs, effects } = trainingProgram(layout, 8).functions.get('pass')!;
    const nodes = reachable([...[...outputs.values()].map((value) => value.node), ...effects]);
    const heavy = nodes.filter(
      ({ op, inputs, outputs: made }) =>
        !['Placeholder', 'Const', 'ReadVariable', 'AssignAddVariable'].includes(op) &&
        [...inputs, ...made].some(({ shape }) => shape.length === 4 && elementCount(shape) > 0),
    );
    expect(heavy.length).toBeGreaterThan(50);
    expect(heavy.filter(({ origin }) => origin.layer === null)).toEqual([]);
    for (const { name } of layout.facts) {
      const own = nodes.filter(({ origin, op }) => origin.layer === name && /Conv2D|MatMul/.test(op));
      const kinds = own.map((node) => kindOf(node));
      expect(new Set(kinds).size).toBe(1);
      expect(own.filter(({ origin }) => !origin.backward).length).toBeGreaterThanOrEqual(1);
      expect(own.filter(({ origin }) => origin.backward).length).toBeGreaterThanOrEqual(1);
      expect(nodes.some(({ origin }) => origin.layer === name && origin.purpose === 'weight-quantization' && origin.backward)).toBe(true);
    }
  });
});

const session = engines.find(({ kind }) => kind === 'session');
const eager = engines.find(({ kind }) => kind === 'eager');

describe(`the program op by op, as the session runs it${nativeNote}`, () => {
  test.skipIf(!session)('gives the same losses', async () => {
    const layout = layoutOf('small-cnn', 4);
    const program = trainingProgram(layout, 4);
    const { space, supernet, seed } = recipeOf('small-cnn', 4);
    const batch = noiseBatch(4, [32, 32, 3], 10, 1);
    const subnet = drawSubnet(layout, space, supernet.forms, 'lowest', seed, 0, 0);
    const feeds = {
      images: batch.images,
      labels: batch.targets,
      teacher: new Float32Array(40),
      lambda: Float32Array.of(0.5),
      ...encodePass(layout, subnet, 4),
    };
    const losses = await Promise.all(
      [
        { create: session!.create, program },
        { create: eager!.create, program: programToRun(program, true) },
      ].map(async (each) => {
        const executor = await each.create(each.program);
        await executor.write(firstState(program, layout, 1));
        const { loss, divergence } = await executor.run('pass', feeds);
        executor.dispose();
        return [loss[0], divergence[0]];
      }),
    );
    expect(Number.isFinite(losses[0][0])).toBe(true);
    // sums of the loss are taken in another order
    losses[1].forEach((value, i) => expect(value).toBeCloseTo(losses[0][i], 4));
  });
});

describe.each(engines.filter(({ kind }) => kind !== 'eager'))(`a profile on the $kind executor${nativeNote}`, ({ kind, create }) => {
  const tensors = async () => {
    const executor = await create(trainingProgram(layoutOf('small-cnn', 1), 1));
    const { tensors: count } = executor.memory();
    executor.dispose();
    return count;
  };

  test('adds up, tells every layer, and leaves no tensor', async () => {
    const recipe = recipeOf('small-cnn', 4);
    const told: number[] = [];
    const before = await tensors();
    const found = await profile(
      {
        recipe,
        repeat: 1,
        engine: { executor: kind, addonPath: process.env.EQNET_ADDON || undefined, opsPath: process.env.EQNET_OPS || undefined },
      },
      new Reporter((message) => message.type === 'progress' && told.push(message.progress.done / message.progress.total)),
      async () => undefined,
    );
    expect(await tensors()).toBe(before);
    expect(told.at(-1)).toBe(1);

    const { step, float, ops, kinds, layers, memory, quantizationShare } = found;
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    expect(step.passes.map(({ role }) => role)).toEqual(['highest', 'random', 'lowest']);
    expect(step.milliseconds).toBeCloseTo(step.update + sum(step.passes.map(({ milliseconds }) => milliseconds)), 6);
    expect(float.ratio).toBeCloseTo(step.milliseconds / (3 * float.milliseconds), 6);
    expect(ops.stepLess).toBeCloseTo(ops.milliseconds - step.milliseconds, 6);
    expect(sum(kinds.map(({ milliseconds }) => milliseconds))).toBeCloseTo(ops.milliseconds, 6);
    expect(sum(kinds.map(({ share }) => share))).toBeCloseTo(1, 6);
    expect(sum(kinds.map(({ ops: count }) => count))).toBe(ops.count);
    const part = (names: string[]) => sum(kinds.filter((each) => names.includes(each.kind)).map(({ share }) => share));
    expect(quantizationShare).toBeCloseTo(part(['activation-quantization', 'weight-quantization']), 6);
    expect(quantizationShare).toBeGreaterThan(0);
    // what is no layer's is the loss, the update and the dispatch
    expect(sum(layers.map(({ share }) => share)) + part(['loss', 'update', 'dispatch'])).toBeCloseTo(1, 6);
    for (const layer of layers) {
      expect(layer.forward + layer.backward).toBeCloseTo(layer.milliseconds, 6);
      expect(layer.quantization).toBeLessThanOrEqual(layer.milliseconds + 1e-6);
    }
    for (const { name } of layoutOf('small-cnn', 1).facts) expect(layers.find((layer) => layer.name === name)).toBeDefined();
    expect(memory.peak).toBeGreaterThanOrEqual(memory.before);
    expect(memory.estimated).toBeGreaterThan(0);
  });

  test.each([['a batch that no memory holds', { batch: 2 ** 24 }, /^'supernet\.batch' is 16,777,216, which needs about .* GB of memory/]])(
    '%s is refused',
    async (_, { batch }, sentence) => {
      const recipe = recipeOf('mobilenetv2', batch);
      await expect(
        profile(
          { recipe, repeat: 1, engine: { executor: kind, addonPath: process.env.EQNET_ADDON || undefined } },
          new Reporter(() => undefined),
          async () => undefined,
        ),
      ).rejects.toThrow(sentence);
    },
  );
});
