import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import type { Cpu, CpuFeatures, Gpu, Memory } from '../../shared/contract/engine-report.ts';
import type { Environment } from './cache-dir.ts';
import { runChild } from './child.ts';

/** Reads the feature flags from the words that an operating system lists them with. */
export function cpuFeatures(words: ReadonlySet<string>): CpuFeatures {
  const has = (...names: string[]) => names.some((name) => words.has(name));
  return {
    avx: has('avx', 'avx1.0'),
    avx2: has('avx2'),
    fma: has('fma'),
    avx512: has('avx512f'),
    vnni: has('avx512_vnni', 'avx512vnni', 'avx_vnni', 'asimddp', 'feat_dotprod'),
    bf16: has('avx512_bf16', 'amx_bf16', 'bf16', 'feat_bf16'),
    amx: has('amx_tile'),
    neon: has('asimd', 'neon', 'advsimd'),
  };
}

async function featureWords(): Promise<Set<string>> {
  if (process.platform === 'linux') {
    const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
    return new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1].split(/\s+/) ?? []);
  }
  if (process.platform === 'darwin') {
    const { stdout } = await runChild('sysctl', ['-a', 'hw.optional', 'machdep.cpu.features', 'machdep.cpu.leaf7_features'], {
      timeoutMs: 10_000,
    });
    const optional = [...stdout.matchAll(/^hw\.optional\.(?:arm\.)?(\w+): 1$/gm)].map((match) => match[1].toLowerCase());
    const listed = [...stdout.matchAll(/^machdep\.cpu\.\w+: (.*)$/gm)].flatMap((match) => match[1].toLowerCase().split(/\s+/));
    return new Set([...optional, ...listed]);
  }
  return new Set();
}

/** Model, core count and instruction sets of the processor. */
export async function describeCpu(): Promise<Cpu> {
  return { model: cpus()[0]?.model.trim() || process.arch, cores: availableParallelism(), features: cpuFeatures(await featureWords()) };
}

/** Memory of the machine, or of the container where that is less; bytes. */
export function describeMemory(): Memory {
  const limit = process.constrainedMemory();
  const totalBytes = limit > 0 && limit < totalmem() ? limit : totalmem();
  return { totalBytes, freeBytes: Math.min(freemem(), totalBytes) };
}

/** NVIDIA GPUs as the driver's own tool lists them; empty where there is no driver. */
export async function listGpus(env: Environment = process.env): Promise<Gpu[]> {
  const query = ['--query-gpu=name,driver_version,memory.total,compute_cap', '--format=csv,noheader,nounits'];
  const { status, stdout } = await runChild('nvidia-smi', query, { env, timeoutMs: 20_000 });
  return status === 0 ? parseGpus(stdout) : [];
}

/** Parses the driver tool's CSV lines: name, driver version, memory in MiB, compute capability. */
export function parseGpus(text: string): Gpu[] {
  return text
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .filter((cells) => cells.length === 4)
    .map(([name, driver, memory, computeCapability]) => ({ name, driver, memoryBytes: Number(memory) * 1024 ** 2, computeCapability }));
}
