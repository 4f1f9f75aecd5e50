import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Phase, PhaseResults, WorkerMessage } from '../../../shared/contract/job-protocol.ts';
import { parseRecipe } from '../../../shared/schema/presets.ts';
import type { Recipe } from '../../../shared/schema/recipe.ts';
import { readModel, readModelWeights } from '../../models/project-model.ts';
import { readCheckpointState } from '../look/checkpoint-state.ts';
import { WorkerSession } from '../worker-session.ts';
import { onnxFile, type GraphFixture } from './testing.ts';

const root = mkdtempSync(join(tmpdir(), 'eqnet-imported-'));
const models = join(root, 'models');
afterAll(() => rmSync(root, { recursive: true, force: true }));

const recipeOf = (model: Partial<Recipe['model']>, name: string): Recipe =>
  parseRecipe(
    {
      name,
      model,
      data: { trainImages: 32, validationImages: 20, testImages: 20 },
      pretrain: { epochs: 0 },
      calibration: { images: 16, shrinkSteps: 5, samples: 256 },
      supernet: { epochs: 1, batch: 16, evaluateImages: 20 },
      evaluation: { recalibrationImages: 16, batch: 20, gridBits: [2, 8], gridForms: ['tss', 'caa'] },
      predictor: { trainSamples: 2, heldOutSamples: 2, sampleImages: 20, recalibrationImages: 16, noiseSamples: 0 },
      search: { targets: [3], samplerDraws: 1000 },
    },
    'test',
  );

/** A worker that throws what fails. */
function worker() {
  const messages: WorkerMessage[] = [];
  const session = new WorkerSession((message) => messages.push(message));
  const ask = async (message: Parameters<WorkerSession['receive']>[0]): Promise<WorkerMessage> => {
    await session.receive(message);
    const last = messages.findLast(({ type }) => type !== 'vitals' && type !== 'progress')!;
    if (last.type === 'failed') throw new Error(last.error.message);
    return last;
  };
  const open = (recipe: Recipe) => {
    const runDirectory = join(root, 'runs', recipe.name);
    mkdirSync(runDirectory, { recursive: true });
    return ask({
      type: 'open',
      options: { recipe, runDirectory, models, fingerprint: 'f', engine: { executor: 'portable' } },
    });
  };
  const phase = async <P extends Phase>(name: P) =>
    ((await ask({ type: 'phase', phase: name, input: { done: [] } } as never)) as unknown as { result: PhaseResults[P] }).result;
  const bring = (name: string, write: (g: GraphFixture) => string) =>
    ask({
      type: 'import-model',
      request: {
        file: onnxFile(write, { input: ['batch', 1, 28, 28] }),
        folder: models,
        name,
        normalization: { mean: [0.13], std: [0.31] },
      },
    });
  return { open, phase, bring };
}

/** Small enough for a few steps: two convolutions with stride (the second one pre-activated with `bn`), a linear layer to `classes`. */
const network = (bn: boolean, classes: number) => (g: GraphFixture) => {
  const norm = (x: string) => (bn ? g.batchNorm(x, 4) : x);
  const first = g.add('Relu', [norm(g.conv('x', [4, 1, 3], { pads: [1, 1, 1, 1], strides: [4, 4] }))]);
  const active = bn ? g.add('Relu', [norm(first)]) : first;
  const second = g.add('Relu', [norm(g.conv(active, [4, 4, 3], { strides: [2, 2] }))]);
  const pooled = g.add('Flatten', [g.add('GlobalAveragePool', [second])]);
  return g.add('Gemm', [pooled, g.floats([classes, 4]), g.floats([classes])], { transB: 1 });
};

describe('a run from an imported network', () => {
  test.each([
    ['with batch normalization', true],
    ['without: nothing to re-calibrate, biases instead', false],
  ])('%s, every later phase follows', async (_, bn) => {
    const name = bn ? 'with-bn' : 'without-bn';
    const { open, phase, bring } = worker();
    await bring(name, network(bn, 10));
    await open(recipeOf({ architecture: 'file', file: name }, name));
    expect(await phase('pretrain')).toMatchObject({ steps: 0 });
    // 0 epochs take the weights as they are
    const { network: graph, weights } = readModel(models, name);
    const given = readModelWeights(join(models, `${name}.safetensors`), weights!, graph);
    const state = readCheckpointState(join(root, 'runs', name), 'pretrain')!;
    for (const [tensor, values] of given) expect(state.tensors.get(tensor), tensor).toEqual(values);
    await phase('calibrate');
    const { stepDrift } = await phase('supernet');
    expect(stepDrift.length).toBeGreaterThan(0);
    const { cells } = await phase('grid');
    expect(cells.map(({ accuracy }) => accuracy).every((accuracy) => accuracy >= 0 && accuracy <= 1)).toBe(true);
  });

  test('with other classes it is refused, and goes on with a new last layer', async () => {
    const { open, phase, bring } = worker();
    await bring('seven', network(true, 7));
    const model = { architecture: 'file', file: 'seven' } as const;
    await expect(open(recipeOf(model, 'refused'))).rejects.toThrow(
      /Model 'seven' tells 7 classes apart, and the data set has 10: set model\.classifier = new/,
    );
    await open(recipeOf({ ...model, classifier: 'new' }, 'renewed'));
    await phase('pretrain');
    const { tensors } = readCheckpointState(join(root, 'runs', 'renewed'), 'pretrain')!;
    const { weights, network: graph } = readModel(models, 'seven');
    const given = readModelWeights(join(models, 'seven.safetensors'), weights!, graph);
    const [first] = given.keys();
    expect(tensors.get(first)).toEqual(given.get(first));
    expect(tensors.get(`${graph.layers.at(-1)!.name}/weights`)).toHaveLength(40);
  });

  test('images of another size and a model that is not there are refused', async () => {
    const { open } = worker();
    const colour = { ...recipeOf({ architecture: 'file', file: 'with-bn' }, 'colour') };
    colour.data = { ...colour.data, dataset: 'cluttered-mnist' };
    await expect(open(colour)).rejects.toThrow(
      /Model 'with-bn' reads images of 28x28x1 \(height x width x channels\), and the data set has 32x32x3/,
    );
    await expect(open(recipeOf({ architecture: 'file', file: 'nothing' }, 'missing'))).rejects.toThrow(
      /There is no model 'nothing' in this project/,
    );
  });

  test('a layer list of the recipe', async () => {
    const { open, phase } = worker();
    const layers = [
      { kind: 'conv', filters: 4, stride: 4, norm: true, activation: 'relu6' },
      { kind: 'conv', filters: 4, groups: 'depthwise', activation: 'swish' },
      { kind: 'maxpool', kernel: 2 },
      { kind: 'flatten' },
      { kind: 'linear' },
    ] as never;
    await open(recipeOf({ architecture: 'layers', layers }, 'listed'));
    await phase('pretrain');
    await phase('calibrate');
    expect((await phase('supernet')).layers).toHaveLength(3);
  });
});
