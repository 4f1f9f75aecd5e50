import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { scriptedEngine, scriptedWorker, setScript, temporaryFolder } from '../host/testing/project-fixture.ts';
import { EXIT_CODES } from '../shared/contract/errors.ts';
import { commonForm } from '../shared/domain/configuration.ts';
import type { Configuration } from '../shared/schema/configuration.ts';
import { ProgressView } from './progress-view.ts';
import { runCli } from './run-cli.ts';

interface Result {
  exit: number;
  out: string;
  err: string;
}

async function eqnet(
  argv: string[],
  signal = new AbortController().signal,
  onErr: (text: string) => void = () => undefined,
): Promise<Result> {
  const result = { exit: -1, out: '', err: '' };
  const stream = {
    write: (text: string) => {
      result.err += text;
      onErr(text);
    },
  };
  result.exit = await runCli(argv, {
    out: (text) => void (result.out += text),
    view: new ProgressView(stream),
    signal,
    workerPath: scriptedWorker,
    engine: scriptedEngine,
  });
  return result;
}

const recipeFile = (folder: string, over: object = {}): string => {
  const path = join(folder, 'recipe.json');
  writeFileSync(
    path,
    JSON.stringify({
      name: 'tiny',
      evaluation: { gridBits: [2, 4], gridForms: ['tss'] },
      search: { targets: [3, 4], remeasure: 1 },
      ...over,
    }),
  );
  return path;
};

/** The one sentence on standard error. */
const sentence = ({ err }: Result): string => {
  const lines = err.split('\n').filter((line) => line.startsWith('eqnet: '));
  expect(lines).toHaveLength(1);
  return lines[0].slice('eqnet: '.length);
};

