import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { outsideArchive, packageRoot } from '../package-root.ts';
import { nodeApiHeaders, probeAddon } from './addon-build.ts';
import type { Environment } from './cache-dir.ts';
import { lastLines, runChild } from './child.ts';
import { withLock } from './lock.ts';
import { findCompiler } from './tools.ts';

/**
 * Our own TensorFlow ops (resources/engine/native), compiled on this machine into the folder of an engine. They are a file of
 * their own, named by their source: an engine of 0.9 GB serves several versions of the program.
 */
export interface FusedOps {
  /** the Node-API module that registers them */
  path: string;
  /** of source and compiler flags, 12 hexadecimal digits; part of the engine's version, since results differ in the last bit */
  digest: string;
}

const FLAGS = ['-std=c++17', '-O3', '-fPIC', '-fno-math-errno', '-fno-trapping-math', '-ffp-contract=off', '-w', '-DNAPI_VERSION=8'];
const sourceFolder = outsideArchive(join(packageRoot, 'resources', 'engine', 'native'));

function sources(): { files: string[]; digest: string } {
  const names = readdirSync(sourceFolder).sort();
  const hash = createHash('sha256').update(FLAGS.join(' '));
  for (const name of names) hash.update(name).update(readFileSync(join(sourceFolder, name)));
  return {
    files: names.filter((name) => name.endsWith('.cc')).map((name) => join(sourceFolder, name)),
    digest: hash.digest('hex').slice(0, 12),
  };
}

const folderOf = (engineDir: string) => join(engineDir, 'ops');

/** The ops of this version of the program, where they have been compiled. */
export function locateFusedOps(engineDir: string): FusedOps | null {
  const { digest } = sources();
  const path = join(folderOf(engineDir), `${digest}.node`);
  return existsSync(path) ? { path, digest } : null;
}

/**
 * Compiles the ops, about 10 seconds, and loads them once in a process of their own.
 * @returns them, or why this machine goes without: everything works, training is slower
 */
export async function buildFusedOps(
  engineDir: string,
  addonPath: string,
  env: Environment = process.env,
  signal?: AbortSignal,
): Promise<FusedOps | { problem: string }> {
  const compiler = await findCompiler(env);
  if (!compiler) return { problem: 'no C++ compiler was found' };
  const folder = folderOf(engineDir);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    return { problem: `${folder} cannot be written (${(error as NodeJS.ErrnoException).code})` };
  }
  return withLock(
    folder,
    async () => {
      const known = locateFusedOps(engineDir);
      if (known) return known;
      const { files, digest } = sources();
      const staging = await mkdtemp(join(folder, '.staging-'));
      try {
        const built = join(staging, 'ops.node');
        const link =
          process.platform === 'darwin'
            ? ['-bundle', '-undefined', 'dynamic_lookup', '-Wl,-rpath,@loader_path/../deps/lib,-rpath,@loader_path/../../deps/lib']
            : ['-shared', '-pthread', '-Wl,-rpath,$ORIGIN/../deps/lib:$ORIGIN/../../deps/lib'];
        const args = [
          ...compiler.args,
          ...FLAGS,
          `-I${join(engineDir, 'deps', 'include')}`,
          `-I${nodeApiHeaders()}`,
          ...files,
          `-L${join(engineDir, 'deps', 'lib')}`,
          '-ltensorflow',
          '-ltensorflow_framework',
          ...link,
          `-o${built}`,
        ];
        const compiled = await runChild(compiler.command, args, { env, signal });
        if (compiled.status !== 0) return { problem: `${compiler.command} could not compile them (${lastLines(compiled.stderr, 1)})` };
        // Before they get their name: whoever looks for them meanwhile, or after an interruption, must not find ones that do not load.
        const { error } = await probeAddon(addonPath, env, signal, [built]);
        if (error !== undefined) return { problem: `they do not load (${error})` };
        const path = join(folder, `${digest}.node`);
        await rename(built, path);
        return { path, digest };
      } finally {
        await rm(staging, { recursive: true, force: true });
      }
    },
    undefined,
    signal,
  );
}
