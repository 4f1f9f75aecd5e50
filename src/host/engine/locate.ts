import { statSync } from 'node:fs';
import { join } from 'node:path';
import { locateFusedOps, type FusedOps } from './fused-ops.ts';
import { cacheDirectory, enginesDirectory, type Environment } from './cache-dir.ts';
import { findManifest, type EngineDevice, type EngineManifest } from './manifest.ts';
import { readStamp } from './stamp.ts';

/** An engine that is installed and complete. */
export interface EngineLocation {
  /** the native addon (a .node file) */
  addonPath: string;
  /** folder of libtensorflow */
  libDir: string;
  engineId: string;
  /** our own ops for it, where they have been compiled */
  ops: FusedOps | null;
  tensorflowVersion: string;
  /** whether it is the build for NVIDIA GPUs; it computes on the CPU where there is none */
  gpu: boolean;
}

export interface LocateOptions {
  /** true or false asks for that build; left out, the GPU build wins where it is installed */
  gpu?: boolean;
  cacheDir?: string;
  env?: Environment;
}

/**
 * Finds the installed engine by its stamp and the sizes of its files; loads nothing and takes about a millisecond.
 * Returns null where none is installed or a file is absent or truncated (`doctor` says which).
 */
export function locateEngine(options: LocateOptions = {}): EngineLocation | null {
  const devices: EngineDevice[] = options.gpu === undefined ? ['gpu', 'cpu'] : [options.gpu ? 'gpu' : 'cpu'];
  const cacheDir = options.cacheDir ?? cacheDirectory(options.env);
  for (const device of devices) {
    const manifest = findManifest(process.platform, process.arch, device);
    const location = manifest && locateManifest(manifest, cacheDir);
    if (location) return location;
  }
  return null;
}

/** The engine folder of a manifest. */
export const engineDirectory = (manifest: EngineManifest, cacheDir: string): string => join(enginesDirectory(cacheDir), manifest.id);

/** As `locateEngine`, for one manifest. */
export function locateManifest(manifest: EngineManifest, cacheDir: string): EngineLocation | null {
  const engineDir = engineDirectory(manifest, cacheDir);
  const stamp = readStamp(engineDir);
  if (!stamp || stamp.id !== manifest.id || !stamp.files.every((file) => sizeOf(join(engineDir, file.path)) === file.bytes)) return null;
  return {
    addonPath: join(engineDir, stamp.addon.file),
    libDir: join(engineDir, 'deps', 'lib'),
    engineId: stamp.id,
    ops: manifest.device === 'cpu' ? locateFusedOps(engineDir) : null,
    tensorflowVersion: stamp.tensorflow,
    gpu: stamp.device === 'gpu',
  };
}

/**
 * What an installed engine lacks, as far as names and sizes of its files tell, e.g. `deps/lib/libtensorflow_cc.so.2 is
 * missing`; null when it is complete, or not installed at all.
 */
export function damageOf(manifest: EngineManifest, cacheDir: string): string | null {
  const engineDir = engineDirectory(manifest, cacheDir);
  for (const { path, bytes } of readStamp(engineDir)?.files ?? []) {
    const size = sizeOf(join(engineDir, path));
    if (size !== bytes) return size === undefined ? `${path} is missing` : `${path} is damaged`;
  }
  return null;
}

const sizeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.size;
