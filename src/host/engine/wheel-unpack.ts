import { createHash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { eqnet } from '../../shared/contract/command-line.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { EngineWheel } from './manifest.ts';
import type { OnProgress } from './progress.ts';

/** Compression method 0 of the zip format. */
const STORED = 0;

/** A file of the engine, as its stamp lists it. */
export interface EngineFile {
  /** relative to the engine folder, forward slashes */
  path: string;
  bytes: number;
  sha256: string;
  /** the wheel it was unpacked from, or what it was compiled from */
  origin: string;
}

/**
 * Unpacks the entries that a manifest selects from a wheel, streaming, each flushed to disk.
 *
 * @param path the wheel
 * @param target the engine folder
 * @returns what was written
 * @throws WorkbenchError 'engine-failed' for a damaged wheel or one that lacks a selected entry, 'stopped'
 */
export async function unpackWheel(
  path: string,
  wheel: EngineWheel,
  target: string,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<EngineFile[]> {
  const files: EngineFile[] = [];
  const pending = new Set(wheel.unpack.map((rule) => rule.from));
  const step = `Unpacking ${wheel.package} ${wheel.version}`;
  let done = 0;
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(path, { autoClose: false });
    for await (const entry of zip.eachEntry()) {
      const rule = entry.fileName.endsWith('/') ? undefined : wheel.unpack.find((candidate) => selects(candidate, entry.fileName));
      if (!rule) continue;
      pending.delete(rule.from);
      const to = rule.from.endsWith('/') ? rule.to + entry.fileName.slice(rule.from.length) : rule.to;
      const written = await writeEntry(zip, entry, join(target, to), signal, (bytes) =>
        onProgress({ step, done: (done += bytes), total: wheel.unpackedBytes, unit: 'bytes' }),
      );
      files.push({ path: to, ...written, origin: `${wheel.package} ${wheel.version} (${wheel.file})` });
    }
  } catch (error) {
    if (signal?.aborted)
      throw new WorkbenchError('stopped', `The engine set-up was stopped: run ${eqnet('engine install')} again to continue.`);
    if ((error as NodeJS.ErrnoException).syscall) throw error;
    throw new WorkbenchError(
      'engine-failed',
      `${wheel.file} is damaged (${(error as Error).message}): delete ${path} and run ${eqnet('engine install')} again.`,
      {},
      error,
    );
  } finally {
    zip?.close();
  }
  if (pending.size > 0)
    throw new WorkbenchError(
      'engine-failed',
      `${wheel.file} does not contain ${[...pending].join(', ')}: this version of the workbench cannot use that wheel, so update the workbench.`,
    );
  return files;
}

function selects(rule: EngineWheel['unpack'][number], name: string): boolean {
  if (!rule.from.endsWith('/')) return name === rule.from;
  return name.startsWith(rule.from) && (rule.suffix === undefined || name.endsWith(rule.suffix));
}

async function writeEntry(
  zip: ZipFile,
  entry: Entry,
  target: string,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<{ bytes: number; sha256: string }> {
  await mkdir(dirname(target), { recursive: true });
  const hash = createHash('sha256');
  const executable = (entry.externalFileAttributes >>> 16) & 0o111;
  const file = await open(target, 'wx', executable ? 0o755 : 0o644);
  let bytes = 0;
  try {
    for await (const chunk of await openContent(zip, entry)) {
      signal?.throwIfAborted();
      const data = chunk as Buffer;
      hash.update(data);
      await file.writeFile(data);
      bytes += data.length;
      onBytes(data.length);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (bytes !== entry.uncompressedSize) throw new Error(`${entry.fileName} has ${bytes} bytes instead of ${entry.uncompressedSize}`);
  return { bytes, sha256: hash.digest('hex') };
}

/** The content of an entry in pieces of a megabyte: yauzl's own stream inflates 16 KiB at a time, which takes twice as long. */
async function openContent(zip: ZipFile, entry: Entry): Promise<Readable> {
  if (entry.compressionMethod === STORED) return zip.openReadStreamPromise(entry);
  const raw = await zip.openReadStreamPromise(entry, { decodeFileData: false });
  const inflated = createInflateRaw({ chunkSize: 1 << 20 });
  raw.on('error', (error) => inflated.destroy(error));
  return raw.pipe(inflated);
}
