import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Python of an environment of its own below `folder`/.venv, made at first use and again when folder/requirements.txt changes.
 * @returns {string} path of the interpreter
 */
export function pythonOf(folder) {
  const requirements = join(folder, 'requirements.txt');
  const environment = join(folder, '.venv');
  const python = process.platform === 'win32' ? join(environment, 'Scripts', 'python.exe') : join(environment, 'bin', 'python');
  const stamp = join(environment, 'requirements.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  console.log(`Installing PyTorch into ${environment} (once; several GB where pip finds only the build with CUDA) ...`);
  const run = (command, args) => {
    const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
    if (status !== 0) throw new Error(`'${command} ${args.join(' ')}' failed (${error?.message ?? `exit code ${status}`}).`);
  };
  if (!existsSync(python)) run(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', environment]);
  run(python, ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
  writeFileSync(stamp, wanted);
  return python;
}
