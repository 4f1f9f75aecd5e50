// `npm run build:app`: builds the desktop app and the pages of the browser host, unless they are as new as their sources.
import { ensureApp } from './lib/build-app.mjs';

try {
  await ensureApp((text) => console.error(text));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
