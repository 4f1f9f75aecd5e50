import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/shared/contract/errors.ts';
import type { Configuration } from '../../src/shared/schema/configuration.ts';
import { SHAPES, type ShapeOf } from './shapes.ts';
import { anyEngine, Eqnet, eqnet, eqnetJson, failure, recipeFile, RUN_TIMEOUT, sharedFolder, temporaryFolder } from './testkit.ts';
import { writeImages } from './idx-files.ts';

const { executor } = anyEngine;
const home = sharedFolder();
const finished = join(home, 'finished.eqnet');
const config = join(home, 'four.json');
const run = (recipe: string, project: string, ...more: string[]) => ['run', recipe, '--project', project, '--engine', executor, ...more];
let digest: string | null = null;

/** A copy of the finished project that a test may damage. */
function copy(): string {
  const project = join(temporaryFolder(), 'a.eqnet');
  cpSync(finished, project, { recursive: true });
  return project;
}

const checkpoint = (project: string, name: string) => join(project, 'runs', 'tiny-1', 'checkpoints', `${name}.safetensors`);

async function show(project: string): Promise<ShapeOf<'show'>['runs']> {
  return SHAPES.show.parse(await eqnetJson(['show', project])).runs;
}

beforeAll(async () => {
  ({ digest } = SHAPES.run.parse(await eqnetJson(run('tiny', finished))).run);
  await eqnetJson(['config', finished, '--uniform', '4', '--out', config]);
}, RUN_TIMEOUT);

describe('recipes', () => {
  test.each<[string, object | string, RegExp]>([
    ['an unknown field', { supernet: { epoch: 3 } }, /unknown field 'supernet\.epoch'\. Run 'eqnet recipes --fields'/],
    ['bits outside 2..8', { space: { weightBits: [1, 4] } }, /'space\.weightBits\.0' is 1: /],
    ['an empty space', { space: { weightBits: [] } }, /'space\.weightBits' is \[\]/],
    ['a space of one configuration', { space: { weightBits: [8], activationBits: [8] } }, /leaves nothing to choose: name a second/],
    ['a form outside of its space', { space: { granularities: ['channel'] } }, /'evaluation\.gridForms' names tss, which is not a form/],
    ['a target that cannot be reached', { search: { targets: [9] } }, /'search\.targets\.0' is 9/],
    ['no JSON', '{"name": ', /is not valid JSON/],
    ['no object', '[]', /is not a recipe/],
  ])('%s', async (_name, over, message) => {
    const folder = temporaryFolder();
    const recipe = typeof over === 'string' ? join(folder, 'recipe.json') : recipeFile(folder, over as Record<string, unknown>);
    if (typeof over === 'string') writeFileSync(recipe, over);
    const project = join(folder, 'a.eqnet');
    expect(failure(await eqnet([...run(recipe, project), '--json']), 'recipe-invalid')).toMatch(message);
    expect(existsSync(project)).toBe(false);
  });
});

describe('images', () => {
  const files = { train: 900, test: 200 };
  test.each<[string, object, (root: string) => void, RegExp]>([
    [
      'fewer than a batch',
      { data: { trainImages: 10 } },
      () => undefined,
      /^'pretrain\.batch' is 16, but the training split has only 10 images/,
    ],
    [
      'fewer test images than are to be measured',
      { search: { measureImages: 300 } },
      () => undefined,
      /^'search\.measureImages' is 300, but the test split has only 200 images: lower it/,
    ],
    [
      'fewer validation images than are to be watched',
      { supernet: { evaluateImages: 300 } },
      () => undefined,
      /^'supernet\.evaluateImages' is 300, but the validation split has only 200 images: lower it/,
    ],
    ['fewer than asked for', { data: { trainImages: 800 } }, () => undefined, /^data\.trainImages is 800, but 700 images are left of 900/],
    [
      'a truncated file',
      {},
      (root) => truncateSync(join(root, 'train-images-idx3-ubyte'), 5000),
      /train-images-idx3-ubyte is truncated: its header states 900 x 28 x 28 = 705600 bytes, but 4984 follow/,
    ],
    [
      'a damaged file',
      {},
      (root) => writeFileSync(join(root, 't10k-labels-idx1-ubyte'), 'not found'),
      /t10k-labels-idx1-ubyte is not an IDX file of labels: it begins with 0x6e6f7420/,
    ],
    ['a file that is not there', {}, (root) => rmSync(join(root, 't10k-images-idx3-ubyte')), /has no t10k-images-idx3-ubyte .*data\.root/],
  ])('%s', async (_name, over, damage, message) => {
    const folder = temporaryFolder();
    const root = writeImages(join(folder, 'images'), files);
    damage(root);
    const recipe = recipeFile(folder, { ...over, data: { root, ...(over as { data?: object }).data } });
    const project = join(folder, 'a.eqnet');
    expect(failure(await eqnet([...run(recipe, project), '--json']), 'data-invalid')).toMatch(message);
    expect(await show(project)).toMatchObject([{ state: 'failed', error: { code: 'data-invalid' } }]);
    // with the images mended the same run goes on; with the recipe mended there is a new one
    writeImages(root, files);
    const same = Object.keys(over).length === 0;
    const mended = new Eqnet(run(recipeFile(folder, { data: { root } }, 'mended.json'), project, ...(same ? ['--resume'] : [])));
    await mended.says(/600 training, 200 validation and 200 test images/);
    await mended.stop();
  });
});

