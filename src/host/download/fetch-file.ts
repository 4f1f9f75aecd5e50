import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { storageError } from '../storage-error.ts';
import type { DownloadFile } from './catalogue.ts';

export interface FetchOptions {
  signal?: AbortSignal;
  /** bytes of this file that are there */
  onBytes?: (done: number) => void;
  /** a server that sends nothing for so long is given up, ms */
  patienceMs?: number;
}

const PATIENCE_MS = 30_000;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const failed = (message: string, cause?: unknown) => new WorkbenchError('data-invalid', message, {}, cause);

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

async function md5Of(path: string): Promise<string> {
  const hash = createHash('md5');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function requireSpace(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize >= bytes) return;
  throw new WorkbenchError(
    'disk-full',
    `${path} needs ${megabytes(bytes)} more, but its disk has ${megabytes(bavail * bsize)} left: free some space, or choose another folder.`,
  );
}

/** Asks for the rest of a file. @returns the body, and whether the server goes on where the part ends */
async function request({ url, name }: DownloadFile, from: number, signal: AbortSignal): Promise<{ body: Readable; continues: boolean }> {
  let response: Response;
  try {
    response = await fetch(url, { headers: from ? { range: `bytes=${from}-` } : {}, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    const cause = (error as { cause?: { code?: string; message?: string } }).cause;
    throw failed(
      `${url} cannot be reached (${cause?.code ?? cause?.message ?? (error as Error).message}): check the network and try again.`,
      error,
    );
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw failed(`The server answers ${response.status} for ${url}: try again later, or fetch ${name} by hand.`);
  }
  return { body: Readable.fromWeb(response.body as never), continues: response.status === 206 };
}

/** Ends when nothing has come for a while. */
async function* impatient(body: Readable, late: () => void, patienceMs: number): AsyncGenerator<Buffer> {
  let timer = setTimeout(late, patienceMs);
  try {
    for await (const chunk of body) {
      clearTimeout(timer);
      yield chunk as Buffer;
      timer = setTimeout(late, patienceMs);
    }
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Fetches a file to `path`. What has come is kept as `path.part` whatever happens, and the next call goes on from there;
 * the file appears under its name only when its size and MD5 are right.
 * @throws WorkbenchError `data-invalid` (network, server, wrong bytes), `disk-full`, `stopped`
 */
export async function fetchFile(file: DownloadFile, path: string, options: FetchOptions = {}): Promise<void> {
  const { signal, onBytes, patienceMs = PATIENCE_MS } = options;
  if ((await sizeOf(path)) === file.bytes) {
    onBytes?.(file.bytes);
    return;
  }
  const part = `${path}.part`;
  await mkdir(dirname(path), { recursive: true });
  let done = await sizeOf(part);
  if (done > file.bytes) {
    await rm(part);
    done = 0;
  }
  if (done < file.bytes) {
    await requireSpace(path, file.bytes - done);
    const own = new AbortController();
    const stop = () => own.abort();
    signal?.addEventListener('abort', stop);
    let late = false;
    try {
      signal?.throwIfAborted();
      const { body, continues } = await request(file, done, own.signal);
      if (!continues) done = 0;
      const counted = async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          done += chunk.length;
          if (done > file.bytes)
            throw failed(`${file.url} sends more than the ${file.bytes} bytes that ${file.name} has: it is another file now.`);
          onBytes?.(done);
          yield chunk;
        }
      };
      const expire = () => {
        late = true;
        own.abort();
      };
      await pipeline(impatient(body, expire, patienceMs), counted, createWriteStream(part, { flags: continues ? 'a' : 'w' }));
    } catch (error) {
      if (error instanceof WorkbenchError) throw error;
      const there = await sizeOf(part);
      if (signal?.aborted)
        throw new WorkbenchError('stopped', `Stopped: ${megabytes(there)} of ${file.name} are kept, the same command goes on.`, {}, error);
      if (['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw storageError(error, part);
      const how = late ? `sent nothing for ${Math.round(patienceMs / 1000)} s` : 'ended too early';
      throw failed(
        `The transfer of ${file.url} ${how} at ${megabytes(there)} of ${megabytes(file.bytes)}: try again, it goes on from there.`,
        error,
      );
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }
  if (done < file.bytes)
    throw failed(
      `The transfer of ${file.url} ended too early at ${megabytes(done)} of ${megabytes(file.bytes)}: try again, it goes on from there.`,
    );
  const found = await md5Of(part);
  if (found !== file.md5) {
    await rm(part);
    throw failed(
      `${file.url} gave another file than expected (MD5 ${found} instead of ${file.md5}): it was removed; try again, or fetch it by hand.`,
    );
  }
  await rename(part, path);
}
