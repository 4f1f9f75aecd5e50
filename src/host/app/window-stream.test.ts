import { describe, expect, test } from 'vitest';
import type { HostEvent, ProjectView } from '../../shared/contract/api/views.ts';
import { WindowStream } from './window-stream.ts';

const view = { folder: 'p' } as ProjectView;

function stream() {
  let jobs = 0;
  const made = new WindowStream({ jobs: () => (jobs++, []), projectsOf: () => ['p'], view: () => view }, 'w');
  const events = made.events();
  const next = async () => (await events.next()).value as HostEvent;
  return { made, next, events, jobsAsked: () => jobs };
}

const points = (count: number, from = 0) => Array.from({ length: count }, (_, index) => ({ series: 'loss', step: from + index, value: 1 }));

test('a stream starts with the jobs and the open projects', async () => {
  const { next } = stream();
  expect([await next(), await next()]).toEqual([
    { type: 'jobs', jobs: [] },
    { type: 'project', view, origin: null },
  ]);
});

describe('after that', () => {
  async function started() {
    const all = stream();
    await all.next();
    await all.next();
    return all;
  }

  test('points of one interval become one block, and many changes of jobs one list', async () => {
    const { made, next, jobsAsked } = await started();
    for (let i = 0; i < 5; i++) {
      made.metrics({ project: 'p', run: 'r', points: points(2, 2 * i), time: 1000 + i });
      made.markJobs();
    }
    expect((await next()).type).toBe('jobs');
    expect(jobsAsked()).toBe(2);
    expect(await next()).toMatchObject({ type: 'metrics', run: 'r', blocks: [{ series: 'loss', count: 10 }] });
  });

  test('a window that does not read keeps the newest points, and hears that some are missing', async () => {
    const { made, next } = await started();
    for (let i = 0; i < 30; i++) made.metrics({ project: 'p', run: 'r', points: points(1000, 1000 * i), time: i });
    expect(await next()).toMatchObject({ type: 'project' });
    expect(await next()).toEqual({ type: 'gap', project: 'p', run: 'r' });
    const metrics = await next();
    expect(metrics).toMatchObject({ type: 'metrics', blocks: [{ count: 10_000 }] });
  });

  test('log lines and search rounds are bounded as well', async () => {
    const { made, next } = await started();
    for (let i = 0; i < 2000; i++) made.post({ type: 'log', project: 'p', run: 'r', lines: [{ time: '', text: `${i}` }] });
    await next();
    expect((await next()).type).toBe('gap');
    const log = await next();
    expect(log.type === 'log' && [log.lines.length, log.lines.at(-1)?.text]).toEqual([500, '1999']);
  });

  test('news of projects that the window has not opened is left out', async () => {
    const { made, next } = await started();
    made.metrics({ project: 'other', run: 'r', points: points(1), time: 0 });
    made.markProject('other', null);
    made.post({ type: 'settings', settings: {} });
    expect((await next()).type).toBe('settings');
  });

  test.each([
    [['w'], 'w'],
    [['w', 'w'], 'w'],
    [['w', 'x'], null],
    [['w', null], null],
  ])('a project changed by %j comes from %s', async (origins, told) => {
    const { made, next } = await started();
    for (const origin of origins) made.markProject('p', origin);
    expect(await next()).toMatchObject({ type: 'project', origin: told });
  });

  test('its end ends the loop', async () => {
    const { made, events } = await started();
    const end = events.next();
    made.end();
    expect((await end).done).toBe(true);
  });
});
