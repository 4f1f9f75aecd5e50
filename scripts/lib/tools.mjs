import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Path of a program that a package brings; started with this Node, so that Windows needs no .cmd file. */
export function programOf(packageName, program) {
  const folder = join(root, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[program]);
}

/**
 * Runs a program of a package, or a script of ours, in the root folder.
 * @param {{ package?: string, program?: string, script?: string, args: string[], show?: boolean, env?: Record<string, string> }} tool
 *   with `show` it writes to the terminal itself; `env` adds to the environment
 * @returns {Promise<{ ok: boolean, output: string, seconds: number }>}
 */
export function runTool({ package: name, program = name, script, args, show = false, env = {} }) {
  const started = performance.now();
  const child = spawn(process.execPath, [script ? join(root, script) : programOf(name, program), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: show ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ ok: code === 0, output: output.trim(), seconds: (performance.now() - started) / 1000 }));
  });
}

const CHECKS = [
  { name: 'types', package: 'typescript', program: 'tsc', args: ['-p', '.'] },
  { name: 'views', package: 'vue-tsc', args: ['-p', 'src/renderer', '--noEmit'] },
  { name: 'lint', package: 'oxlint', args: ['--deny-warnings'] },
  { name: 'markup', package: 'eslint', args: ['src/renderer', '--max-warnings', '0'] },
  { name: 'format', package: 'prettier', args: ['--check', '--log-level', 'warn', '.'], mend: 'npm run format' },
  {
    name: 'imports',
    package: 'dependency-cruiser',
    program: 'depcruise',
    args: ['src', 'scripts', 'bench', '--config', '.dependency-cruiser.cjs'],
  },
  { name: 'unused', package: 'knip', args: ['--no-progress'] },
  { name: 'docs', script: 'scripts/recipe-docs.mjs', args: ['--check'], mend: 'node scripts/recipe-docs.mjs' },
];

/** Says in one line how a tool went, and shows what it found. */
export function report({ name, ok, output, seconds, mend }) {
  console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(8)} ${seconds.toFixed(1)} s`);
  if (!ok) console.log(`${output}${mend ? `\nMend it with: ${mend}` : ''}\n`);
}

/** Runs every check, two at a time. @returns {Promise<boolean[]>} whether each passed */
export async function runChecks() {
  const passed = [];
  const waiting = [...CHECKS];
  const lane = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const result = await runTool(check);
      passed.push(result.ok);
      report({ ...check, ...result });
    }
  };
  await Promise.all([lane(), lane()]);
  return passed;
}
