import { describe, expect, it } from 'vitest';
import { effectScope, watchSyncEffect } from 'vue';
import type { CurveBlock, MetricBlock } from '../../shared/contract/api/views.ts';
import { thinned } from '../../shared/domain/thinning.ts';
import { RunCurves, type CurveChoice } from './run-curves.ts';

const base64 = (array: Float64Array | Float32Array | Uint32Array): string => btoa(String.fromCharCode(...new Uint8Array(array.buffer)));
const columns = (steps: Float64Array, values: Float64Array): Omit<MetricBlock, 'series'> => ({
  count: steps.length,
  steps: base64(Float64Array.from(steps)),
  times: base64(Float64Array.from(steps, (step) => step * 10)),
  values: base64(Float32Array.from(values)),
});
function live(series: string, from: number, count: number, value = 0): MetricBlock {
  const steps = Float64Array.from({ length: count }, (_, at) => from + at);
  return {
    series,
    ...columns(
      steps,
      steps.map(() => value),
    ),
  };
}
/** A series whose value is its step, as the host sends it. */
function curve(series: string, count: number, groups = 4): CurveBlock {
  const steps = Float64Array.from({ length: count }, (_, at) => at);
  const thin = thinned({ steps, times: steps.map((step) => step * 10), values: steps }, groups);
  const { points, means, total } = thin;
  return {
    series,
    ...columns(points.steps, points.values),
    total,
    means: means && { ...columns(means.steps, means.values), counts: base64(means.counts) },
  };
}

/** A host that answers when it is told to. */
class SlowHost {
  readonly asked: CurveChoice[] = [];
  private readonly waiting: { done: (curves: CurveBlock[]) => void; fail: (error: Error) => void }[] = [];
  readonly ask = (_run: string, choice: CurveChoice): Promise<CurveBlock[]> => {
    this.asked.push(choice);
    return new Promise((done, fail) => this.waiting.push({ done, fail }));
  };
  answer(...curves: CurveBlock[]): void {
    this.waiting.shift()!.done(curves);
  }
  refuse(): void {
    this.waiting.shift()!.fail(new Error('no'));
  }
}
function setUp() {
  const host = new SlowHost();
  return { host, curves: new RunCurves((run) => run, host.ask) };
}

