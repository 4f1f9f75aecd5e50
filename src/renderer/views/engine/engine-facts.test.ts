import { describe, expect, test } from 'vitest';
import type { JobView } from '../../../shared/contract/api/views.ts';
import type { CpuFeatures, DoctorFile } from '../../../shared/contract/engine-report.ts';
import { featuresOf, memoryOf, originsOf } from './engine-facts.ts';

const none: CpuFeatures = { avx: false, avx2: false, fma: false, avx512: false, vnni: false, bf16: false, amx: false, neon: false };

test.each([
  ['x64', { avx: true }, ['AVX', 'AVX2', 'FMA', 'AVX-512', 'VNNI', 'bfloat16', 'AMX'], ['AVX']],
  ['arm64', { neon: true, vnni: true }, ['VNNI', 'bfloat16', 'NEON'], ['VNNI', 'NEON']],
])('instruction sets of %s', (arch, has, names, present) => {
  const found = featuresOf({ cpu: { model: 'm', cores: 2, features: { ...none, ...has } }, platform: { os: 'linux', arch, release: '6' } });
  expect(found.map(({ name }) => name)).toEqual(names);
  expect(found.filter((feature) => feature.has).map(({ name }) => name)).toEqual(present);
});

describe('libraries by origin', () => {
  const file = (path: string, origin: string, state: DoctorFile['state'] = 'intact'): DoctorFile => ({ path, origin, bytes: 10, state });

  test('sums of each, and the worst state', () => {
    const files = [
      file('deps/lib/libtensorflow.so.2', 'tensorflow-cpu 2.21.0'),
      file('deps/include/c_api.h', 'tensorflow-cpu 2.21.0', 'damaged'),
      file('lib/napi-v8/tfjs_binding.node', 'tfjs-node-gpu 4.22.0'),
      file('lib/other.h', 'tfjs-node-gpu 4.22.0', 'missing'),
    ];
    expect(originsOf(files)).toEqual([
      { origin: 'tensorflow-cpu 2.21.0', libraries: ['libtensorflow.so.2'], files: 2, bytes: 20, state: 'damaged' },
      { origin: 'tfjs-node-gpu 4.22.0', libraries: ['tfjs_binding.node'], files: 2, bytes: 20, state: 'missing' },
    ]);
    expect(originsOf([])).toEqual([]);
  });
});

test('memory of the newest jobs', () => {
  const job = (id: string, startedAt: number, mostRss: number | null): JobView => ({ id, startedAt, mostRss }) as JobView;
  expect(memoryOf([job('a', 1, 5), job('b', 3, null), job('c', 2, 6), job('d', 4, 7)], 2).map(({ id }) => id)).toEqual(['d', 'c']);
});
