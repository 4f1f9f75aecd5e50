import { existsSync, readFileSync } from 'node:fs';
import { guardStorage } from '../storage-error.ts';
import { withoutMark } from '../text-file.ts';
import { writeFileAtomic } from '../write-atomic.ts';

/**
 * Reads a JSON file.
 * @returns undefined when there is none
 * @throws SyntaxError when it is no JSON, WorkbenchError when it cannot be read
 */
export function readJson(path: string): unknown {
  if (!existsSync(path)) return undefined;
  const text = guardStorage(path, () => readFileSync(path, 'utf8'));
  return JSON.parse(withoutMark(text)) as unknown;
}

/** As `readJson`; a damaged file counts as missing, which is told on standard error. */
export function readJsonOrNothing(path: string): unknown {
  try {
    return readJson(path);
  } catch (error) {
    process.stderr.write(`${path} cannot be used and is left out: ${(error as Error).message}\n`);
    return undefined;
  }
}

export function writeJson(path: string, value: unknown): void {
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}
