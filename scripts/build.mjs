// `npm run build`: builds the headless programs into out/node, unless they are as new as their sources.
import { ensureBuilt } from './lib/build.mjs';

try {
  console.log(await ensureBuilt());
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
