// `npm run demo`: trains, searches and exports a small model and shows what came out.
//   npm run demo              goes on with ./demo.eqnet, or shows it when it is finished
//   npm run demo -- --fresh   adds a new run to it
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUpEngine } from './lib/engine.mjs';
import { CHECKOUT_PROGRAM } from './lib/program-name.mjs';

// Hints name commands as they can be typed here.
process.env.EQNET_PROGRAM = CHECKOUT_PROGRAM;

const eqnet = join(dirname(fileURLToPath(import.meta.url)), 'eqnet.mjs');
const project = 'demo.eqnet';
const STOPPED = 130;

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => interrupt.abort());

/** Runs one command; Ctrl-C goes to it as well, so here it only must not end this process first. */
function run(argv, capture = false) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [eqnet, ...argv], { stdio: ['inherit', capture ? 'pipe' : 'inherit', 'inherit'] });
    let out = '';
    child.stdout?.on('data', (chunk) => (out += chunk));
    child.once('close', (code) => resolve({ code: code ?? 1, out }));
  });
}

/** What a failed command with --json says went wrong, as one of the error codes of docs/cli.md; null of one that was killed. */
function errorCode({ out }) {
  try {
    return JSON.parse(out).error.code;
  } catch {
    return null;
  }
}

/** Whether there is a native engine; null when it was interrupted. */
async function findEngine() {
  try {
    return await setUpEngine({ signal: interrupt.signal });
  } catch (error) {
    if (interrupt.signal.aborted) return null;
    throw error;
  }
}

/** Ways out that the sentence of the command itself leaves open. */
const WAYS_OUT = {
  'project-newer': `This demo would go on in ${project}: move that folder away, then start the demo again.`,
  'project-invalid': `This demo would go on in ${project}: move that folder away, then start the demo again.`,
  'checkpoint-invalid': 'Or start once more from the beginning: npm run demo -- --fresh',
};

async function demo() {
  const native = await findEngine();
  if (native === null) return STOPPED;
  const recipe = native ? 'cluttered-quick' : 'mnist-portable';
  if (!native) console.log(`The demo takes the smaller recipe '${recipe}'.`);
  const command = ['run', recipe, '--project', project, ...(native ? [] : ['--engine', 'portable']), '--json'];
  const fresh = process.argv.includes('--fresh');
  let result = await run(fresh ? command : [...command, '--resume'], true);
  if (result.code !== 0 && !fresh && errorCode(result) === 'fingerprint-mismatch') {
    console.log('That was a demo with another engine or version: it stays as it is, and a new run is added beside it.');
    result = await run(command, true);
  }
  if (result.code !== 0) {
    const wayOut = WAYS_OUT[errorCode(result)];
    if (wayOut) console.error(wayOut);
    return result.code;
  }
  process.stdout.write('\n');
  await run(['show', project]);
  const exported = JSON.parse(result.out).run.exports.map(({ file }) => `  ${file}\n`);
  process.stdout.write(`\nThe exported ONNX files:\n${exported.join('')}\nOnce more from the start: npm run demo -- --fresh\n`);
  return 0;
}

process.exitCode = await demo();
