import { join } from 'node:path';
import { runnerImport } from 'vite';
import { CHECKOUT_PROGRAM } from './program-name.mjs';
import { root } from './tools.mjs';

/** Progress on one line of a terminal; elsewhere a line for each step. */
function progressWriter() {
  const { isTTY } = process.stdout;
  let shown = '';
  return {
    update({ step, done, total }) {
      const text = isTTY && total > 1 ? `${step} ${Math.floor((100 * done) / total)} %` : `${step} ...`;
      if (text === shown) return;
      shown = text;
      process.stdout.write(isTTY ? `\r\x1b[K${text}` : `${text}\n`);
    },
    end() {
      if (isTTY && shown) process.stdout.write('\r\x1b[K');
    },
  };
}

/**
 * Sets up the native engine where this machine can have it, with progress, and says in one sentence what there is or what
 * is missing and what that costs.
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<boolean>} whether there is one
 */
export async function setUpEngine({ signal } = {}) {
  const options = { root, configFile: false, logLevel: 'error' };
  const { ensureEngine } = (await runnerImport(join(root, 'src/host/engine/ensure.ts'), options)).module;
  const progress = progressWriter();
  const before = process.env.EQNET_PROGRAM;
  process.env.EQNET_PROGRAM = before ?? CHECKOUT_PROGRAM;
  const engine = await ensureEngine((report) => progress.update(report), { signal }).finally(() => progress.end());
  // what is started later finds out for itself
  if (before === undefined) delete process.env.EQNET_PROGRAM;
  const isMissing = 'sentence' in engine;
  console.log(isMissing ? engine.sentence : `TensorFlow ${engine.tensorflowVersion} (${engine.gpu ? 'GPU' : 'CPU'} build) is ready.`);
  return !isMissing;
}