describe('a finished project', () => {
  let project = '';
  let config = '';

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'eqnet-cli-'));
    project = join(folder, 'a.eqnet');
    config = join(folder, 'four.json');
    expect(await eqnet(['run', recipeFile(folder), '--project', project])).toMatchObject({ exit: 0 });
    expect(await eqnet(['config', project, '--uniform', '4', '--granularity', 'channel', '--out', config])).toMatchObject({ exit: 0 });
    return () => rmSync(folder, { recursive: true, force: true });
  });

  test('run --json prints the run and nothing else; --resume of a finished run changes nothing', async () => {
    const { exit, out, err } = await eqnet(['run', recipeFile(temporaryFolder()), '--project', project, '--resume', '--json']);
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ project, run: { id: 'tiny-1', state: 'done' } });
    expect(err).toContain('is finished already');
  });

  test('show --json has what is promised', async () => {
    const { runs } = JSON.parse((await eqnet(['show', project, '--json'])).out);
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({
      id: 'tiny-1',
      phases: { pretrain: { state: 'done', seconds: expect.any(Number) }, export: { state: 'done' } },
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      float: { accuracy: 0.97 },
      predictor: { kendall: 0.5, pearson: 0.8, rmse: 0.004, heldOut: [] },
    });
    expect(runs[0].grid[0]).toEqual({ form: 'tss', weightBits: 2, activationBits: 2, accuracy: expect.any(Number), images: 100 });
    expect(runs[0].front[0]).toMatchObject({
      configuration: { layers: expect.any(Array) },
      predicted: 0.94,
      measured: expect.any(Number),
      measuredImages: 100,
      interval: [0.85, 0.99],
      validationAccuracy: expect.any(Number),
      versusUniform: { difference: 0.01, interval: [-0.01, 0.03] },
      costs: { bitops: expect.any(Number) },
    });
    expect(runs[0].exports[0]).toMatchObject({ file: expect.stringContaining('exports'), format: 'onnx', proof: { top1Agreement: 1 } });
  });

  test('show for people', async () => {
    const { out } = await eqnet(['show', project]);
    for (const part of [
      'Run tiny-1: done',
      'float accuracy 97.00 %',
      'form',
      'CQAP, on other images',
      'two measurements',
      'a perfect predictor would reach a Pearson of about 0.95',
      '+1.00 (-1.00 to +3.00)',
      '! Kendall tau is below 0.75.',
      'Front:',
      'same top-1',
    ])
      expect(out).toContain(part);
  });

  test('config writes what eval reads', async () => {
    const { layers } = JSON.parse(readFileSync(config, 'utf8'));
    expect(layers.map((layer: { weightBits: number }) => layer.weightBits)).toEqual([8, 4, 4, 8]);
    expect(layers[0]).toMatchObject({ granularity: 'channel', weightSymmetry: 'symmetric' });
    const { out } = await eqnet(['eval', project, '--config', config, '--json', '--images', '50']);
    expect(JSON.parse(out)).toMatchObject({
      accuracy: 0.91,
      images: 50,
      bitops: 147456,
      sizeBytes: 144,
      averageWeightBits: 4,
      averageActivationBits: 4,
    });
  });

  test('eval refuses more images than there are instead of taking fewer', async () => {
    const tooMany = await eqnet(['eval', project, '--config', config, '--images', '101']);
    expect(tooMany.exit).toBe(EXIT_CODES.usage);
    expect(sentence(tooMany)).toBe('--images is 101, but the run has only 100 test images: lower it, or leave it out for all.');
    expect((await eqnet(['eval', project, '--config', config, '--images', '100'])).exit).toBe(0);
  });

  test('config --random draws the same for the same seed, and what options name is not drawn', async () => {
    const draw = async (...argv: string[]) => {
      const { exit, out } = await eqnet(['config', project, '--random', ...argv]);
      expect(exit).toBe(0);
      return JSON.parse(out) as Configuration;
    };
    const seven = await draw('7');
    expect(await draw('7')).toEqual(seven);
    expect(await draw('8')).not.toEqual(seven);
    expect(seven.layers.map(({ weightBits }) => weightBits)).toMatchObject({ 0: 8, 3: 8 });
    expect(commonForm(seven)).not.toBeNull();
    const mixed = await draw('7', '--forms', 'layer', '--granularity', 'channel');
    expect(commonForm(mixed)).toBeNull();
    expect(mixed.layers.every(({ granularity }) => granularity === 'channel')).toBe(true);
    const file = join(temporaryFolder(), 'mixed.json');
    const { out } = await eqnet(['config', project, '--random', '7', '--out', file, '--json']);
    expect(JSON.parse(out)).toMatchObject({ run: 'tiny-1', file, bitops: expect.any(Number), configuration: seven });
    expect((await eqnet(['eval', project, '--config', file])).exit).toBe(0);
  });

  test('show --metrics prints one series or all, as CSV or JSON', async () => {
    const { out } = await eqnet(['show', project, '--metrics', 'pretrain/loss']);
    // the second value was not a number
    expect(out).toBe('series,step,value\npretrain/loss,0,2.3\npretrain/loss,1,\n');
    expect((await eqnet(['show', project, '--metrics'])).out).toContain('pretrain/loss,0,2.3\n');
    const json = await eqnet(['show', project, '--metrics', '--run', 'tiny-1', '--json']);
    expect(JSON.parse(json.out)).toEqual({ run: 'tiny-1', series: [{ name: 'pretrain/loss', steps: [0, 1], values: [2.3, null] }] });
    expect(sentence(await eqnet(['show', project, '--metrics', 'x']))).toBe("Run tiny-1 has no metric series 'x': it has pretrain/loss.");
    expect(sentence(await eqnet(['show', project, '--run', 'tiny-1']))).toMatch(/^--run belongs to --metrics/);
  });

  test('config of the front, on standard output', async () => {
    const { out } = await eqnet(['config', project, '--from-front', '3/tss:0']);
    expect(JSON.parse(out).layers[1].weightBits).toBe(3);
    expect(sentence(await eqnet(['config', project, '--from-front', 'x']))).toMatch(/^Run tiny-1 has no configuration 'x': its front has /);
  });

  test('search prints candidates and writes the best', async () => {
    const file = join(temporaryFolder(), 'best.json');
    const { exit, out } = await eqnet([
      'search',
      project,
      '--weights',
      '3',
      '--activations',
      '3',
      '--form',
      'tss',
      '--form',
      'caa',
      '--out',
      file,
      '--json',
    ]);
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ run: 'tiny-1', forms: ['tss', 'caa'], best: '3/tss:0', file });
    expect(JSON.parse(readFileSync(file, 'utf8')).layers).toHaveLength(4);
  });

  test('export proves its file and show lists it', async () => {
    const file = join(temporaryFolder(), 'four.onnx');
    const { exit, out } = await eqnet(['export', project, '--config', config, '--format', 'onnx', '--out', file, '--json']);
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ run: 'tiny-1', file, format: 'onnx', bytes: 3, proof: { top1Agreement: 1 } });
    expect(existsSync(file)).toBe(true);
    const { runs } = JSON.parse((await eqnet(['show', project, '--json'])).out);
    expect(runs[0].exports.at(-1)).toMatchObject({ candidateId: null, file, configuration: { layers: expect.any(Array) } });
  });

  test.each([
    [
      'a layer that is not there',
      (layers: object[]) => [...layers, { ...layers[0], name: 'conv9' }],
      /Layer 'conv9' is not in this network/,
    ],
    ['bits outside 2..8', (layers: object[]) => layers.map((layer) => ({ ...layer, weightBits: 9 })), /'layers\[0\]\.weightBits'/],
    [
      'a pinned layer',
      (layers: object[]) => layers.map((layer) => ({ ...layer, weightBits: 4 })),
      /is kept at 8 bits, as the first and the last one are/,
    ],
    ['nothing', () => [], /'layers'/],
  ])('a configuration with %s', async (_name, change, message) => {
    const file = join(temporaryFolder(), 'bad.json');
    writeFileSync(file, JSON.stringify({ layers: change(JSON.parse(readFileSync(config, 'utf8')).layers) }));
    const result = await eqnet(['eval', project, '--config', file]);
    expect(result.exit).toBe(EXIT_CODES['config-invalid']);
    expect(sentence(result)).toMatch(message);
  });
});

