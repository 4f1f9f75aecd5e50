/**
 * The browser host with a worker that trains nothing and sends the points of a long run within minutes: for measuring what
 * the host and a window keep and how smoothly the window draws. Started by scripts/measure-app.mjs.
 */
import { createInterface } from 'node:readline';
import { createWorkbench } from '../src/host/app/index.ts';
import { startServer } from '../src/server/server.ts';

const [pages, workerPath, root] = process.argv.slice(2);
const workbench = createWorkbench({ kind: 'browser', roots: [root], workerPath, engine: { executor: 'portable', version: 'simulated' } });
const server = await startServer({ port: 0, host: '127.0.0.1', pages, router: workbench.router });
process.stdout.write(`${server.url}\n`);
createInterface(process.stdin).on('line', () => {
  globalThis.gc?.();
  process.stdout.write(`${JSON.stringify(process.memoryUsage())}\n`);
});
process.once('SIGINT', () => {
  void workbench
    .close()
    .then(() => server.close())
    .then(() => process.exit(0));
});
