import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './testing/project-fixture.ts';
import { findNode, forkWorker } from './worker-launcher.ts';
import { WorkerProcess } from './worker-process.ts';

test('the first Node.js on PATH is found', () => {
  const folder = temporaryFolder();
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const [empty, full] = ['empty', 'full'].map((part) => join(folder, part));
  for (const path of [empty, full]) mkdirSync(path);
  writeFileSync(join(full, name), '');
  chmodSync(join(full, name), 0o755);
  expect(findNode({ PATH: [empty, full].join(delimiter) })).toBe(join(full, name));
  expect(findNode({ PATH: empty })).toBeNull();
  expect(findNode({})).toBeNull();
});

test('what is sent arrives, the output comes before the end, and the end is told once', async () => {
  const path = join(temporaryFolder(), 'echo.mjs');
  writeFileSync(path, `process.on('message', (m) => { process.send(m); process.stderr.write('last words\\n', () => process.exit(3)); });`);
  const worker = forkWorker({ path, env: process.env });
  const told: unknown[] = [];
  worker.onMessage((message) => told.push(message.type));
  let words = '';
  worker.stderr!.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const end = await new Promise((resolve) => {
    worker.onExit((code, signal) => resolve([code, signal, words]));
    worker.send({ type: 'close' });
  });
  expect([told, end]).toEqual([['close'], [3, null, 'last words\n']]);
  expect(worker.connected).toBe(false);
});

test('a launcher of another kind drives the same conversation', async () => {
  const path = join(temporaryFolder(), 'w.mjs');
  writeFileSync(
    path,
    `process.on('message', (m) => (m.type === 'close' ? process.exit(0) : process.send({ type: 'looked', kind: 'network', result: 7 })));`,
  );
  let started = 0;
  const worker = new WorkerProcess({
    workerPath: path,
    launch: (launch) => {
      started += 1;
      return forkWorker(launch);
    },
  });
  const answer = await worker.request({ type: 'look', request: {} as never }, 'looked');
  expect([answer.result, started]).toEqual([7, 1]);
  await worker.close();
  expect(worker.alive).toBe(false);
});
