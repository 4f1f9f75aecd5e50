import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { DOWNLOADS, type Download } from './catalogue.ts';
import { fetchFile, type FetchOptions } from './fetch-file.ts';

/** @throws WorkbenchError `usage` for a name that is not in the catalogue */
export function findDownload(name: string): Download {
  const found = DOWNLOADS.find((entry) => entry.name === name);
  if (found) return found;
  throw new WorkbenchError(
    'usage',
    `There is no data set '${name}' to download: choose one of ${DOWNLOADS.map((entry) => entry.name).join(', ')}.`,
  );
}

export const bytesOf = ({ files }: Download): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** Unpacks with the system's tar (Windows 10, macOS and Linux have one), which refuses paths that lead out of the folder. */
function untar(archive: string, folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('tar', ['-xzf', archive, '-C', folder], { stdio: ['ignore', 'ignore', 'pipe'] });
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(words.trim() || `tar ended with ${code}`))));
  });
}

async function unpackOnce(archive: string, place: string): Promise<void> {
  if (existsSync(place)) return;
  const temporary = `${place}.${process.pid}.tmp`;
  try {
    await mkdir(temporary, { recursive: true });
    await untar(archive, temporary);
    await rename(temporary, place);
  } catch (error) {
    const words = (error as Error).message;
    const full = /no space left/i.test(words);
    throw new WorkbenchError(
      full ? 'disk-full' : 'data-invalid',
      `${archive} cannot be unpacked (${words.split('\n')[0]}): ${full ? 'free some space and try again' : 'unpack it by hand and add the folder'}.`,
      {},
      error,
    );
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/**
 * Fetches a data set into a folder of its own below `folder`; goes on where an earlier call was interrupted.
 * @param onProgress bytes of all its files, as they come
 * @returns the path to give to `data add`
 * @throws WorkbenchError `data-invalid`, `disk-full`, `stopped`; what has come is kept
 */
export async function download(
  wanted: Download,
  folder: string,
  { onProgress, ...options }: FetchOptions & { onProgress?: (done: number, total: number) => void } = {},
): Promise<string> {
  const place = join(folder, wanted.name);
  const total = bytesOf(wanted);
  let before = 0;
  for (const file of wanted.files) {
    await fetchFile(file, join(place, file.name), { ...options, onBytes: (done) => onProgress?.(before + done, total) });
    before += file.bytes;
  }
  if (!wanted.unpack) return wanted.files.length === 1 ? join(place, wanted.files[0].name) : place;
  const [archive] = wanted.files;
  const unpacked = join(place, 'images');
  await unpackOnce(join(place, archive.name), unpacked);
  return join(unpacked, archive.name.replace(/\.(tgz|tar\.gz)$/, ''));
}
