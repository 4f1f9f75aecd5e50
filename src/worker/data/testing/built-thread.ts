import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

export interface BuiltThread {
  folder: string;
  /** batch-thread.js, as a build of the program has it */
  threadFile: string;
  remove(): void;
}

/**
 * Builds the thread that prepares batches, which Node cannot start from its TypeScript source.
 * @param others more programs of src/worker/data to put beside it, output name to source name
 */
export async function builtThread(others: Readonly<Record<string, string>> = {}): Promise<BuiltThread> {
  const folder = mkdtempSync(join(tmpdir(), 'eqnet-batches-'));
  const inputs = Object.entries({ 'batch-thread': 'batch-thread', ...others });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: true,
      target: 'node20',
      minify: false,
      outDir: folder,
      emptyOutDir: false,
      rollupOptions: {
        input: Object.fromEntries(inputs.map(([name, source]) => [name, fileURLToPath(new URL(`../${source}.ts`, import.meta.url))])),
        output: { entryFileNames: '[name].js' },
      },
    },
  });
  return { folder, threadFile: join(folder, 'batch-thread.js'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
