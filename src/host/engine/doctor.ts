import { lstat } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { eqnet } from '../../shared/contract/command-line.ts';
import type { DoctorEngine, DoctorFile, DoctorReport, Platform, Problem } from '../../shared/contract/engine-report.ts';
import { probeAddon, type AddonProbe } from './addon-build.ts';
import { locateFusedOps } from './fused-ops.ts';
import { cacheDirectory, type Environment } from './cache-dir.ts';
import { fileDigest } from './digest.ts';
import { describeCpu, describeMemory, listGpus } from './hardware.ts';
import { engineDirectory } from './locate.ts';
import type { EngineManifest } from './manifest.ts';
import { chooseManifest, currentPlatform, PORTABLE_SLOWDOWN } from './platform.ts';
import { readStamp } from './stamp.ts';
import { compilerRemedy, findCompiler, findPip, pipRemedy } from './tools.ts';

export type { DoctorReport };

export interface DoctorOptions {
  cacheDir?: string;
  env?: Environment;
  platform?: Platform;
  /** which build to look at; left out, the GPU build where it is installed */
  gpu?: boolean;
}

/**
 * Looks at everything the engine depends on and changes nothing: hashes the installed files (a second or two for the CPU
 * build, ten times that for the GPU build) and loads the addon in a process of its own.
 */
export async function doctor(options: DoctorOptions = {}): Promise<DoctorReport> {
  const env = options.env ?? process.env;
  const platform = options.platform ?? currentPlatform();
  const cacheDir = options.cacheDir ?? cacheDirectory(env);
  const [cpu, gpus, { pip, python }, compiler] = await Promise.all([describeCpu(), listGpus(env), findPip(env), findCompiler(env)]);
  const choice = chooseManifest(platform, useGpu(options, platform, cacheDir) ? 'gpu' : 'cpu');
  const checked = 'unsupported' in choice ? unsupported(choice.unsupported) : await checkEngine(choice.manifest, cacheDir, env);
  const problems = [...checked.problems];
  if (checked.engine.state === 'missing' || checked.engine.state === 'broken') {
    const pipLack = python ? `${python.command} has no pip` : 'no Python with pip was found';
    if (!pip) problems.push({ what: `${pipLack}, which downloads TensorFlow's library`, mend: pipRemedy() });
    const compilerLack = 'no C++ compiler was found (CXX, c++, g++, clang++), which builds the addon';
    if (!compiler) problems.push({ what: compilerLack, mend: compilerRemedy() });
  }
  if (
    gpus.length > 0 &&
    checked.engine.device === 'cpu' &&
    checked.engine.state === 'ready' &&
    'manifest' in chooseManifest(platform, 'gpu')
  ) {
    problems.push({ what: `the installed engine does not use the GPU (${gpus[0].name})`, mend: eqnet('engine install --gpu') });
  }
  if (gpus.length === 0 && checked.engine.device === 'gpu' && checked.engine.state === 'ready') {
    problems.push({
      what: 'no NVIDIA GPU answers (nvidia-smi), so the GPU build computes on the CPU',
      mend: 'sudo ubuntu-drivers install  (Debian: sudo apt-get install nvidia-driver)',
    });
  }
  return {
    platform: { ...platform, release: release() },
    node: { version: process.versions.node, nodeApi: process.versions.napi ?? 'unknown' },
    cpu,
    memory: describeMemory(),
    gpus,
    python,
    pip,
    compiler,
    cacheDir,
    engine: checked.engine,
    problems,
    sentence: checked.sentence,
  };
}

interface Checked {
  engine: DoctorEngine;
  problems: Problem[];
  sentence: string;
}

function useGpu(options: DoctorOptions, platform: Platform, cacheDir: string): boolean {
  if (options.gpu !== undefined) return options.gpu;
  const choice = chooseManifest(platform, 'gpu');
  return 'manifest' in choice && readStamp(engineDirectory(choice.manifest, cacheDir)) !== null;
}

function unsupported(sentence: string): Checked {
  return {
    engine: { state: 'unsupported-platform', id: null, device: 'cpu', folder: null, tensorflow: null, proven: false, files: [] },
    problems: [],
    sentence,
  };
}

/** Looks at one engine folder: its stamp, its files, whether it loads. */
export async function checkEngine(manifest: EngineManifest, cacheDir: string, env: Environment): Promise<Checked> {
  const folder = engineDirectory(manifest, cacheDir);
  const command = eqnet(`engine install${manifest.device === 'gpu' ? ' --gpu' : ''}`);
  const engine: DoctorEngine = {
    state: 'missing',
    id: manifest.id,
    device: manifest.device,
    folder,
    tensorflow: null,
    proven: manifest.proven,
    files: [],
  };
  const stamp = readStamp(folder);
  if (!stamp) {
    return {
      engine,
      problems: [{ what: 'the TensorFlow engine is not installed', mend: command }],
      sentence: `The TensorFlow engine is not installed; until then the portable engine is used, which is ${PORTABLE_SLOWDOWN}.`,
    };
  }
  engine.files = await Promise.all(
    stamp.files.map(async (file) => ({
      path: file.path,
      bytes: file.bytes,
      origin: file.origin,
      state: await fileState(join(folder, file.path), file),
    })),
  );
  const bad = engine.files.filter((file) => file.state !== 'intact');
  const probe: AddonProbe =
    bad.length > 0
      ? { tensorflow: null, error: `${bad[0].path} is ${bad[0].state}` }
      : await probeAddon(join(folder, stamp.addon.file), env);
  engine.tensorflow = probe.tensorflow;
  engine.state = probe.tensorflow === null ? 'broken' : 'ready';
  if (engine.state === 'ready') {
    const fused = manifest.device === 'gpu' || locateFusedOps(folder) !== null;
    return {
      engine,
      problems: fused
        ? []
        : [{ what: 'the fused ops of this version are not compiled, so that training takes about half as long again', mend: command }],
      sentence: `TensorFlow ${probe.tensorflow} (${manifest.device.toUpperCase()} build) is installed and loads.`,
    };
  }
  const reasons = bad.length > 0 ? bad.map((file) => `${file.path} is ${file.state}`) : [`the engine does not load: ${probe.error}`];
  return {
    engine,
    problems: reasons.map((what) => ({ what, mend: `${command} --force` })),
    sentence: `The installed TensorFlow engine is broken (${reasons[0]}); until it is mended the portable engine is used, which is ${PORTABLE_SLOWDOWN}.`,
  };
}

async function fileState(path: string, expected: { bytes: number; sha256: string }): Promise<DoctorFile['state']> {
  const found = await lstat(path).catch(() => null);
  if (!found) return 'missing';
  return found.size === expected.bytes && (await fileDigest(path)) === expected.sha256 ? 'intact' : 'damaged';
}
