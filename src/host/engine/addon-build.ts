import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { eqnet } from '../../shared/contract/command-line.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { outsideArchive } from '../package-root.ts';
import type { Environment } from './cache-dir.ts';
import { lastLines, runChild, type ChildOptions, type ChildResult } from './child.ts';
import type { EngineManifest } from './manifest.ts';
import type { Tool } from './tools.ts';

/** Where the C++ source of the addon and the Node-API headers lie. */
export interface AddonSource {
  /** folder with the *.cc files */
  binding: string;
  /** folder with node_api.h */
  headers: string;
}

const packages = createRequire(import.meta.url);

/**
 * Finds the addon's source in the installed packages.
 *
 * @throws WorkbenchError 'engine-missing' when a package is absent or of another version than the manifest pins
 */
export async function findAddonSource(manifest: EngineManifest): Promise<AddonSource> {
  const { package: name, version } = manifest.addon;
  const root = packageRoot(name);
  const installed = (JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }).version;
  if (installed !== version) {
    throw new WorkbenchError(
      'engine-missing',
      `${name} is installed in version ${installed}, but this engine is built from ${version}: run npm ci in the workbench folder.`,
    );
  }
  return { binding: join(root, 'binding'), headers: nodeApiHeaders() };
}

/** Folder of node_api.h. */
export const nodeApiHeaders = (): string => join(packageRoot('node-api-headers'), 'include');

function packageRoot(name: string): string {
  try {
    return outsideArchive(dirname(packages.resolve(`${name}/package.json`)));
  } catch (error) {
    throw new WorkbenchError(
      'engine-missing',
      `The npm package ${name} is not installed, and the engine is built from it: run npm ci in the workbench folder.`,
      {},
      error,
    );
  }
}

/**
 * Compiles the addon against the libraries in `engineDir/deps`. It speaks Node-API 8 only, so one binary serves every
 * Node from 20 on and Electron, and neither node-gyp nor Node's own headers are needed.
 *
 * @throws WorkbenchError 'engine-failed' with the compiler's last words
 */
export async function buildAddon(
  manifest: EngineManifest,
  engineDir: string,
  compiler: Tool,
  source: AddonSource,
  env?: Environment,
  signal?: AbortSignal,
): Promise<void> {
  const target = join(engineDir, manifest.addon.file);
  await mkdir(dirname(target), { recursive: true });
  const files = (await readdir(source.binding)).filter((name) => name.endsWith('.cc')).sort();
  const args = [
    ...compiler.args,
    '-std=c++17',
    '-O2',
    '-fPIC',
    '-w',
    '-DNAPI_VERSION=8',
    `-I${join(engineDir, 'deps', 'include')}`,
    `-I${source.headers}`,
    ...files.map((name) => join(source.binding, name)),
    `-L${join(engineDir, 'deps', 'lib')}`,
    `-o${target}`,
    ...(manifest.os === 'darwin'
      ? ['-bundle', '-undefined', 'dynamic_lookup', '-ltensorflow', '-ltensorflow_framework', '-Wl,-rpath,@loader_path/../../deps/lib']
      : ['-shared', '-ltensorflow', '-ltensorflow_framework', '-Wl,-rpath,$ORIGIN/../../deps/lib']),
  ];
  const result = await runChild(compiler.command, args, { env, signal });
  if (result.status === 0 && existsSync(target)) return;
  const reason = result.failure ?? firstError(result.stderr) ?? lastLines(result.stderr, 1);
  throw new WorkbenchError(
    'engine-failed',
    `${compiler.command} (${compiler.version}) could not compile the TensorFlow addon (${reason}): set CXX to another C++17 compiler, such as a newer g++ or clang++, and run ${eqnet('engine install')} again.`,
    { output: lastLines(result.stderr, 20) },
  );
}

const firstError = (output: string): string | undefined =>
  output
    .split('\n')
    .find((line) => /\berror\b/i.test(line))
    ?.trim();

export interface AddonProbe {
  /** what the library calls itself; null when the addon does not load */
  tensorflow: string | null;
  /** why it does not load */
  error?: string;
}

/** Runs the text of a CommonJS script with one argument, the last of its `process.argv`; the script ends its process itself. */
export type ScriptRunner = (script: string, argument: string, options: ChildOptions) => Promise<ChildResult>;

let runScript: ScriptRunner = (script, argument, options) => runChild(process.execPath, ['-e', script, argument], options);

/** The executable of an installed desktop app is no Node.js: the app brings its own way to run a script. */
export function runScriptsWith(runner: ScriptRunner): void {
  runScript = runner;
}

const PROBE =
  'const [addon] = JSON.parse(process.argv.at(-1)).map(require); process.stdout.write("TF=" + addon.TF_Version + "\\n", () => process.exit(0))';

/** Loads the addon, and `more` modules after it, in a process of their own, since a native fault would take this one along. */
export async function probeAddon(
  addonPath: string,
  env: Environment = process.env,
  signal?: AbortSignal,
  more: readonly string[] = [],
): Promise<AddonProbe> {
  const result = await runScript(PROBE, JSON.stringify([addonPath, ...more]), {
    env: { ...env, NODE_OPTIONS: '', TF_CPP_MIN_LOG_LEVEL: '2' },
    signal,
    timeoutMs: 120_000,
  });
  const version = /^TF=(.+)$/m.exec(result.stdout)?.[1];
  if (result.status === 0 && version && version !== 'undefined') return { tensorflow: version };
  const reason = result.stderr.split('\n').find((line) => /^Error: |error while loading|GLIBC/.test(line)) ?? lastLines(result.stderr, 1);
  return { tensorflow: null, error: (reason || `the process ended with status ${result.status}`).replace(/^Error: /, '').trim() };
}
