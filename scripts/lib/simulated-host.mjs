import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { build } from 'vite';
import { ensureFresh } from './build.mjs';
import { root } from './tools.mjs';

/** Builds bench/simulated-host.ts where it is older than its sources. @returns {Promise<string>} path of the program */
export async function ensureSimulatedHost() {
  const folder = await ensureFresh({
    folder: 'out/simulated-host',
    product: 'simulated-host.js',
    sources: ['bench/simulated-host.ts', 'src/host', 'src/server', 'src/shared'],
    build: (outDir) =>
      build({
        root,
        configFile: false,
        publicDir: false,
        logLevel: 'error',
        build: {
          outDir,
          emptyOutDir: true,
          ssr: true,
          target: 'node20',
          rollupOptions: {
            input: { 'simulated-host': join(root, 'bench', 'simulated-host.ts') },
            external: [...builtinModules, /^node:/, /^[^./]/],
          },
        },
      }),
  });
  return join(folder, 'simulated-host.js');
}
