// What the benchmarks share: processes that take turns, medians, tables, the description of the machine, results on disk.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const bench = join(root, 'bench');
/** Share of the processors in other programs' hands above which a turn says more about those; left out of medians and ratios. */
export const BUSY = 0.05;

/**
 * Builds bench/NAME.ts.
 * @param others programs that it expects beside it: output name to source below the root
 * @param place  the folder in out/ where another build of the same program has the usual one
 * @returns {Promise<string>} the file to run
 */
export async function buildOurs(name, others = {}, place = name) {
  const outDir = join(root, 'out', `bench-${place}`);
  const input = { [name]: join(bench, `${name}.ts`) };
  for (const [other, source] of Object.entries(others)) input[other] = join(root, source);
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    build: { ssr: true, target: 'node20', outDir, emptyOutDir: true, rollupOptions: { input, output: { entryFileNames: '[name].js' } } },
  });
  return join(outDir, `${name}.js`);
}

/** A process that answers each line with a line of JSON. */
export class Runner {
  /** @param environment added to that of this process */
  constructor(name, command, args, environment = {}) {
    this.name = name;
    this.started = performance.now();
    this.child = spawn(command, args, { env: { ...process.env, ...environment } });
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
  /** Waits until the process can work; `readySeconds` is then known. */
  async ready() {
    await this.hear();
    this.readySeconds = (performance.now() - this.started) / 1000;
  }
  async ask(count) {
    this.child.stdin.write(`${count}\n`);
    return this.hear();
  }
  end() {
    this.child.kill();
  }
}

/** The one answer of a process. */
export async function once(name, command, args) {
  const runner = new Runner(name, command, args);
  const answer = await runner.hear();
  runner.end();
  return answer;
}

/** A folder for the files of a benchmark; it and all runners are gone at the end and after Ctrl-C. */
export function workplace() {
  const runners = [];
  const directory = mkdtempSync(join(os.tmpdir(), 'eqnet-bench-'));
  const cleanUp = () => {
    for (const runner of runners) runner.end();
    rmSync(directory, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      cleanUp();
      process.exit(130);
    });
  }
  return { directory, runners, cleanUp };
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

/** Time that all processors together have spent working since the machine started. */
const busyMilliseconds = () => os.cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);

/**
 * Lets a process work and watches the machine meanwhile.
 * @param work answers with `cpuMilliseconds`, a list
 * @returns the answer and `others`, the share of the processors that other programs had
 */
export async function watched(work) {
  const started = performance.now();
  const before = busyMilliseconds();
  const answer = await work();
  const own = answer.cpuMilliseconds.reduce((sum, value) => sum + value, 0);
  const others = Math.max(0, busyMilliseconds() - before - own) / ((performance.now() - started) * os.cpus().length);
  return { ...answer, others };
}

export const isQuiet = (round) => round.others <= BUSY;
/** Undisturbed turns; all where there is none. */
export const quietest = (rounds) => (rounds.some(isQuiet) ? rounds.filter(isQuiet) : rounds);
export const starred = (text, quiet) => `${text}${quiet ? ' ' : '*'}`;

/** Rows of text as columns; the first row is the head. */
export const textTable = (rows) => {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ')).join('\n');
};

/** The same in Markdown. */
export const markdownTable = ([head, ...rows]) =>
  [head, head.map((_, i) => (i ? '---:' : '---')), ...rows].map((row) => `| ${row.map((cell) => cell.trim()).join(' | ')} |`).join('\n');

/** @param versions of the libraries, `{ TensorFlow: '2.21.0', ... }` */
export function describeMachine(versions, threads) {
  return {
    cpu: os.cpus()[0].model.trim(),
    cores: os.availableParallelism(),
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    versions: { Node: process.version.slice(1), ...versions },
    threads: Number(threads),
    loadAtStart: os.loadavg().map((value) => Number(value.toFixed(2))),
  };
}

/** One line of text for `describeMachine`. */
export const machineText = ({ cpu, cores, memoryGb, system, versions, threads, loadAtStart }) =>
  `${cpu}, ${cores} cores, ${memoryGb} GB, ${system}; ${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}; ${threads} threads; load at start ${loadAtStart.join(' ')} (1, 5, 15 minutes)`;

/**
 * Writes what a benchmark found.
 * @param found `{ machine, tables: [{ title, rows }], notes: [text], ratios: { name: number }, ... }`; ratios are ours / theirs
 * @param file  bench/results/NAME-DATE.json when left out
 */
export function writeResults(name, found, file) {
  const date = new Date().toISOString();
  const results = join(bench, 'results');
  mkdirSync(results, { recursive: true });
  const path = file ?? join(results, `${name}-${date.replaceAll(/[:.]/g, '-')}.json`);
  writeFileSync(path, `${JSON.stringify({ name, date, ...found }, null, 2)}\n`);
  // A file that was asked for is no news to who asked.
  if (!file) console.log(`Written: ${path}`);
}
