// Sets everything up, then runs all checks and tests. The last line counts them: `N passed, N failed, N skipped`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureApp } from './lib/build-app.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { setUpEngine } from './lib/engine.mjs';
import { runStories } from './lib/story-tests.mjs';
import { report, runChecks, runTool } from './lib/tools.mjs';

/** Builds the programs that the end-to-end tests start. */
async function runBuild() {
  const began = performance.now();
  const failure = await ensureBuilt()
    .then(() => ensureApp(() => undefined))
    .then(
      () => null,
      (error) => error,
    );
  return { ok: failure === null, output: failure?.message ?? '', seconds: (performance.now() - began) / 1000 };
}

/** Runs vitest. @returns {Promise<{ passed: number, failed: number, skipped: number }>} */
async function runVitest() {
  const folder = mkdtempSync(join(tmpdir(), 'eqnet-test-'));
  const file = join(folder, 'vitest.json');
  try {
    const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const { ok } = await runTool({ package: 'vitest', args, show: true });
    return count(file, ok);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function count(file, ok) {
  let results;
  try {
    results = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    console.log('vitest ended without results.');
    return { passed: 0, failed: 1, skipped: 0 };
  }
  // a file that does not load, or whose set-up fails, has failed without a test that could be counted
  const failedFiles = results.testResults.filter(({ status }) => status === 'failed');
  const uncounted = failedFiles.filter(({ assertionResults }) => !assertionResults.some(({ status }) => status === 'failed')).length;
  const failed = results.numFailedTests + uncounted;
  return {
    passed: results.numPassedTests,
    // vitest also fails for errors outside of all tests
    failed: ok ? failed : Math.max(failed, 1),
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

const started = performance.now();
await setUpEngine();
const build = await runBuild();
report({ name: 'build', ...build });
const tools = [build.ok, ...(await runChecks())];
const suites = [await runVitest(), await runStories()];
const sum = (name) => suites.reduce((total, suite) => total + suite[name], 0);
const failed = sum('failed') + tools.filter((ok) => !ok).length;
console.log(`${Math.round((performance.now() - started) / 1000)} s`);
console.log(`${sum('passed') + tools.filter(Boolean).length} passed, ${failed} failed, ${sum('skipped')} skipped`);
if (failed) process.exitCode = 1;