describe('checkpoints', () => {
  test('one that was cut off, and the way out', { timeout: RUN_TIMEOUT }, async () => {
    const project = copy();
    truncateSync(checkpoint(project, 'supernet'), 100_000);
    const sentence = failure(await eqnet(['eval', project, '--config', config, '--json']), 'checkpoint-invalid');
    expect(sentence).toMatch(/supernet\.safetensors is cut short at tensor '.*': do phase 'supernet' again \(--from supernet\)\.$/);
    expect(await show(project)).toMatchObject([{ digest }]);
    const { run: redone } = SHAPES.run.parse(await eqnetJson(run('tiny', project, '--from', 'supernet')));
    expect(redone).toMatchObject({ state: 'done', digest });
  });

  test.each<[string, (path: string) => void, RegExp]>([
    ['one that is not there', (path) => rmSync(path), /is missing or unfinished: .*--from supernet/],
    [
      'one with a flipped bit',
      (path) => {
        const bytes = readFileSync(path);
        bytes[bytes.length - 1000] ^= 4;
        writeFileSync(path, bytes);
      },
      /supernet\.safetensors was changed since it was written \(its sha256 differs\): do phase 'supernet' again/,
    ],
  ])('%s', async (_name, damage, message) => {
    const project = copy();
    damage(checkpoint(project, 'supernet'));
    expect(failure(await eqnet(['eval', project, '--config', config, '--json']), 'checkpoint-invalid')).toMatch(message);
  });

  test('one that is no checkpoint', async () => {
    const project = copy();
    writeFileSync(checkpoint(project, 'predictor'), 'safetensors');
    const sentence = failure(await eqnet(['search', project, '--weights', '3', '--activations', '3']), 'checkpoint-invalid');
    expect(sentence).toMatch(/predictor\.safetensors is cut short/);
  });

  test('one of another recipe', { timeout: RUN_TIMEOUT }, async () => {
    const folder = temporaryFolder();
    const project = join(folder, 'a.eqnet');
    mkdirSync(project);
    const recipe = recipeFile(folder, { seed: 1 });
    const begun = new Eqnet(run(recipe, project));
    await begun.reaches(project, (store) => store.metrics('tiny-1', 'pretrain/loss').length > 0);
    await begun.stop();
    mkdirSync(join(project, 'runs', 'tiny-1', 'checkpoints'), { recursive: true });
    cpSync(checkpoint(finished, 'pretrain'), checkpoint(project, 'pretrain'));
    const sentence = failure(await eqnet(run(recipe, project, '--resume')), 'fingerprint-mismatch');
    expect(sentence).toMatch(/pretrain\.safetensors belongs to another recipe, data set or engine version/);
    // with it out of the way the run goes on
    const again = new Eqnet(run(recipe, project, '--from', 'pretrain'));
    await again.says(/\[1\/9\] pretrain done/);
    await again.stop();
  });
});

