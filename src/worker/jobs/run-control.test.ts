import { beforeEach, describe, expect, test } from 'vitest';
import type { Phase, WorkerMessage } from '../../shared/contract/job-protocol.ts';
import { RunControl } from './run-control.ts';

let sent: WorkerMessage[];
let control: RunControl;
beforeEach(() => {
  sent = [];
  control = new RunControl(
    (message) => sent.push(message),
    (phase) => ({ grid: 5, supernet: 12 })[phase as string] ?? 0,
  );
});
const types = () => sent.map(({ type }) => type);
const stopped = expect.objectContaining({ code: 'stopped' });
/** Starts work and lets it come to its next pause. */
async function settle<T>(work: Promise<T>): Promise<Promise<T>[]> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  return [work];
}

describe('RunControl', () => {
  test('without a wish, work goes on and the host hears nothing', async () => {
    control.begin('grid');
    await control.breathe();
    expect(await control.stepBorder()).toBe(true);
    expect(sent).toEqual([]);
  });

  test('pause holds until resume, and tells both', async () => {
    control.begin('grid');
    control.pause();
    const [work] = await settle(control.breathe());
    expect([types(), control.paused]).toEqual([['paused'], true]);
    control.pause();
    expect(types()).toEqual(['paused', 'paused']);
    control.resume();
    await work;
    expect([types(), control.paused]).toEqual([['paused', 'paused', 'resumed'], false]);
    expect(control.heldMilliseconds).toBeGreaterThan(0);
    await control.breathe();
    expect(sent).toHaveLength(3);
  });

  test('a step that is under way is not held, only stopped', async () => {
    control.begin('supernet');
    control.pause();
    await control.insideStep();
    expect(sent).toEqual([]);
    control.stop();
    await expect(control.insideStep()).rejects.toEqual(stopped);
  });

  test('resume before anything is held takes the pause back', async () => {
    control.pause();
    control.resume();
    await control.breathe();
    expect(types()).toEqual(['resumed']);
  });

  test.each<['breathe' | 'stepBorder', Phase]>([
    ['breathe', 'measure'],
    ['stepBorder', 'supernet'],
  ])('stop ends a pause in %s', async (border, phase) => {
    control.begin(phase);
    control.pause();
    const [work] = await settle<unknown>(control[border]());
    control.stop();
    await expect(work).rejects.toEqual(stopped);
    expect(control.paused).toBe(false);
    await expect(control.breathe()).rejects.toEqual(stopped);
  });

  test('snapshot of training waits for the end of the step, also while paused', async () => {
    let saves = 0;
    control.begin('supernet');
    control.snapshot();
    control.train({ save: async () => void saves++ });
    await control.insideStep();
    expect(saves).toBe(0);
    expect(await control.stepBorder()).toBe(true);
    expect(saves).toBe(1);
    control.pause();
    const [work] = await settle(control.stepBorder());
    control.snapshot();
    await settle(work);
    expect([saves, control.paused]).toEqual([2, true]);
    control.resume();
    expect(await work).toBe(true);
    expect(saves).toBe(2);
  });

  test.each<[string, Phase, () => void, number]>([
    ['a phase that stores its units', 'grid', () => undefined, 5],
    ['a training phase behind its steps', 'supernet', () => control.trained(), 12],
  ])('snapshot in %s is answered at once', (_, phase, prepare, step) => {
    control.begin(phase);
    prepare();
    control.snapshot();
    expect(sent).toEqual([{ type: 'checkpoint', phase, step }]);
  });

  test('finish ends training behind the step, also out of a pause; measuring goes on', async () => {
    control.begin('supernet');
    control.train({ save: async () => undefined });
    control.finish();
    await control.insideStep();
    expect(await control.stepBorder()).toBe(false);
    control.trained();
    await control.breathe();
    control.finish();
    await control.breathe();
    control.end();
    control.begin('pretrain');
    expect(await control.stepBorder()).toBe(true);
    control.pause();
    const [work] = await settle(control.stepBorder());
    control.finish();
    expect(await work).toBe(false);
    expect(types()).toEqual(['paused', 'resumed']);
  });

  test('finish in another phase is a stop, and between phases nothing', async () => {
    control.finish();
    await control.breathe();
    control.begin('sample');
    control.finish();
    await expect(control.breathe()).rejects.toEqual(stopped);
  });
});
