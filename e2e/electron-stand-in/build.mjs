// Builds the stand-in into out/electron-stand-in where it is older than its sources, and prints that folder.
import { mkdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { ensureFresh } from '../../scripts/lib/build.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const common = { root: here, configFile: false, publicDir: false, logLevel: 'error' };
const options = { emptyOutDir: false, minify: false, sourcemap: true };

/** Scripts for the two worlds of a page: classic scripts without imports. */
const pageScript = (name, outDir) =>
  build({
    ...common,
    build: {
      ...options,
      outDir,
      sourcemap: false,
      lib: { entry: join(here, 'page', `${name}.ts`), formats: ['iife'], name: 'standIn', fileName: () => `${name}.js` },
    },
  });

async function buildStandIn(outDir) {
  mkdirSync(outDir, { recursive: true });
  await pageScript('main-world', outDir);
  await pageScript('isolated-world', outDir);
  await build({
    ...common,
    build: {
      ...options,
      outDir,
      ssr: true,
      target: 'node20',
      rollupOptions: {
        input: Object.fromEntries(['boot', 'electron', 'utility-shim'].map((name) => [name, join(here, 'src', `${name}.ts`)])),
        external: [...builtinModules, /^node:/, 'ws', 'playwright-core'],
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
}

const folder = await ensureFresh({
  folder: 'out/electron-stand-in',
  product: 'boot.js',
  sources: ['e2e/electron-stand-in'],
  build: buildStandIn,
});
process.stdout.write(`${folder}\n`);