describe('what cannot be done is one sentence and a documented exit code', () => {
  test.each([
    [['dance'], 'usage', /Unknown command 'dance'/],
    [['show'], 'usage', /Missing required argument 'dir'/],
    [['run', 'tiny'], 'usage', /Required option '--project <dir>' not specified/],
    [['run', 'tiny', '--project', 'x', '--resum'], 'usage', /Unknown option '--resum' \(Did you mean --resume\?\)/],
    [['run', 'tiny', '--project', 'x', '--from', 'lunch'], 'usage', /Allowed choices are pretrain/],
    [['run', 'no-such', '--project', 'x'], 'recipe-invalid', /There is no recipe 'no-such': choose one of cluttered/],
    [['run', './no-such.json', '--project', 'x'], 'recipe-invalid', /cannot be read \(ENOENT\)/],
    [['search', 'x', '--weights', '9', '--activations', '3'], 'usage', /'9' is invalid\. It must be a number from 2 to 8/],
    [['search', 'x', '--weights', '3', '--activations', '3', '--form', 'xyz'], 'usage', /'xyz' is not one of tss/],
    [['config', 'x'], 'usage', /Give either --uniform BITS, --random SEED or --from-front ID/],
    [['config', 'x', '--uniform', '3', '--random', '1'], 'usage', /Give either --uniform BITS, --random SEED or --from-front ID/],
    [['config', 'x', '--uniform', '3', '--forms', 'layer'], 'usage', /--forms belongs to --random/],
    [['config', 'x', '--from-front', 'a', '--granularity', 'tensor'], 'usage', /leave out --granularity/],
    [['config', 'x', '--random', '1.5'], 'usage', /whole number from 0 to 4294967295/],
    [['config', 'x', '--uniform', '2.5'], 'usage', /whole number from 2 to 8/],
    [['show', 'no-project.eqnet'], 'project-missing', /There is no project in/],
    [['export', 'no-project.eqnet', '--config', 'a', '--out', 'b'], 'project-missing', /There is no project in/],
    [['recipes', 'mnist', '--fields'], 'usage', /not both/],
    [['profile'], 'usage', /Missing required argument 'recipe'/],
    [['profile', 'tiny', '--repeat', '0'], 'usage', /'0' is invalid\. It must be a whole number from 1 to 1000/],
    [['profile', 'tiny', '--threads', 'all'], 'usage', /'all' is invalid\. It must be a whole number from 1 to 1024/],
    [['profile', 'tiny', '--batch', '1.5'], 'usage', /'1\.5' is invalid\. It must be a whole number of at least 1/],
    [['profile', 'tiny', '--engine', 'eager'], 'usage', /Allowed choices are auto, session, portable/],
    [['profile', 'mnits'], 'recipe-invalid', /There is no recipe 'mnits'/],
    [['profile', 'tiny', '--project', 'nowhere.eqnet'], 'project-missing', /nowhere\.eqnet/],
    [['engine', 'dance'], 'usage', /dance/],
    [['export', 'x', '--config', 'a', '--out', 'b', '--format', 'tflite'], 'usage', /Allowed choices are onnx/],
    [['help', 'dance'], 'usage', /Unknown command 'dance'/],
    [['run', 'tiny', '--project', ''], 'usage', /'--project <dir>' argument '' is invalid\. It must not be empty/],
  ] as const)('%j', async (argv, code, message) => {
    const plain = await eqnet([...argv]);
    expect(sentence(plain)).toMatch(message);
    expect(plain).toMatchObject({ exit: EXIT_CODES[code], out: '' });
    const json = await eqnet([...argv, '--json']);
    expect(JSON.parse(json.out)).toEqual({ error: { code, message: expect.any(String), exitCode: EXIT_CODES[code] } });
  });

  test.each([
    ['unknown field', { supernet: { epoch: 3 } }, /unknown field 'supernet\.epoch'/],
    ['bits outside 2..8', { space: { weightBits: [2, 9] } }, /'space\.weightBits\.1' is 9/],
    ['empty space', { space: { weightBits: [] } }, /'space\.weightBits' is \[\]/],
    ['wrong name', { name: 'A B' }, /'name' is "A B": may hold only/],
  ])('a recipe with %s', async (_name, over, message) => {
    const folder = temporaryFolder();
    const result = await eqnet(['run', recipeFile(folder, over), '--project', join(folder, 'a.eqnet')]);
    expect(result.exit).toBe(EXIT_CODES['recipe-invalid']);
    expect(sentence(result)).toMatch(message);
    expect(existsSync(join(folder, 'a.eqnet'))).toBe(false);
  });

  test('a recipe that is no JSON', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'bad.json'), '{');
    expect(sentence(await eqnet(['run', join(folder, 'bad.json'), '--project', join(folder, 'a.eqnet')]))).toMatch(/is not valid JSON/);
  });

  test('a project without a trained supernet', async () => {
    const folder = temporaryFolder();
    const project = join(folder, 'a.eqnet');
    setScript({ phase: 'supernet', how: 'crash' });
    const crashed = await eqnet(['run', recipeFile(folder), '--project', project, '--json']);
    expect(crashed.exit).toBe(EXIT_CODES['worker-died']);
    expect(JSON.parse(crashed.out).error.code).toBe('worker-died');
    expect(sentence(await eqnet(['eval', project, '--config', 'x.json']))).toMatch(/has no trained supernet yet/);
    expect(sentence(await eqnet(['eval', project, '--config', 'x.json', '--run', 'b-7']))).toMatch(/has no run 'b-7': it has tiny-1/);
    expect((await eqnet(['show', project])).out).toContain('! The worker ended with exit code 7');
  });
});

