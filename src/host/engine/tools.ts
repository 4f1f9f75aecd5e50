import type { Tool } from '../../shared/contract/engine-report.ts';
import { runChild } from './child.ts';
import type { Environment } from './cache-dir.ts';

export type { Tool };

export interface PipSearch {
  pip: Tool | null;
  /** a Python that was found, with pip or without */
  python: Tool | null;
}

const TIMEOUT_MS = 60_000;

async function answer(command: string, args: string[], env: Environment): Promise<string | null> {
  const { status, stdout, stderr } = await runChild(command, args, { env, timeoutMs: TIMEOUT_MS });
  return status === 0 ? (stdout || stderr).trim().split('\n')[0] : null;
}

/**
 * Finds a Python with pip, or a `uv` that can run pip. Any Python 3 does: pip is told for which Python to download.
 *
 * @param env the environment in whose PATH to look
 */
export async function findPip(env: Environment = process.env): Promise<PipSearch> {
  let python: Tool | null = null;
  const candidates: [string, string[]][] = [
    ['python3', []],
    ['python', []],
    ...(process.platform === 'win32' ? ([['py', ['-3']]] as [string, string[]][]) : []),
  ];
  for (const [command, args] of candidates) {
    const version = await answer(command, [...args, '--version'], env);
    if (version === null || !version.startsWith('Python 3')) continue;
    python ??= { command, args, version };
    const pip = await answer(command, [...args, '-m', 'pip', '--version'], env);
    if (pip !== null) return { pip: { command, args: [...args, '-m', 'pip'], version: pip }, python: { command, args, version } };
  }
  const uvPip = await answer('uv', ['tool', 'run', 'pip', '--version'], env);
  return { pip: uvPip === null ? null : { command: 'uv', args: ['tool', 'run', 'pip'], version: uvPip }, python };
}

/** Finds a C++ compiler: `CXX`, then c++, g++ and clang++ in the PATH. */
export async function findCompiler(env: Environment = process.env): Promise<Tool | null> {
  if (process.platform === 'win32') return null;
  // without the command line tools macOS has a c++ that opens a dialog instead of compiling
  if (process.platform === 'darwin' && !env.CXX && (await answer('xcode-select', ['-p'], env)) === null) return null;
  const asked = env.CXX?.trim().split(/\s+/);
  const candidates = [...(asked?.[0] ? [asked] : []), ['c++'], ['g++'], ['clang++']];
  for (const [command, ...args] of candidates) {
    const version = await answer(command, [...args, '--version'], env);
    if (version !== null) return { command, args, version };
  }
  return null;
}

/** The command that installs pip, as people of this platform would do it. */
export function pipRemedy(os: NodeJS.Platform = process.platform): string {
  if (os === 'darwin') return 'xcode-select --install';
  if (os === 'win32') return 'winget install Python.Python.3.13';
  return 'sudo apt-get install python3-pip  (Fedora: sudo dnf install python3-pip)';
}

/** The command that installs a C++ compiler. */
export function compilerRemedy(os: NodeJS.Platform = process.platform): string {
  return os === 'darwin' ? 'xcode-select --install' : 'sudo apt-get install g++  (Fedora: sudo dnf install gcc-c++)';
}
