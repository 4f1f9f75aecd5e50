// Time and memory of elastic steps of the ImageNet networks, each in a process of its own. The first step includes what
// TensorFlow sets up once.
//   npm run bench:large -- [--models resnet50,efficientnet-b0] [--size 224] [--batch 8] [--steps 3] [--threads N]
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: 'resnet50,efficientnet-b0' },
    size: { type: 'string', default: '224' },
    batch: { type: 'string', default: '8' },
    steps: { type: 'string', default: '3' },
    threads: { type: 'string' },
  },
});

const outDir = join(root, 'out/bench-large');
await build({
  configFile: false,
  root,
  logLevel: 'error',
  build: { ssr: join(root, 'bench/large-ours.ts'), target: 'node20', outDir, emptyOutDir: true },
});
for (const model of options.models.split(',')) {
  const args = [
    join(outDir, 'large-ours.js'),
    model,
    options.size,
    options.batch,
    options.steps,
    ...(options.threads ? [options.threads] : []),
  ];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) {
    console.error(`The benchmark of '${model}' ended with code ${code}.`);
    process.exitCode = 1;
  }
}
