/** What the host finds out about the machine and its engine; the shape of `eqnet engine doctor --json`. */

/** Instruction sets that decide how fast TensorFlow's CPU kernels are. */
export interface CpuFeatures {
  avx: boolean;
  avx2: boolean;
  fma: boolean;
  avx512: boolean;
  /** int8 dot products: AVX-VNNI or AVX-512 VNNI; the dot product extension on arm64 */
  vnni: boolean;
  bf16: boolean;
  amx: boolean;
  neon: boolean;
}

export interface Cpu {
  model: string;
  /** logical processors this process may use */
  cores: number;
  features: CpuFeatures;
}

export interface Gpu {
  name: string;
  driver: string;
  memoryBytes: number;
  computeCapability: string;
}

export interface Memory {
  totalBytes: number;
  freeBytes: number;
}

/** What decides which engine fits a machine. */
export interface Platform {
  os: string;
  arch: string;
  /** version of the GNU C library; undefined on other C libraries and other systems */
  glibc?: string;
  /** whether an x64 processor has AVX; undefined where that is not known */
  avx?: boolean;
}

/** A program that was found and answered, with how to call it. */
export interface Tool {
  command: string;
  args: string[];
  version: string;
}

export interface DoctorFile {
  path: string;
  bytes: number;
  /** the wheel and version it came from, or the source it was compiled from */
  origin: string;
  state: 'intact' | 'missing' | 'damaged';
}

export interface DoctorEngine {
  state: 'ready' | 'missing' | 'broken' | 'unsupported-platform';
  id: string | null;
  device: 'cpu' | 'gpu';
  folder: string | null;
  /** what the loaded library calls itself; null unless it loads */
  tensorflow: string | null;
  /** false for a platform whose engine is written but has not been run by us */
  proven: boolean;
  files: DoctorFile[];
}

export interface Problem {
  what: string;
  /** the exact command that mends it */
  mend: string;
}

export interface DoctorReport {
  platform: Platform & { release: string };
  node: { version: string; nodeApi: string };
  cpu: Cpu;
  memory: Memory;
  gpus: Gpu[];
  python: Tool | null;
  pip: Tool | null;
  compiler: Tool | null;
  cacheDir: string;
  engine: DoctorEngine;
  problems: Problem[];
  /** the state in one sentence */
  sentence: string;
}
