import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'electron-vite';
import { resolve } from 'node:path';

const path = (name: string) => resolve(import.meta.dirname, name);

/** The desktop app. The renderer is also what the browser host serves. */
export default defineConfig({
  main: {
    build: {
      sourcemap: true,
      // packages of `dependencies` are loaded from node_modules: some are native, and all are in the installed app
      externalizeDeps: true,
      rollupOptions: {
        input: {
          index: path('src/main/index.ts'),
          worker: path('src/worker/entry.ts'),
          'batch-thread': path('src/worker/data/batch-thread.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      rollupOptions: {
        input: { index: path('src/preload/index.ts') },
        // a sandboxed preload must be CommonJS
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: 'src/renderer',
    // the browser host serves the same pages to any browser of the last years
    build: { minify: true, target: 'es2022', rollupOptions: { input: path('src/renderer/index.html') } },
    plugins: [vue()],
  },
});
