import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromErrorPayload, toErrorPayload } from '../../../shared/contract/errors.ts';
import type { DataCacheView } from '../../../shared/contract/data-report.ts';

/** Room for decoded images, where nobody says otherwise. */
const DEFAULT_LIMIT = 50e9;
/** Beside the data sets, so that the app and the command line keep to the same one. */
const LIMIT_FILE = 'limit.json';

/** Bytes that the cache in a folder may take: those of `EQNET_DATA_CACHE_LIMIT`, those that a person set, or 50 GB. */
export function limitOf(folder: string): Pick<DataCacheView, 'limit' | 'limitFrom'> {
  const variable = Number(process.env.EQNET_DATA_CACHE_LIMIT);
  if (variable > 0) return { limit: variable, limitFrom: 'environment' };
  try {
    const { bytes } = JSON.parse(readFileSync(join(folder, LIMIT_FILE), 'utf8')) as { bytes: unknown };
    if (typeof bytes === 'number' && bytes > 0) return { limit: bytes, limitFrom: 'person' };
  } catch {
    // none was set, or the file is damaged
  }
  return { limit: DEFAULT_LIMIT, limitFrom: 'default' };
}

/** @param bytes null = the default again. @throws WorkbenchError `disk-full`, `project-readonly` */
export function storeLimit(folder: string, bytes: number | null): void {
  const path = join(folder, LIMIT_FILE);
  try {
    mkdirSync(folder, { recursive: true });
    if (bytes === null) return rmSync(path, { force: true });
    const temporary = `${path}.${process.pid}.tmp`;
    writeFileSync(temporary, JSON.stringify({ bytes }), { flush: true });
    renameSync(temporary, path);
  } catch (error) {
    throw fromErrorPayload(toErrorPayload(error, path));
  }
}