describe('curves of a run', () => {
  it('stand for more points than are here, and go on with live ones', async () => {
    const { host, curves } = setUp();
    const loading = curves.load('a', ['loss']);
    host.answer(curve('loss', 1000));
    await loading;
    const whole = curves.series('a', 'loss');
    expect(whole.total).toBe(1000);
    expect(whole.count).toBeLessThan(100);
    expect([whole.steps[0], whole.steps[whole.count - 1]]).toEqual([0, 999]);
    expect(whole.means!.counts.reduce((sum, count) => sum + count, 0)).toBe(1000);
    curves.append('a', [live('loss', 1000, 5)]);
    const longer = curves.series('a', 'loss');
    expect([longer.total, longer.count - whole.count, longer.means!.values.length - whole.means!.values.length]).toEqual([1005, 5, 5]);
  });

  it.each([
    ['some of the newest points', 990, 995],
    ['groups of points', 300, 305],
    ['all of them', 0, 5],
  ])('are shorter where a resumed run does %s again', async (_, from, total) => {
    const { host, curves } = setUp();
    const loading = curves.load('a', ['loss']);
    host.answer(curve('loss', 1000));
    await loading;
    curves.append('a', [live('loss', from, 5)]);
    const view = curves.series('a', 'loss');
    expect(view.steps[view.count - 1]).toBe(from + 4);
    expect([...view.steps].every((step, at) => at === 0 || step > view.steps[at - 1])).toBe(true);
    // a group that lies across the place goes as a whole or stays as a whole
    expect(Math.abs(view.total - total)).toBeLessThan(1000 / 4);
    expect(view.means!.counts.reduce((sum, count) => sum + count, 0)).toBe(view.total);
  });

  it('keep what came live while they were on their way', async () => {
    const { host, curves } = setUp();
    const loading = curves.load('a', ['loss']);
    curves.append('a', [live('loss', 1000, 3), live('other', 0, 2)]);
    host.answer(curve('loss', 1000));
    await loading;
    expect(curves.series('a', 'loss').total).toBe(1003);
    expect(curves.names('a')).toEqual(['loss', 'other']);
  });

  it('are asked for once, and whoever asks again waits for the same answer', async () => {
    const { host, curves } = setUp();
    const first = curves.load('a', ['loss'], 8);
    const second = curves.load('a', ['loss/x', 'rate']);
    expect(host.asked).toEqual([
      { prefixes: ['loss'], groups: 8 },
      { prefixes: ['rate'], groups: undefined },
    ]);
    host.answer(curve('loss', 10));
    await first;
    host.answer(curve('rate', 10));
    await second;
    expect(curves.series('a', 'rate')).toMatchObject({ count: 10, total: 10, means: null });
    await curves.load('a', ['loss']);
    expect(host.asked).toHaveLength(2);
  });

  it('are asked for again after a failure, and when points were missed', async () => {
    const { host, curves } = setUp();
    const failed = curves.load('a', ['loss']);
    host.refuse();
    await expect(failed).rejects.toThrow('no');
    const again = curves.load('a', ['loss']);
    host.answer(curve('loss', 10));
    await again;
    curves.forget('a');
    const missed = curves.load('a', ['loss']);
    host.answer(curve('loss', 20));
    await missed;
    expect([host.asked.length, curves.series('a', 'loss').count]).toEqual([3, 20]);
  });

  it('tell whoever reads them', async () => {
    const { host, curves } = setUp();
    const counts: number[] = [];
    const scope = effectScope();
    scope.run(() => watchSyncEffect(() => counts.push(curves.series('a', 'loss').count)));
    const loading = curves.load('a', ['loss']);
    host.answer(curve('loss', 10));
    await loading;
    scope.stop();
    expect(counts).toEqual([0, 10]);
  });

  /** every point of some steps, as the host sends them */
  function part(series: string, from: number, to: number): CurveBlock {
    const steps = Float64Array.from({ length: to - from + 1 }, (_, at) => from + at);
    return { series, ...columns(steps, steps), total: steps.length, means: null };
  }
  async function loaded() {
    const { host, curves } = setUp();
    const loading = curves.load('a', ['l']);
    host.answer(curve('loss', 1000), curve('lr', 10));
    await loading;
    const refining = curves.refine('a', ['loss', 'lr'], { from: 100, to: 120 });
    host.answer(part('loss', 90, 121));
    return { host, curves, exact: await refining };
  }

  it('have finer points where they are zoomed into, as far as any were left out', async () => {
    const { host, curves, exact } = await loaded();
    expect([exact, host.asked.at(-1)]).toEqual([true, { series: ['loss'], range: { from: 100, to: 120 }, groups: 1024 }]);
    const { steps } = curves.drawn('a', 'loss');
    const first = steps.indexOf(90);
    expect([...steps.subarray(first, first + 32)]).toEqual(Array.from({ length: 32 }, (_, at) => 90 + at));
    expect(curves.series('a', 'loss').count).toBe(
      steps.length - 32 + [...curves.series('a', 'loss').steps].filter((step) => step >= 90 && step <= 121).length,
    );
    expect(curves.drawn('a', 'lr')).toEqual(curves.series('a', 'lr'));
    curves.coarsen('a');
    expect(curves.drawn('a', 'loss')).toEqual(curves.series('a', 'loss'));
  });

  it('go on with live points while they are zoomed into', async () => {
    const { curves } = await loaded();
    const before = curves.drawn('a', 'loss');
    expect(curves.drawn('a', 'loss')).toBe(before);
    curves.append('a', [live('loss', 1000, 5)]);
    const after = curves.drawn('a', 'loss');
    expect([after.count - before.count, after.total, after.steps.indexOf(90)]).toEqual([5, 1005, before.steps.indexOf(90)]);
  });

  it('have no finer points of steps that a resumed run does again', async () => {
    const { curves } = await loaded();
    curves.append('a', [live('loss', 110, 5)]);
    expect(curves.drawn('a', 'loss')).toEqual(curves.series('a', 'loss'));
  });

  it('tell when even the finer points are not all', async () => {
    const { host, curves } = setUp();
    const loading = curves.load('a', ['loss']);
    host.answer(curve('loss', 1000));
    await loading;
    const refining = curves.refine('a', ['loss'], { from: 0, to: 900 });
    host.answer(curve('loss', 900));
    expect(await refining).toBe(false);
    expect(await curves.refine('a', ['none'], { from: 0, to: 1 })).toBe(true);
  });

  it('come whole for files', async () => {
    const { host, curves } = setUp();
    const whole = curves.whole('a', ['loss']);
    expect(host.asked).toEqual([{ series: ['loss'], groups: 'all' }]);
    host.answer({ ...curve('loss', 10), means: null });
    expect((await whole).get('loss')).toMatchObject({ count: 10, means: null });
  });
});
