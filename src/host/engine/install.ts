import { chmod, mkdtemp, readdir, rename, rm, stat, statfs, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { eqnet } from '../../shared/contract/command-line.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { buildAddon, findAddonSource, probeAddon, type AddonSource } from './addon-build.ts';
import { cacheDirectory, downloadsDirectory, enginesDirectory, type Environment } from './cache-dir.ts';
import { fileDigest } from './digest.ts';
import { damageOf, engineDirectory, locateManifest, type EngineLocation } from './locate.ts';
import { withLock } from './lock.ts';
import type { EngineManifest } from './manifest.ts';
import { chooseManifest, currentPlatform } from './platform.ts';
import { throttled, type OnProgress } from './progress.ts';
import { writeStamp } from './stamp.ts';
import { compilerRemedy, findCompiler, findPip, pipRemedy, type Tool } from './tools.ts';
import { downloadWheel, isDownloaded, SCRATCH } from './wheel-download.ts';
import { unpackWheel, type EngineFile } from './wheel-unpack.ts';

export interface InstallOptions {
  /** the build for NVIDIA GPUs (3.4 GB to download, 5.5 GB on disk) instead of the CPU build (0.3 and 0.9 GB) */
  gpu?: boolean;
  onProgress?: OnProgress;
  signal?: AbortSignal;
  /** the shared cache folder; by default the user's */
  cacheDir?: string;
  /** environment in which pip and the compiler are found and run */
  env?: Environment;
  /** keep the wheels in the cache after a successful set-up */
  keepDownloads?: boolean;
  /** install anew although the engine is there, to mend a damaged one */
  force?: boolean;
}

/** Room left free beyond what the set-up itself writes, bytes. */
const MARGIN_BYTES = 100e6;
const STAGING = '.staging-';

/**
 * Installs the TensorFlow engine for this machine into the shared cache and returns where it is; one that is there
 * already is returned at once. Several processes may call it at a time: one works, the others wait and use its result.
 *
 * @throws WorkbenchError 'engine-missing' (no engine for this platform, no pip, no compiler), 'engine-failed',
 *   'disk-full' or 'stopped'; whatever is thrown, the cache holds either a complete engine or none
 */
export async function install(options: InstallOptions = {}): Promise<EngineLocation> {
  const choice = chooseManifest(currentPlatform(), options.gpu ? 'gpu' : 'cpu');
  if ('unsupported' in choice) throw new WorkbenchError('engine-missing', choice.unsupported);
  return installManifest(choice.manifest, options);
}

/** As `install`, for a given manifest and, in tests, a given addon source. */
export async function installManifest(manifest: EngineManifest, options: InstallOptions, source?: AddonSource): Promise<EngineLocation> {
  const cacheDir = options.cacheDir ?? cacheDirectory(options.env);
  const installed = () => (options.force ? null : locateManifest(manifest, cacheDir));
  const onProgress = throttled(options.onProgress ?? (() => {}));
  const waiting = () => onProgress({ step: 'Waiting for another process that sets up the engine', done: 0, total: 1, unit: 'steps' });
  const work = async () => installed() ?? (await installLocked(manifest, cacheDir, { ...options, onProgress }, source));
  try {
    return installed() ?? (await withLock(enginesDirectory(cacheDir), work, waiting, options.signal));
  } catch (error) {
    throw explained(error, cacheDir);
  }
}

/** Turns an error of the file system into a sentence about the cache; anything else stays as it is. */
function explained(error: unknown, cacheDir: string): unknown {
  const { code } = error as { code?: unknown };
  if (error instanceof WorkbenchError || typeof code !== 'string') return error;
  if (code === 'ENOSPC') {
    return new WorkbenchError(
      'disk-full',
      `The disk is full while setting up the engine in ${cacheDir}: free some space, or set EQNET_CACHE to a folder on a larger disk.`,
      {},
      error,
    );
  }
  return new WorkbenchError(
    'engine-failed',
    `The cache folder ${cacheDir} cannot be used (${code}): set EQNET_CACHE to a folder that you may write to, or change its permissions.`,
    {},
    error,
  );
}

async function installLocked(
  manifest: EngineManifest,
  cacheDir: string,
  options: InstallOptions & { onProgress: OnProgress },
  source?: AddonSource,
): Promise<EngineLocation> {
  const { env, signal, onProgress } = options;
  const damage = damageOf(manifest, cacheDir);
  const compiler = await requireCompiler(damage, env);
  const addonSource = source ?? (await findAddonSource(manifest));
  await removeLeftovers(enginesDirectory(cacheDir));
  await requireDiskSpace(manifest, cacheDir);
  const staging = await mkdtemp(join(enginesDirectory(cacheDir), STAGING));
  try {
    const files: EngineFile[] = [];
    for (const wheel of manifest.wheels) {
      const path = await downloadWheel(wheel, { cacheDir, pip: () => requirePip(damage, env), onProgress, env, signal });
      files.push(...(await unpackWheel(path, wheel, staging, onProgress, signal)));
    }
    await makeLinks(manifest, staging);
    onProgress({ step: 'Compiling the addon', done: 0, total: 2, unit: 'steps' });
    await buildAddon(manifest, staging, compiler, addonSource, env, signal);
    onProgress({ step: 'Loading the engine', done: 1, total: 2, unit: 'steps' });
    await requireLoads(manifest, staging, env, signal);
    files.push(await describeAddon(manifest, staging));
    await publish(manifest, staging, cacheDir, compiler, files);
    onProgress({ step: 'Engine ready', done: 2, total: 2, unit: 'steps' });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  if (!options.keepDownloads)
    await Promise.all(manifest.wheels.map((wheel) => rm(join(downloadsDirectory(cacheDir), wheel.file), { force: true })));
  const location = locateManifest(manifest, cacheDir);
  if (!location)
    throw new WorkbenchError(
      'engine-failed',
      `${engineDirectory(manifest, cacheDir)} changed while the engine was installed there: run ${eqnet('engine install')} again.`,
    );
  return location;
}

/** @param damage of the engine that is set up again, which comes before what is missing to do so */
function toolMissing(damage: string | null, sentence: string, remedy: string): WorkbenchError {
  const what = damage ? `The installed TensorFlow engine is broken (${damage}) and cannot be set up again; ${sentence}` : sentence;
  return new WorkbenchError('engine-missing', `${what}: run ${remedy}, then ${eqnet('engine install')}.`, { damage });
}

async function requireCompiler(damage: string | null, env?: Environment): Promise<Tool> {
  const compiler = await findCompiler(env);
  if (compiler) return compiler;
  const sentence = "no C++ compiler was found (CXX, c++, g++, clang++), and the engine's addon is compiled on this machine";
  throw toolMissing(damage, damage ? sentence : `N${sentence.slice(1)}`, compilerRemedy());
}

async function requirePip(damage: string | null, env?: Environment): Promise<Tool> {
  const { pip, python } = await findPip(env);
  if (pip) return pip;
  const none = `${damage ? 'no' : 'No'} Python with pip was found (python3, python)`;
  const what = python ? `${python.command} (${python.version}) has no pip` : none;
  throw toolMissing(damage, `${what}, and TensorFlow's library is downloaded with it`, pipRemedy());
}

/** Under the lock nobody else is staging, so whatever lies about was left by a process that died. */
async function removeLeftovers(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(STAGING));
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true })));
  const cacheDir = dirname(folder);
  const scratch = (await readdir(cacheDir)).filter((name) => name.startsWith(SCRATCH));
  await Promise.all(scratch.map((name) => rm(join(cacheDir, name), { recursive: true, force: true })));
}

