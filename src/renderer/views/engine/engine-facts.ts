/** The doctor's report in the pieces that the screen shows. */
import type { JobView } from '../../../shared/contract/api/views.ts';
import type { CpuFeatures, DoctorFile, DoctorReport } from '../../../shared/contract/engine-report.ts';

/** Names of instruction sets as their makers write them, in the order in which they matter. */
const FEATURES: Readonly<Record<keyof CpuFeatures, string>> = {
  avx: 'AVX',
  avx2: 'AVX2',
  fma: 'FMA',
  avx512: 'AVX-512',
  vnni: 'VNNI',
  bf16: 'bfloat16',
  amx: 'AMX',
  neon: 'NEON',
};

/** All instruction sets of the processor's kind, with whether it has them. */
export function featuresOf({ cpu, platform }: Pick<DoctorReport, 'cpu' | 'platform'>): { name: string; has: boolean }[] {
  const arm = platform.arch === 'arm64';
  const shown = (Object.keys(FEATURES) as (keyof CpuFeatures)[]).filter((key) =>
    arm ? ['neon', 'vnni', 'bf16'].includes(key) : key !== 'neon',
  );
  return shown.map((key) => ({ name: FEATURES[key], has: cpu.features[key] }));
}

export interface Origin {
  /** the wheel and version, or the source that was compiled */
  origin: string;
  /** names of its libraries, without folders */
  libraries: string[];
  files: number;
  bytes: number;
  /** the worst state of its files */
  state: DoctorFile['state'];
}

const LIBRARY = /\.(so|dylib|dll|node)\b/;
const name = (path: string): string => path.split(/[/\\]/).at(-1) ?? path;

/** Where the libraries came from: an entry for each wheel or source. */
export function originsOf(files: readonly DoctorFile[]): Origin[] {
  return [...new Set(files.map(({ origin }) => origin))].map((origin) => {
    const own = files.filter((file) => file.origin === origin);
    const states = own.map(({ state }) => state);
    return {
      origin,
      libraries: own.map(({ path }) => name(path)).filter((file) => LIBRARY.test(file)),
      files: own.length,
      bytes: own.reduce((sum, file) => sum + file.bytes, 0),
      state: (['missing', 'damaged'] as const).find((state) => states.includes(state)) ?? 'intact',
    };
  });
}

/** Jobs of which the memory is known, newest first. */
export function memoryOf(jobs: readonly JobView[], most: number): JobView[] {
  return jobs
    .filter(({ mostRss }) => mostRss !== null)
    .sort((a, b) => (b.startedAt ?? 0) - (a.startedAt ?? 0))
    .slice(0, most);
}
