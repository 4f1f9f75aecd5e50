// What the benchmarks share: programs of TypeScript that are built and started, sides that take turns, numbers in tables.
import { spawn } from 'node:child_process';
import os from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
export const benchFolder = join(root, 'bench');

/** Builds bench/NAME.ts; returns the file to run. */
export async function buildBench(name) {
  const outDir = join(root, 'out/bench', name);
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    build: { ssr: join(benchFolder, `${name}.ts`), target: 'node20', outDir, emptyOutDir: true },
  });
  return join(outDir, `${name}.js`);
}

/** A process that answers each line with a line of JSON. */
export class Runner {
  constructor(name, command, args) {
    this.name = name;
    this.child = spawn(command, args);
    // Both libraries talk a lot at their start; what they say is shown only when they fail.
    this.said = '';
    this.child.stderr.on('data', (data) => (this.said = (this.said + data).slice(-4000)));
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    this.rounds = [];
  }
  async hear() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`The process of '${this.name}' ended without an answer:\n${this.said}`);
    return JSON.parse(value);
  }
  async steps(count) {
    this.child.stdin.write(`${count}\n`);
    return this.hear();
  }
  end() {
    this.child.kill();
  }
}

/** The first answer of a process that is then ended. */
export async function once(name, command, args) {
  const runner = new Runner(name, command, args);
  const answer = await runner.hear();
  runner.end();
  return answer;
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

/** Time that all processors together have spent working since the machine started. */
export const busyMilliseconds = () => os.cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);

export const table = (rows) => {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ')).join('\n');
};
