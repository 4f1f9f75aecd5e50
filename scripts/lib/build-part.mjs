// Builds one part of the app (main, preload or renderer) as electron.vite.config.ts says: node build-part.mjs PART FOLDER
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveConfig } from 'electron-vite';
import { build } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [part, outDir] = process.argv.slice(2);

process.env.NODE_ENV_ELECTRON_VITE = 'production';
const inline = { root, configFile: join(root, 'electron.vite.config.ts'), logLevel: 'error' };
const { config } = await resolveConfig(inline, 'build', 'production');
const own = config[part];
await build({ ...own, root: resolve(root, own.root ?? '.'), build: { ...own.build, outDir: resolve(outDir), emptyOutDir: true } });
