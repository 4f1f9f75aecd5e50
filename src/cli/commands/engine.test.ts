import { expect, test } from 'vitest';
import type { DoctorReport } from '../../host/engine/doctor.ts';
import { doctorText } from './engine.ts';

const WHEEL = 'tensorflow 2.21.0 (tensorflow-2.21.0-cp312-manylinux.whl)';
const file = (path: string, origin: string, bytes = 1e6) => ({ path, origin, bytes, state: 'intact' as const });
const none = { avx: false, avx2: false, fma: false, avx512: false, vnni: false, bf16: false, amx: false, neon: false };

const report: DoctorReport = {
  platform: { os: 'linux', arch: 'x64', glibc: '2.36', avx: true, release: '6.1' },
  node: { version: '20.20.2', nodeApi: '9' },
  cpu: { model: 'Some Processor', cores: 8, features: { ...none, avx2: true, avx512: true, vnni: true } },
  memory: { totalBytes: 32e9, freeBytes: 20e9 },
  gpus: [{ name: 'NVIDIA A100', driver: '550.54', memoryBytes: 40e9, computeCapability: '8.0' }],
  python: { command: 'python3', args: [], version: 'Python 3.12.1' },
  pip: { command: 'python3', args: ['-m', 'pip'], version: 'pip 24.0' },
  compiler: null,
  cacheDir: '/home/a/.cache/eqnet',
  engine: {
    state: 'ready',
    id: 'tensorflow-2.21.0-linux-x64-cpu',
    device: 'cpu',
    folder: '/home/a/.cache/eqnet/engine/x',
    tensorflow: '2.21.0',
    proven: true,
    files: [
      file('deps/lib/libtensorflow_cc.so.2', WHEEL, 800e6),
      file('deps/lib/libtensorflow_framework.so.2', WHEEL),
      file('deps/include/a.h', WHEEL),
      file('lib/napi-v8/tfjs_binding.node', 'compiled from tfjs-node-gpu 4.22.0'),
    ],
  },
  problems: [{ what: 'the installed engine does not use the GPU (NVIDIA A100)', mend: 'eqnet engine install --gpu' }],
  sentence: 'TensorFlow 2.21.0 (CPU build) is installed and loads.',
};

test.each([
  /^processor +Some Processor, 8 cores; AVX2, AVX-512, VNNI \(int8\)$/m,
  /^memory +32\.0 GB, 20\.0 GB free$/m,
  /^graphics +NVIDIA A100, driver 550\.54, 40\.0 GB, compute capability 8\.0$/m,
  /^pip +pip 24\.0$/m,
  /^compiler +not found$/m,
  /^tensorflow +2\.21\.0, CPU build$/m,
  /^libraries +libtensorflow_cc\.so\.2, libtensorflow_framework\.so\.2 and 1 other file \(802\.00 MB\): tensorflow 2\.21\.0 \(.*\.whl\)\n +tfjs_binding\.node \(1\.00 MB\): compiled from/m,
  /^- the installed engine does not use the GPU .*; mend it with: eqnet engine install --gpu$/m,
])('the doctor prints %s', (line) => expect(doctorText(report)).toMatch(line));

test('where there is nothing it says so', () => {
  const text = doctorText({
    ...report,
    cpu: { ...report.cpu, features: none },
    gpus: [],
    pip: null,
    engine: { ...report.engine, state: 'missing', tensorflow: null, files: [] },
  });
  expect(text).toMatch(/no vector instructions known/);
  expect(text).toMatch(/^graphics +no NVIDIA GPU answers/m);
  expect(text).toMatch(/^pip +not found$/m);
  expect(text).toMatch(/^tensorflow +not loaded$/m);
  expect(text).not.toMatch(/^libraries/m);
});
