import { expect, test } from 'vitest';
import type { WorkerMessage } from '../../shared/contract/job-protocol.ts';
import { StepClock } from './step-clock.ts';

/** A clock that time passes on only where a test says so, and what it noted. */
function started(phase: 'pretrain' | 'supernet' = 'pretrain') {
  let [time, idle] = [1000, 500];
  const points: [string, number, number][] = [];
  const sent: WorkerMessage[] = [];
  const reporter = {
    metric: (series: string, step: number, value: number) => void points.push([series, step, value]),
    send: (message: WorkerMessage) => void sent.push(message),
  };
  const clock = new StepClock(
    phase,
    reporter,
    () => idle,
    () => time,
  );
  const pass = (waits: number, computes: number) => {
    time += waits + computes;
    idle += waits;
  };
  const step = (index: number, waits: number, computes: number) => clock.step(index, async () => pass(waits, computes));
  return { clock, points, sent, pass, step };
}
const lines = (sent: WorkerMessage[]) => sent.map((message) => (message.type === 'log' ? message.text : message.type));

test('every tenth step notes the mean time and the idle share of the ten, the end notes the rest', async () => {
  const { clock, points, sent, step } = started('supernet');
  for (let i = 0; i < 10; i++) await step(40 + i, i === 0 ? 100 : 0, 40);
  expect(points).toEqual([
    ['supernet/ms/step', 49, 50],
    ['supernet/idle-share', 49, 0.2],
  ]);
  for (let i = 10; i < 20; i++) await step(40 + i, 0, 40);
  for (let i = 20; i < 25; i++) await step(40 + i, 20, 20);
  expect(points).toHaveLength(4);
  clock.end();
  expect(points.slice(2)).toEqual([
    ['supernet/ms/step', 59, 40],
    ['supernet/idle-share', 59, 0],
    ['supernet/ms/step', 64, 40],
    ['supernet/idle-share', 64, 0.5],
  ]);
  // 200 ms of 1100 in 25 steps
  expect(lines(sent)).toEqual(['Supernet training: 25 steps of 44.0 ms on average, 18.2 % of it waiting for images.']);
});

test('what happens between the steps does not count', async () => {
  const { clock, points, pass, step } = started();
  await step(0, 1, 9);
  // a pause, a checkpoint, an evaluation that feeds the engine
  pass(70, 5000);
  await step(1, 1, 9);
  clock.end();
  expect(points).toEqual([
    ['pretrain/ms/step', 1, 10],
    ['pretrain/idle-share', 1, 0.1],
  ]);
});

test('a step that is given up does not count and is not swallowed', async () => {
  const { clock, points, sent, pass, step } = started();
  await step(0, 0, 10);
  const given = clock.step(1, async () => {
    pass(30, 0);
    throw new Error('stopped');
  });
  await expect(given).rejects.toThrow('stopped');
  clock.end();
  expect(points).toEqual([
    ['pretrain/ms/step', 0, 10],
    ['pretrain/idle-share', 0, 0],
  ]);
  expect(lines(sent)).toEqual(['Float training: one step of 10.0 ms on average, 0.0 % of it waiting for images.']);
});

test('a training without steps says nothing', () => {
  const { clock, points, sent } = started();
  clock.end();
  expect([points, sent]).toEqual([[], []]);
});

test('the result of a step is handed on', async () => {
  const { clock } = started();
  expect(await clock.step(0, async () => 'loss')).toBe('loss');
});
