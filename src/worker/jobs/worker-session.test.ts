import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  PHASES,
  type HostMessage,
  type Phase,
  type PhaseInputs,
  type PhaseResults,
  type WorkerMessage,
} from '../../shared/contract/job-protocol.ts';
import { configurationKey } from '../../shared/domain/configuration.ts';
import { ALL_BITS } from '../../shared/domain/form.ts';
import { parseRecipe } from '../../shared/schema/presets.ts';
import { nativeNote, testExecutors } from '../engine/testing.ts';
import { Predictor } from '../predictor/cqap.ts';
import { Evaluator } from '../supernet/evaluator.ts';
import { WorkerSession } from './worker-session.ts';

const RECIPE = parseRecipe(
  {
    name: 'least',
    data: { trainImages: 64, validationImages: 40, testImages: 40 },
    pretrain: { epochs: 1, batch: 16 },
    calibration: { images: 16, shrinkSteps: 5, samples: 512 },
    supernet: { epochs: 1, batch: 16, evaluateImages: 20, checkpointSeconds: 1000 },
    evaluation: { recalibrationImages: 16, batch: 20, gridBits: [2], gridForms: ['tss'] },
    predictor: {
      trainSamples: 4,
      heldOutSamples: 4,
      sampleImages: 20,
      recalibrationImages: 16,
      noiseSamples: 0,
      hidden: [8],
      epochs: 4,
      ensemble: 2,
    },
    search: { population: 10, generations: 4, targets: [3], forms: ['tss', 'caa'], samplerDraws: 1000, remeasure: 2, measureImages: 20 },
    export: { targets: [3] },
  },
  'test',
);
const STEPS = 4;
const { kind } = testExecutors()[0];