test('an interrupt stops after the current step, says how to go on, and exits with 130', async () => {
  const folder = temporaryFolder();
  const project = join(folder, 'a.eqnet');
  const recipe = recipeFile(folder);
  setScript({ phase: 'supernet', how: 'hang', once: join(folder, 'happened') });
  const interrupt = new AbortController();
  const stopped = await eqnet(
    ['run', recipe, '--project', project],
    interrupt.signal,
    (text) => text.includes('hanging') && interrupt.abort(),
  );
  expect(stopped.exit).toBe(130);
  expect(sentence(stopped)).toBe(`Stopped; what was finished is stored. Go on with: eqnet run ${recipe} --project ${project} --resume`);
  const resumed = await eqnet(['run', recipe, '--project', project, '--resume']);
  expect(resumed.exit).toBe(0);
  expect(resumed.err).toContain('[1/9] pretrain was done before');
});

test('--until ends a run after a phase, says what is left, and --resume does that', async () => {
  const folder = temporaryFolder();
  const project = join(folder, 'a.eqnet');
  const run = ['run', recipeFile(folder), '--project', project];
  const first = await eqnet([...run, '--until', 'grid']);
  expect(first).toMatchObject({
    exit: 0,
    out: expect.stringContaining(
      `Run tiny-1 has not done sample, predictor, search, measure, export yet; go on with: eqnet ${run.join(' ')} --resume\n`,
    ),
  });
  const { run: shown } = JSON.parse((await eqnet([...run, '--resume', '--until', 'grid', '--json'])).out);
  expect(shown).toMatchObject({ state: 'stopped', digest: null, phases: { grid: { state: 'done' }, sample: { state: 'pending' } } });
  expect(await eqnet([...run, '--resume'])).toMatchObject({ exit: 0, out: expect.stringContaining('Run tiny-1 is done; digest ') });
  const redone = JSON.parse((await eqnet([...run, '--from', 'predictor', '--until', 'search', '--json'])).out);
  expect(redone.run.phases).toMatchObject({ sample: { state: 'done' }, search: { state: 'done' }, measure: { state: 'pending' } });
  const wrong = await eqnet([...run, '--from', 'search', '--until', 'grid']);
  expect(wrong.exit).toBe(EXIT_CODES.usage);
  expect(sentence(wrong)).toMatch(/^A run cannot begin at 'search' and end with 'grid', .*: name a phase from search, measure, export\.$/);
});

