// Loaded before the worker of `npm run bench:length` (node --import): writes what its process holds to EQNET_PROBE, a line of
// JSON every EQNET_PROBE_MS. tfjs-core is loaded here if the worker has not loaded it; its count is that of tf.memory().
import { appendFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { engine } from '@tensorflow/tfjs-core';

const { EQNET_PROBE: file, EQNET_PROBE_MS: interval } = process.env;

function sample() {
  const { rss, heapUsed, external } = process.memoryUsage();
  appendFileSync(file, `${JSON.stringify({ at: Date.now(), rss, heapUsed, external, tfTensors: engine().state.numTensors })}\n`);
}

// the thread that prepares batches is of the same process
if (isMainThread && file) setInterval(sample, Number(interval)).unref();
