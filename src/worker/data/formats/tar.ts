import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { invalidData } from './format.ts';

const BLOCK = 512;
/** Largest file of an archive that is held in memory. */
const MOST_BYTES = 2 ** 30;

const text = (block: Uint8Array, from: number, length: number): string => {
  const field = Buffer.from(block.buffer, block.byteOffset + from, length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
};

/**
 * Some files of a gzipped tar archive (POSIX ustar), read from front to back; the others are skipped.
 * @param wanted by the name in the archive
 * @throws WorkbenchError `data-invalid` for an archive that is cut or damaged
 */
export async function readTarGz(path: string, wanted: (name: string) => boolean): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  let rest: Buffer = Buffer.alloc(0);
  let current: { name: string; keep: boolean; left: number; padding: number; parts: Buffer[] } | null = null;
  let ended = false;
  let refused: unknown;
  const take = (chunk: Buffer): void => {
    rest = rest.length ? Buffer.concat([rest, chunk]) : chunk;
    while (!ended) {
      if (!current) {
        if (rest.length < BLOCK) return;
        const header = rest.subarray(0, BLOCK);
        rest = rest.subarray(BLOCK);
        if (header.every((byte) => byte === 0)) {
          ended = true;
          return;
        }
        const bytes = Number.parseInt(text(header, 124, 12).trim() || '0', 8);
        if (!text(header, 257, 6).startsWith('ustar') || !Number.isSafeInteger(bytes))
          throw invalidData(`${path} is not a tar archive, or a damaged one: fetch it again.`, path);
        const prefix = text(header, 345, 155);
        const name = `${prefix ? `${prefix}/` : ''}${text(header, 0, 100)}`;
        const keep = [0, 0x30].includes(header[156]) && wanted(name);
        if (keep && bytes > MOST_BYTES)
          throw invalidData(`${name} in ${path} unpacks to ${bytes} bytes: unpack the archive yourself.`, path);
        current = { name, keep, left: bytes, padding: (BLOCK - (bytes % BLOCK)) % BLOCK, parts: [] };
      }
      const part = rest.subarray(0, current.left);
      if (current.keep && part.length) current.parts.push(Buffer.from(part));
      current.left -= part.length;
      rest = rest.subarray(part.length);
      if (current.left > 0) return;
      if (rest.length < current.padding) return;
      rest = rest.subarray(current.padding);
      if (current.keep) files.set(current.name, Buffer.concat(current.parts));
      current = null;
    }
  };
  try {
    await pipeline(createReadStream(path), createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        try {
          take(chunk);
        } catch (error) {
          // a pipeline reports how it was torn down instead
          refused = error;
          throw error;
        }
      }
    });
  } catch (error) {
    if (refused) throw refused;
    const { code } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('Z')) throw error;
    throw invalidData(`${path} is damaged (${(error as Error).message}): fetch it again.`, path, error);
  }
  if (current) throw invalidData(`${path} is cut: it ends inside of ${(current as { name: string }).name}. Fetch it again.`, path);
  return files;
}