test('an interrupted run with --until goes on to the same end', async () => {
  const folder = temporaryFolder();
  const argv = ['run', recipeFile(folder), '--project', join(folder, 'a.eqnet'), '--until', 'supernet'];
  setScript({ phase: 'supernet', how: 'hang', once: join(folder, 'happened') });
  const interrupt = new AbortController();
  const stopped = await eqnet(argv, interrupt.signal, (text) => text.includes('hanging') && interrupt.abort());
  expect(sentence(stopped)).toMatch(/ --resume --until supernet$/);
});

describe('a measurement that does not come to its end says that nothing was changed', () => {
  const finished = async () => {
    const folder = temporaryFolder();
    const project = join(folder, 'a.eqnet');
    await eqnet(['run', recipeFile(folder), '--project', project]);
    await eqnet(['config', project, '--uniform', '4', '--out', join(folder, 'four.json')]);
    return ['eval', project, '--config', join(folder, 'four.json')];
  };

  test('stopped', async () => {
    const argv = await finished();
    const result = await eqnet(argv, AbortSignal.abort());
    expect(result.exit).toBe(130);
    expect(sentence(result)).toBe('Stopped: nothing was changed, run the same command again.');
  });

  test('the worker dies', async () => {
    const argv = await finished();
    setScript({ phase: 'evaluate', how: 'kill' });
    const result = await eqnet(argv);
    expect(result.exit).toBe(EXIT_CODES['worker-died']);
    expect(sentence(result)).toMatch(/^The worker was ended by SIGKILL .*; nothing was changed, run the same command again\.$/);
  });
});

test('started from a checkout, hints name the command in that form', async () => {
  vi.stubEnv('EQNET_PROGRAM', 'npm run eqnet --');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { out } = await eqnet(['show', '--help']);
  expect(out).toMatch(/^Usage: npm run eqnet -- show \[options\] <dir>\n/);
  expect(out).toContain('$ npm run eqnet -- show digits.eqnet\n');
  expect((await eqnet([])).out).toContain('$ npm run eqnet -- run mnist-quick');
  expect(sentence(await eqnet(['dance']))).toMatch(
    /^Unknown command 'dance': see 'npm run eqnet -- --help' or 'npm run eqnet -- COMMAND --help'\.$/,
  );
  expect(sentence(await eqnet(['show', 'no.eqnet']))).toContain("'npm run eqnet -- run RECIPE --project no.eqnet'");
});

test.each([
  [[], /First steps:/],
  [['engine'], /eqnet engine doctor/],
  [['--help'], /Exit codes:[\s\S]*130 {2}stopped/],
  [['run', '--help'], /Ctrl-C finishes the/],
  [['--version'], /^\d+\.\d+\.\d+/],
  [['recipes'], /mnist-quick/],
  [['recipes', 'tiny'], /"trainImages": 600/],
  [['recipes', '--fields'], /supernet\.wdr\.skewness\n {6}number; 0\.\.10; default 1\n/],
])('%j teaches', async (argv, text) => {
  const { exit, out, err } = await eqnet(argv);
  expect({ exit, err }).toEqual({ exit: 0, err: '' });
  expect(out).toMatch(text);
});