const root = mkdtempSync(join(tmpdir(), 'eqnet-session-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => vi.useRealTimers());

type OfType<T extends WorkerMessage['type']> = Extract<WorkerMessage, { type: T }>;

interface Waiter {
  type: WorkerMessage['type'];
  resolve: (message: WorkerMessage) => void;
  reject: (error: Error) => void;
}

/** The host's side of a conversation. */
class Host {
  readonly messages: WorkerMessage[] = [];
  private waiting: Waiter[] = [];
  readonly session = new WorkerSession((message) => {
    this.messages.push(message);
    const served = (waiter: Waiter) => waiter.type === message.type || message.type === 'failed' || message.type === 'stopped';
    const [met, rest] = [this.waiting.filter(served), this.waiting.filter((waiter) => !served(waiter))];
    this.waiting = rest;
    for (const { type, resolve, reject } of met) {
      if (type === message.type) resolve(message);
      else reject(new Error(message.type === 'failed' ? message.error.message : message.type));
    }
  });

  constructor(readonly runDirectory: string) {
    // that is the host's part
    mkdirSync(runDirectory, { recursive: true });
  }

  /** The next message of a type. */
  next<T extends WorkerMessage['type']>(type: T): Promise<OfType<T>> {
    return new Promise((resolve, reject) => this.waiting.push({ type, resolve: resolve as Waiter['resolve'], reject }));
  }

  all<T extends WorkerMessage['type']>(type: T): OfType<T>[] {
    return this.messages.filter((message): message is OfType<T> => message.type === type);
  }

  send(message: HostMessage): Promise<void> {
    return this.session.receive(message);
  }

  open(): Promise<void> {
    const engine = {
      executor: kind,
      addonPath: process.env.EQNET_ADDON || undefined,
      opsPath: process.env.EQNET_OPS || undefined,
      threads: 1,
    };
    return this.send({ type: 'open', options: { recipe: RECIPE, runDirectory: this.runDirectory, fingerprint: 'f', engine } });
  }

  async phase<P extends Phase>(phase: P, input: PhaseInputs[P]): Promise<PhaseResults[P]> {
    const done = this.next('phase-done');
    await this.send({ type: 'phase', phase, input } as HostMessage);
    return (await done).result as PhaseResults[P];
  }

  series(name: string): number[] {
    return this.all('metrics').flatMap(({ points }) => points.flatMap(({ series, value }) => (series === name ? [value] : [])));
  }

  checkpoints(): [Phase, number][] {
    return this.all('checkpoint').map(({ phase, step }) => [phase, step]);
  }
}

async function opened(name: string): Promise<Host> {
  const host = new Host(join(root, name));
  await host.open();
  return host;
}

async function whole(host: Host): Promise<PhaseResults> {
  const results: Partial<PhaseResults> = {};
  results.pretrain = await host.phase('pretrain', {});
  results.calibrate = await host.phase('calibrate', {});
  results.supernet = await host.phase('supernet', {});
  results.grid = await host.phase('grid', { done: [] });
  results.sample = await host.phase('sample', { done: [] });
  results.predictor = await host.phase('predictor', { samples: results.sample.samples });
  results.search = await host.phase('search', { samples: results.sample.samples });
  const { candidates } = results.search;
  results.measure = await host.phase('measure', { candidates, done: [] });
  results.export = await host.phase('export', { candidates: candidates.slice(0, 1), directory: join(host.runDirectory, 'exports') });
  return results as PhaseResults;
}

let undisturbed: Promise<{ host: Host; results: PhaseResults }> | null = null;
/** A run that nothing interrupted. */
function reference(): Promise<{ host: Host; results: PhaseResults }> {
  return (undisturbed ??= opened('reference').then(async (host) => ({ host, results: await whole(host) })));
}

describe(`a worker on the ${kind} executor${nativeNote}`, { timeout: 300_000 }, () => {
  test('does all phases, tells its checkpoints, and keeps the terms of the training apart', async () => {
    const { host, results } = await reference();
    expect(host.all('phase-done').map(({ phase }) => phase)).toEqual(PHASES);
    expect([results.pretrain.steps, results.supernet.steps]).toEqual([STEPS, STEPS]);
    expect(host.checkpoints()).toEqual([
      ['pretrain', STEPS],
      ['calibrate', 0],
      ['supernet', STEPS],
    ]);
    expect(host.series('pretrain/rate')).toHaveLength(STEPS);
    expect(host.series('pretrain/test-accuracy')).toEqual([results.pretrain.testAccuracy]);
    const { wdr } = RECIPE.supernet;
    host.series('supernet/wdr').forEach((loss, step) => {
      const [skewness, kurtosis] = ['skewness', 'kurtosis'].map((term) => host.series(`supernet/wdr-${term}`)[step]);
      // float32 sums over a handful of layers
      expect(wdr.skewness * skewness + wdr.kurtosis * kurtosis).toBeCloseTo(loss, 5);
    });
    for (const pass of ['highest', 'random', 'lowest', 'update']) expect(host.series(`supernet/ms/${pass}`)[0]).toBeGreaterThan(0);
    for (const [phase, title] of [
      ['pretrain', 'Float training'],
      ['supernet', 'Supernet training'],
    ] as const) {
      // fewer steps than one point stands for
      expect(host.series(`${phase}/ms/step`)).toEqual([expect.any(Number)]);
      const [share] = host.series(`${phase}/idle-share`);
      expect(share > 0 && share < 1, `${share}`).toBe(true);
      const text = expect.stringMatching(
        new RegExp(`^${title}: ${STEPS} steps of [0-9.]+ ms on average, ${(100 * share).toFixed(1)} % of it`),
      );
      expect(host.all('log')).toContainEqual({ type: 'log', text });
    }
  });

  /** Starts a phase, holds it behind its first unit of work, does something, and lets it go on. */
  async function held<P extends Phase>(host: Host, phase: P, input: PhaseInputs[P], act: () => Promise<unknown>): Promise<PhaseResults[P]> {
    const paused = host.next('paused');
    const work = host.phase(phase, input);
    void host.send({ type: 'pause' });
    await paused;
    await act();
    const resumed = host.next('resumed');
    void host.send({ type: 'resume' });
    await resumed;
    return work;
  }

  const snapshotOf = async (host: Host) => {
    const written = host.next('checkpoint');
    void host.send({ type: 'snapshot' });
    const { phase, step } = await written;
    return { phase, step, onDisk: existsSync(join(host.runDirectory, 'checkpoints', `${phase}.safetensors`)) };
  };

  test('pauses and snapshots change no result, and hold no tensors', async () => {
    const { results } = await reference();
    const host = await opened('paused');
    const snapshot = (phase: Phase) => async () => expect(await snapshotOf(host)).toEqual({ phase, step: 1, onDisk: true });
    expect(await held(host, 'pretrain', {}, snapshot('pretrain'))).toEqual(results.pretrain);
    expect(await held(host, 'calibrate', {}, async () => undefined)).toEqual(results.calibrate);
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const tensors = async () => {
      const vitals = host.next('vitals');
      vi.advanceTimersByTime(1000);
      const { rss, tensors: live } = await vitals;
      expect(rss).toBeGreaterThan(2 ** 20);
      return live;
    };
    let before = 0;
    const result = await held(host, 'supernet', {}, async () => {
      before = await tensors();
      await snapshot('supernet')();
      expect(await tensors()).toBe(before);
    });
    expect(result).toEqual(results.supernet);
    vi.useRealTimers();
    const stored = async () => expect(await snapshotOf(host)).toMatchObject({ phase: 'grid', step: 0 });
    expect(await held(host, 'grid', { done: [] }, stored)).toEqual(results.grid);
    expect(await held(host, 'sample', { done: [] }, async () => undefined)).toEqual(results.sample);
  });

  test.each(['stop', 'close'] as const)('%s while paused ends with a checkpoint, from which a resume gives the same', async (type) => {
    const { results } = await reference();
    const host = await opened(type);
    const paused = host.next('paused');
    const work = host.phase('pretrain', {});
    void host.send({ type: 'pause' });
    await paused;
    await Promise.all([expect(work).rejects.toThrow('stopped'), host.send({ type })]);
    expect(host.checkpoints()).toEqual([['pretrain', 1]]);
    const again = await opened(type);
    expect(await again.phase('pretrain', {})).toEqual(results.pretrain);
  });

  test('finish takes the training for done at the step that it has reached; a resume adds nothing', async () => {
    const host = await opened('finished');
    for (const phase of ['pretrain', 'supernet'] as const) {
      if (phase === 'supernet') await host.phase('calibrate', {});
      const paused = host.next('paused');
      const work = host.phase(phase, {});
      void host.send({ type: 'pause' });
      await paused;
      void host.send({ type: 'finish' });
      const result = await work;
      expect(result.steps).toBe(1);
      const again = await opened('finished');
      expect(await again.phase(phase, {})).toEqual(result);
    }
  });

  test('predicts what the search predicted, training once', async () => {
    const { host, results } = await reference();
    const { samples } = results.sample;
    const configurations = results.search.candidates.map(({ configuration }) => configuration);
    const ask = async () => {
      const answer = host.next('predicted');
      await host.send({ type: 'predict', request: { configurations, samples } });
      return (await answer).result;
    };
    const first = await ask();
    expect(first.predicted).toEqual(results.search.candidates.map(({ predicted }) => predicted));
    expect(first.rmse).toBe(results.predictor.rmse);
    const before = host.messages.length;
    expect(await ask()).toEqual(first);
    expect(host.messages.slice(before).map(({ type }) => type)).toEqual(['predicted']);
    const refused = host.next('failed');
    await host.send({ type: 'predict', request: { configurations: [{ layers: configurations[0].layers.slice(1) }], samples } });
    expect((await refused).error.code).toBe('config-invalid');
  });

  test('shows what the search looks at, and keeps it', async () => {
    const { host, results } = await reference();
    const explored = results.search.explored!;
    const points = explored.flatMap((round) => round.points);
    // An individual that fell out of the pool and was found again is scored, but not kept, twice.
    expect(points.length).toBeLessThanOrEqual(results.search.evaluations);
    expect(points.length).toBeGreaterThan(0.9 * results.search.evaluations);
    const predicted = new Map(points.map((point) => [point.key, point.predicted]));
    expect(predicted.size).toBe(points.length);
    for (const candidate of results.search.candidates.filter(({ rank }) => rank !== 'uniform'))
      expect(predicted.get(configurationKey(candidate.configuration))).toBe(candidate.predicted);
    expect(new Set(explored.map(({ form, generation }) => `${form}/${generation}`)).size).toBe(explored.length);
    const live = host.all('search-points').map(({ round }) => round);
    expect(live.length).toBeGreaterThan(0);
    for (const round of live) {
      expect(round.points.length).toBeLessThanOrEqual(100);
      for (const { key, predicted: value } of round.points) expect(predicted.get(key)).toBe(value);
    }
  });

  test('a search that is stopped lets its predictor go', async () => {
    const { host: done, results } = await reference();
    const host = await opened(basename(done.runDirectory));
    const dispose = vi.spyOn(Predictor.prototype, 'dispose');
    onTestFinished(() => dispose.mockRestore());
    const work = host.phase('search', { samples: results.sample.samples });
    await Promise.all([expect(work).rejects.toThrow('stopped'), host.send({ type: 'stop' })]);
    expect(dispose).toHaveBeenCalledOnce();
  });

  test('evaluates class by class, in one pass with the export', async () => {
    const { host, results } = await reference();
    const { configuration } = results.search.candidates[0];
    const file = join(host.runDirectory, 'one.onnx');
    const measure = vi.spyOn(Evaluator.prototype, 'measure');
    const ask = async (request: object) => {
      const answer = host.next('evaluated');
      measure.mockClear();
      await host.send({ type: 'evaluate', request: { configuration, ...request } });
      expect(measure).toHaveBeenCalledTimes(1);
      return { result: (await answer).result };
    };
    const all = await ask({});
    const sum = (field: 'correct' | 'images') => all.result.classes.reduce((total, entry) => total + entry[field], 0);
    expect([all.result.classes.length, sum('images')]).toEqual([10, 40]);
    expect(sum('correct') / 40).toBe(all.result.accuracy);
    const some = await ask({ images: 20, exportTo: { format: 'onnx', file } });
    expect(some.result.images).toBe(20);
    expect(some.result.exported!.proof).toMatchObject({ images: 40, accuracyApp: all.result.accuracy });
    expect(readFileSync(file).length).toBe(some.result.exported!.bytes);
    measure.mockRestore();
  });

  test('measures the sensitivity of weights and activations', async () => {
    const { host } = await reference();
    const answer = host.next('sensitivity');
    await host.send({ type: 'sensitivity' });
    const { layers } = (await answer).result;
    const looked = host.next('looked');
    await host.send({ type: 'look', request: { kind: 'sensitivity', recipe: RECIPE, runDirectory: host.runDirectory } });
    expect((await looked).result).toEqual({ layers: layers.map((layer) => ({ ...layer, activations: null })) });
    for (const { weights, activations } of layers)
      for (const values of [...Object.values(weights), activations!.s, activations!.a]) {
        expect(values).toHaveLength(ALL_BITS.length);
        expect(values.at(-1)!).toBeGreaterThan(values[0]! + 10);
      }
  });

  test('work before the run is opened is refused', async () => {
    const host = new Host(join(root, 'closed'));
    const failed = host.next('failed');
    await host.send({ type: 'sensitivity' });
    expect((await failed).error.code).toBe('internal');
  });
});