describe('projects', () => {
  const description = (project: string) => join(project, 'project.json');
  test.each<[string, (project: string) => void, ErrorCode, RegExp]>([
    [
      'a newer database',
      (project) => {
        const database = new Database(join(project, 'project.db'));
        database.exec('PRAGMA user_version = 7');
        database.close();
      },
      'project-newer',
      /project\.db was written by a newer EQ-Net Workbench \(tables 7, this one reads up to \d+\): update the program\./,
    ],
    [
      'a newer project.json',
      (project) =>
        writeFileSync(
          description(project),
          JSON.stringify({ ...JSON.parse(readFileSync(description(project), 'utf8')), schemaVersion: 3 }),
        ),
      'project-newer',
      /project\.json was written by a newer EQ-Net Workbench \(format 3, this one reads up to 1\): update the program\./,
    ],
    [
      'a damaged project.json',
      (project) => truncateSync(description(project), 20),
      'project-invalid',
      /project\.json is damaged \(no valid JSON\)/,
    ],
    [
      'a damaged database',
      (project) => {
        for (const end of ['-wal', '-shm']) rmSync(join(project, `project.db${end}`), { force: true });
        writeFileSync(join(project, 'project.db'), 'nonsense '.repeat(2000));
      },
      'project-invalid',
      /project\.db is damaged/,
    ],
    ['none', (project) => rmSync(project, { recursive: true }), 'project-missing', /^There is no project in /],
    [
      'a folder of something else',
      (project) => {
        rmSync(project, { recursive: true });
        mkdirSync(project);
        writeFileSync(join(project, 'thesis.tex'), '');
      },
      'project-missing',
      /is not an EQ-Net project \(it holds 'thesis\.tex' but no project\.json\)/,
    ],
    [
      'a file',
      (project) => {
        rmSync(project, { recursive: true });
        writeFileSync(project, '');
      },
      'project-missing',
      /is a file and not an EQ-Net project/,
    ],
  ])('%s', async (name, damage, code, message) => {
    const project = copy();
    damage(project);
    const commands = [
      ['show', project],
      ['eval', project, '--config', config],
      ['export', project, '--config', config, '--out', join(home, 'never.onnx')],
      // where there is nothing, a run makes a project
      ...(name === 'none' ? [] : [run('tiny', project)]),
    ];
    for (const argv of commands) expect(failure(await eqnet([...argv, '--json']), code), argv[0]).toMatch(message);
    expect(existsSync(join(home, 'never.onnx'))).toBe(false);
  });

  test('one that is open elsewhere: one writer, any number of readers', { timeout: RUN_TIMEOUT }, async () => {
    const project = copy();
    // longer than everything that is tried meanwhile, on any machine
    const writer = new Eqnet(run(recipeFile(temporaryFolder(), { pretrain: { epochs: 5000, batch: 16 } }), project));
    await writer.reaches(project, (store) => (store.runs()[1] ? store.metrics('tiny-2', 'pretrain/loss').length > 0 : false));
    const who = `is open in process ${writer.pid}: wait for it or end it, then try again.`;
    expect(failure(await eqnet([...run('tiny', project, '--resume'), '--json']), 'project-locked')).toContain(who);
    expect(failure(await eqnet(['export', project, '--config', config, '--out', join(home, 'never.onnx')]), 'project-locked')).toContain(
      who,
    );
    expect(await show(project)).toMatchObject([{ state: 'done' }, { state: 'running' }]);
    SHAPES.eval.parse(await eqnetJson(['eval', project, '--config', config, '--run', 'tiny-1', '--images', '100']));
    await writer.stop();
    expect(await show(project)).toMatchObject([{ state: 'done' }, { state: 'stopped' }]);
  });
});

describe('configurations', () => {
  const layers = () => (JSON.parse(readFileSync(config, 'utf8')) as Configuration).layers;
  test.each<[string, () => unknown, RegExp]>([
    ['no JSON', () => '{"layers": [', /is not valid JSON/],
    ['no configuration', () => ({ name: 'tiny' }), /is not valid: 'layers' /],
    ['a layer too few', () => ({ layers: layers().slice(1) }), /^Layer 'conv1' is missing: add an entry for it\.$/],
    [
      'a layer of another network',
      () => ({ layers: [...layers(), { ...layers()[0], name: 'stem' }] }),
      /^Layer 'stem' is not in this network/,
    ],
    [
      'a pinned layer below 8 bits',
      () => ({ layers: layers().map((layer) => ({ ...layer, weightBits: 4 })) }),
      /is kept at 8 bits, as the first and the last one are, .*set both to 8/,
    ],
    [
      'bits outside 2..8',
      () => ({ layers: layers().map((layer) => ({ ...layer, activationBits: 16 })) }),
      /'layers\[0\]\.activationBits' /,
    ],
  ])('%s', async (_name, make, message) => {
    const file = join(temporaryFolder(), 'bad.json');
    const content = make();
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    expect(failure(await eqnet(['eval', finished, '--config', file, '--json']), 'config-invalid')).toMatch(message);
    expect(failure(await eqnet(['export', finished, '--config', file, '--out', join(home, 'never.onnx')]), 'config-invalid')).toMatch(
      message,
    );
  });

  test('a file that is not there', async () => {
    const file = join(home, 'nothing.json');
    expect(failure(await eqnet(['eval', finished, '--config', file]), 'config-invalid')).toMatch(
      /cannot be read \(ENOENT\): check the path/,
    );
  });

  test.each(['config', 'search', 'export'])('%s into a file that cannot be written', async (command) => {
    const argv = { config: ['--uniform', '4'], search: ['--weights', '4', '--activations', '4'], export: ['--config', config] }[command]!;
    const folder = temporaryFolder();
    expect(failure(await eqnet([command, finished, ...argv, '--out', folder]), 'project-readonly')).toMatch(
      /cannot be written: it is a folder; choose/,
    );
    const below = join(config, 'a.onnx');
    expect(failure(await eqnet([command, finished, ...argv, '--out', below]), 'project-readonly')).toMatch(
      /cannot be written: .*; choose another place/,
    );
  });
});
