import { readFileSync } from 'node:fs';
import { eqnet } from '../../shared/contract/command-line.ts';
import type { Platform } from '../../shared/contract/engine-report.ts';
import { findManifest, MANIFESTS, type EngineDevice, type EngineManifest } from './manifest.ts';

/** How much slower a training step is on the portable engine than on TensorFlow, measured with ResNet-20 (22 times). */
export const PORTABLE_SLOWDOWN = 'about 20 times slower';

export type { Platform };

/** The platform this process runs on. */
export function currentPlatform(): Platform {
  // without this the report looks up the names of every open connection, which can take seconds
  const reporter = process.report as (NodeJS.ProcessReport & { excludeNetwork?: boolean }) | undefined;
  if (reporter) reporter.excludeNetwork = true;
  const report = reporter?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return { os: process.platform, arch: process.arch, glibc: report?.header?.glibcVersionRuntime, avx: hasAvx() };
}

function hasAvx(): boolean | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    return /^flags\s*:.*\bavx\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return undefined;
  }
}

/** Either the manifest for a platform, or the sentence that says why there is none. */
export type ManifestChoice = { manifest: EngineManifest } | { unsupported: string };

/** Chooses the engine for a platform and device. */
export function chooseManifest(platform: Platform, device: EngineDevice): ManifestChoice {
  const { os, arch, glibc } = platform;
  const name = `${os}-${arch}`;
  const portable = `the portable engine is used, which is ${PORTABLE_SLOWDOWN}`;
  const manifest = findManifest(os, arch, device);
  if (!manifest) {
    if (device === 'gpu' && findManifest(os, arch, 'cpu'))
      return { unsupported: `There is no TensorFlow GPU engine for ${name}: install the CPU engine with ${eqnet('engine install')}.` };
    const built = MANIFESTS.filter((one) => one.device === 'cpu').map((one) => `${one.os}-${one.arch}`);
    return { unsupported: `There is no TensorFlow engine for ${name} (only for ${built.join(', ')}): ${portable}.` };
  }
  if (manifest.glibc && !glibc)
    return { unsupported: `The TensorFlow engine needs the GNU C library, which this Linux does not use: ${portable}.` };
  if (manifest.glibc && glibc && isOlder(glibc, manifest.glibc)) {
    return {
      unsupported: `The TensorFlow engine needs the GNU C library ${manifest.glibc} or newer and this system has ${glibc}: ${portable}.`,
    };
  }
  if (platform.avx === false)
    return { unsupported: `The TensorFlow engine needs a processor with AVX, which this one lacks: ${portable}.` };
  return { manifest };
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number));
  return a[0] < b[0] || (a[0] === b[0] && (a[1] ?? 0) < (b[1] ?? 0));
}
