#!/usr/bin/env node
// `eqnet`: builds the program when its sources are newer than the build, then runs it in this process.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensurePages } from './lib/build-app.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { programName } from './lib/program-name.mjs';

// Hints for people name the command as they can type it.
process.env.EQNET_PROGRAM ??= programName();

let folder;
try {
  folder = await ensureBuilt();
  const [command, ...rest] = process.argv.slice(2).filter((arg) => arg !== '-q' && arg !== '--quiet');
  const asksHelp = rest.includes('--help') || rest.includes('-h');
  if (command === 'serve' && !asksHelp) await ensurePages((text) => process.stderr.write(`${text}\n`));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
process.setSourceMapsEnabled(true);
await import(pathToFileURL(join(folder, 'cli.js')).href);
