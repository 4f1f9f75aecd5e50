// The benchmarks that `npm run bench` and `npm run bench:quick` run.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { bench } from './runner.mjs';

/**
 * Each is bench/NAME.mjs, which takes `--out FILE` and writes there what `writeResults` of runner.mjs says. `quick` are the
 * arguments under which it takes about a minute; all quick ones together stay under three. The bounds of a benchmark are what
 * it once measured, or what is `demanded` of it, which no measurement changes.
 */
export const BENCHMARKS = [
  { name: 'step', title: 'Training step', quick: ['--nets', 'resnet20:128', '--rounds', '2', '--steps', '3', '--eager'] },
  { name: 'search', title: 'Search', quick: ['--searches', '2', '--predictors', 'paper', '--peers', 'nsga2:1'] },
  {
    name: 'measure',
    title: 'Measured configurations',
    quick: ['--recipes', 'cluttered-quick', '--rounds', '2', '--count', '2', '--no-peer'],
  },
  { name: 'data', title: 'Data', quick: ['--sets', 'mnist:60', '--rounds', '1', '--no-peer'], demanded: true },
];

/**
 * Runs one benchmark, which talks to the terminal.
 * @returns {Promise<object>} what it wrote
 * @throws {Error} when it ends with an error; it has said why
 */
export async function runBenchmark(name, args) {
  const folder = mkdtempSync(join(os.tmpdir(), 'eqnet-bench-'));
  const out = join(folder, `${name}.json`);
  try {
    const child = spawn(process.execPath, [join(bench, `${name}.mjs`), ...args, '--out', out], { stdio: ['ignore', 'inherit', 'inherit'] });
    const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
    if (code !== 0 || !existsSync(out))
      throw new Error(`The benchmark '${name}' ended with code ${code}: see above what it said; 'npm run bench:${name}' runs it alone.`);
    return JSON.parse(readFileSync(out, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
