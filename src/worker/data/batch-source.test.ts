import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BatchSource, type BatchPlan } from './batch-source.ts';
import { slotsFor } from './batch-ring.ts';
import { sharedBytes, type ImageSet } from './dataset.ts';
import { builtThread, type BuiltThread } from './testing/built-thread.ts';

let built: BuiltThread;
let threadFile: string;
const plan: BatchPlan = { batch: 6, seed: 9, shift: 2 };
const set: ImageSet = { images: sharedBytes(40 * 192), labels: sharedBytes(40), count: 40, height: 8, width: 8, channels: 3, classes: 10 };
set.images.forEach((_, i) => (set.images[i] = (i * 31) % 256));
set.labels.forEach((_, i) => (set.labels[i] = i % 10));

/** The batches of some steps, copied. */
async function take(source: BatchSource, steps: readonly number[]): Promise<Record<'images' | 'labels' | 'targets', number[]>[]> {
  const taken = [];
  for (const step of steps) {
    const batch = await source.next(step);
    taken.push({ images: [...batch.images], labels: [...batch.labels], targets: [...batch.targets] });
  }
  return taken;
}

beforeAll(async () => {
  built = await builtThread({ worker: 'batch-source' });
  ({ threadFile } = built);
});
afterAll(() => built?.remove());

describe('BatchSource', () => {
  const RANGES = [
    ['from the first step', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]],
    ['resumed in the middle of an epoch', [9, 10, 11, 12]],
    ['with jumps forth and back', [3, 4, 20, 21, 3, 4, 4, 0, 2, 1, 100]],
  ] as const;
  it.each([1, 2, 3].flatMap((threads) => RANGES.map(([name, steps]) => [threads, name, steps] as const)))(
    'gives the same batches from %i threads and inline, %s',
    async (threads, _, steps) => {
      const inline = new BatchSource(set, plan, null);
      const threaded = new BatchSource(set, plan, threadFile, threads);
      expect([inline.threaded, threaded.threaded]).toEqual([false, true]);
      expect(await take(threaded, steps)).toEqual(await take(inline, steps));
      await Promise.all([inline.close(), threaded.close()]);
    },
  );

  it('finds the thread beside the built program, and does without from the sources', async () => {
    const module = (await import(pathToFileURL(join(built.folder, 'worker.js')).href)) as typeof import('./batch-source.ts');
    const program = new module.BatchSource(set, plan);
    const sources = new BatchSource(set, plan);
    expect([program.threaded, sources.threaded]).toEqual([true, false]);
    expect(await take(program, [2, 3, 4])).toEqual(await take(sources, [2, 3, 4]));
    await Promise.all([program.close(), sources.close()]);
  });

  it('resumes exactly', async () => {
    const whole = new BatchSource(set, plan, threadFile);
    const all = await take(whole, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const resumed = new BatchSource(set, plan, threadFile);
    expect(await take(resumed, [7, 8, 9])).toEqual(all.slice(7));
    await Promise.all([whole.close(), resumed.close()]);
  });

  /** Blocks this thread, as a native call does, until so many batches are ready. */
  function blockUntilAhead(source: BatchSource, wanted: number): void {
    const deadline = performance.now() + 20_000;
    while (source.ahead < wanted && performance.now() < deadline);
    expect(source.ahead).toBe(wanted);
  }

  it.each([1, 2, 4])('%i threads run ahead while the caller blocks its event loop, without touching the batch in use', async (threads) => {
    const source = new BatchSource(set, plan, threadFile, threads);
    const batch = await source.next(5);
    expect(source.waitedMs).toBeGreaterThan(0);
    const before = [...batch.images];
    blockUntilAhead(source, slotsFor(threads) - 1);
    expect([...batch.images]).toEqual(before);
    await source.next(6);
    expect(source.ahead).toBeGreaterThanOrEqual(slotsFor(threads) - 2);
    await source.close();
  });

  it('has the first batch ready where it was told the step before', async () => {
    const source = new BatchSource(set, plan, threadFile, 1);
    source.start(7);
    blockUntilAhead(source, 2);
    const inline = new BatchSource(set, plan, null);
    inline.start(7);
    expect(await take(source, [7, 8])).toEqual(await take(inline, [7, 8]));
    await Promise.all([source.close(), inline.close()]);
    source.start(9);
    await expect(source.next(9)).rejects.toMatchObject({ code: 'internal' });
  });

  it('counts the time that a batch is waited for, and none for one that is ready', async () => {
    const source = new BatchSource(set, plan, threadFile, 1);
    await source.next(0);
    const first = source.waitedMs;
    blockUntilAhead(source, 2);
    await source.next(1);
    // starting a thread takes tens of milliseconds, a look at shared memory some microseconds
    expect(source.waitedMs - first).toBeLessThan(first / 2);
    await source.close();
  });

  it('puts the batches on shared memory either way', async () => {
    for (const file of [null, threadFile]) {
      const source = new BatchSource(set, plan, file);
      const { images: values, labels } = await source.next(0);
      expect(values.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect([values.length, labels.length]).toEqual([6 * 192, 6]);
      await source.close();
    }
  });

  it.each([
    ['inline', () => null],
    ['threaded', () => threadFile],
  ])('brings an error of the preparation to the caller, %s', async (_, file) => {
    const broken = { ...set, images: set.images.subarray(0, 192) };
    const source = new BatchSource(broken, plan, file());
    for (let call = 0; call < 2; call++) {
      await expect(source.next(0)).rejects.toMatchObject({
        name: 'WorkbenchError',
        code: 'data-invalid',
        message: expect.stringContaining('the set holds 1'),
      });
    }
    await source.close();
  });

  it.each([
    ['throws', 'throw new Error("no memory left");', /ended \(no memory left\)/],
    ['ends', 'process.exit(0);', /ended: run again/],
  ])('says so when the thread %s', async (name, code, sentence) => {
    const file = join(built.folder, `${name}.mjs`);
    writeFileSync(file, code);
    const source = new BatchSource(set, plan, file);
    await expect(source.next(0)).rejects.toMatchObject({ code: 'worker-died', message: expect.stringMatching(sentence) });
    await source.close();
  });

  it('refuses a set smaller than a batch and a call after close', async () => {
    expect(() => new BatchSource(set, { ...plan, batch: 41 }, null)).toThrow(expect.objectContaining({ code: 'data-invalid' }));
    const source = new BatchSource(set, plan, threadFile);
    await Promise.all([source.close(), source.close()]);
    await expect(source.next(0)).rejects.toMatchObject({ code: 'internal' });
  });
});
