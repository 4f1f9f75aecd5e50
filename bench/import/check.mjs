// Exports randomly initialised torchvision networks with PyTorch's two exporters, and imports them.
//   node bench/import/check.mjs
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonOf } from '../python.mjs';

const bench = fileURLToPath(new URL('.', import.meta.url));
const program = fileURLToPath(new URL('../../scripts/eqnet.mjs', import.meta.url));
const folder = mkdtempSync(join(os.tmpdir(), 'eqnet-torchvision-'));

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28, ...options });
  if (result.status !== 0) throw new Error(`'${args.join(' ')}' failed: ${result.stdout ?? ''}${result.error?.message ?? ''}`);
  return result.stdout;
}

try {
  run(pythonOf(bench), [join(bench, 'export_models.py'), folder], { stdio: ['ignore', 'inherit', 'inherit'] });
  const project = join(folder, 'torchvision.eqnet');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.onnx'))) {
    const text = run(process.execPath, [
      program,
      '--quiet',
      'model',
      'import',
      join(folder, file),
      '--project',
      project,
      '--normalize',
      'imagenet',
      '--json',
    ]);
    const { check, parameters, layers } = JSON.parse(text).model;
    const { maxRelativeDifference, agreement } = check;
    console.log(
      `${file.padEnd(28)} ${layers.length} layers, ${parameters} parameters, largest difference ${maxRelativeDifference.toExponential(1)}, same class ${100 * agreement} %`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
