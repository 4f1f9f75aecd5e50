import vue from '@vitejs/plugin-vue';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { locateEngine } from './src/host/engine/locate.ts';

const cores = availableParallelism();
const workers = Math.min(cores, 4);
/** The addon that the tests of the native engine load; they say so and are left out where there is none. */
const engine = locateEngine();
const addon = process.env.EQNET_ADDON ?? engine?.addonPath;

const shared = { pool: 'forks', maxWorkers: workers, testTimeout: 60_000, hookTimeout: 120_000 } as const;

export default defineConfig({
  test: {
    ...shared,
    projects: [
      {
        test: {
          ...shared,
          name: 'node',
          include: ['src/**/*.test.ts', 'e2e/cli/**/*.test.ts', 'bench/*.test.mjs'],
          exclude: ['src/renderer/**'],
          env: {
            ...(addon && { EQNET_ADDON: addon }),
            ...(addon === engine?.addonPath && engine?.ops && { EQNET_OPS: engine.ops.path }),
            // The workers share the cores: without a limit, each TensorFlow would start a thread for every core.
            TF_NUM_INTRAOP_THREADS: String(Math.max(1, Math.floor(cores / workers))),
          },
        },
      },
      {
        plugins: [vue()],
        test: { ...shared, name: 'renderer', include: ['src/renderer/**/*.test.ts'], environment: 'happy-dom' },
      },
    ],
  },
});