async function requireDiskSpace(manifest: EngineManifest, cacheDir: string): Promise<void> {
  let needed = MARGIN_BYTES;
  for (const wheel of manifest.wheels) needed += wheel.unpackedBytes + ((await isDownloaded(wheel, cacheDir)) ? 0 : wheel.bytes);
  const { bavail, bsize } = await statfs(cacheDir);
  const free = bavail * bsize;
  if (free >= needed) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new WorkbenchError(
    'disk-full',
    `The engine needs ${gigabytes(needed)} in ${cacheDir}, where ${gigabytes(free)} are free: free some space, or set EQNET_CACHE to a folder on a larger disk.`,
    { needed, free },
  );
}

async function makeLinks(manifest: EngineManifest, engineDir: string): Promise<void> {
  for (const link of manifest.links) await symlink(link.target, join(engineDir, link.path));
}

async function requireLoads(manifest: EngineManifest, engineDir: string, env?: Environment, signal?: AbortSignal): Promise<void> {
  const { tensorflow, error } = await probeAddon(join(engineDir, manifest.addon.file), env, signal);
  if (tensorflow === manifest.tensorflow) return;
  const what = tensorflow === null ? `does not load (${error})` : `calls itself ${tensorflow}`;
  throw new WorkbenchError(
    'engine-failed',
    `TensorFlow ${manifest.tensorflow} was unpacked and its addon compiled, but it ${what}: run ${eqnet('engine doctor')} to see what this machine lacks.`,
  );
}

async function describeAddon(manifest: EngineManifest, engineDir: string): Promise<EngineFile> {
  const path = join(engineDir, manifest.addon.file);
  return {
    path: manifest.addon.file,
    bytes: (await stat(path)).size,
    sha256: await fileDigest(path),
    origin: `compiled from ${manifest.addon.package} ${manifest.addon.version}`,
  };
}

/** The stamp is the last file written, and the rename makes the whole folder appear at once. */
async function publish(manifest: EngineManifest, staging: string, cacheDir: string, compiler: Tool, files: EngineFile[]): Promise<void> {
  await writeStamp(staging, {
    format: 1,
    id: manifest.id,
    tensorflow: manifest.tensorflow,
    device: manifest.device,
    addon: manifest.addon,
    compiler: compiler.version,
    installedAt: new Date().toISOString(),
    wheels: manifest.wheels.map(({ package: name, version, file, sha256 }) => ({ package: name, version, file, sha256 })),
    files,
    links: manifest.links,
  });
  const target = engineDirectory(manifest, cacheDir);
  const old = join(await mkdtemp(join(enginesDirectory(cacheDir), STAGING)), 'old');
  // mkdtemp makes private folders; the cache may be one that several accounts read
  await chmod(staging, 0o755);
  await rename(target, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(staging, target);
  await rm(dirname(old), { recursive: true, force: true });
}
