import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { DOWNLOADS } from './catalogue.ts';
import { download, findDownload } from './download.ts';
import { fetchFile } from './fetch-file.ts';

const root = mkdtempSync(join(tmpdir(), 'eqnet-download-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251));
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
let folders = 0;

/** A server on loopback and a place to fetch to. */
async function serve(listener: RequestListener, bytes: Uint8Array = content) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const path = join(root, `d${folders++}`, 'file.bin');
  return { file: { name: 'file.bin', url: `http://127.0.0.1:${port}/file.bin`, bytes: bytes.length, md5: md5(bytes) }, path };
}

/** Serves ranges as a good server does; `asked` collects what was asked for. */
const honest =
  (bytes: Uint8Array = content, asked: (string | undefined)[] = []): RequestListener =>
  (request, response) => {
    const { range } = request.headers;
    asked.push(range);
    const from = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    response.writeHead(range ? 206 : 200).end(bytes.subarray(from));
  };

describe('fetchFile', () => {
  it('fetches, and not again', async () => {
    const asked: (string | undefined)[] = [];
    const { file, path } = await serve(honest(content, asked));
    const seen: number[] = [];
    await fetchFile(file, path, { onBytes: (done) => seen.push(done) });
    await fetchFile(file, path);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect([asked, seen.at(-1), existsSync(`${path}.part`)]).toEqual([[undefined], content.length, false]);
  });

  it('goes on where a cut transfer ended', async () => {
    const asked: (string | undefined)[] = [];
    let cuts = 1;
    const { file, path } = await serve((request, response) => {
      if (cuts-- <= 0) return honest(content, asked)(request, response);
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 100_000), () => response.destroy());
    });
    await expect(fetchFile(file, path)).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringMatching(/ended too early at .* MB of 0\.3 MB: try again, it goes on/),
    });
    const kept = statSync(`${path}.part`).size;
    expect(existsSync(path)).toBe(false);
    await fetchFile(file, path);
    expect(asked).toEqual([kept ? `bytes=${kept}-` : undefined]);
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it('begins anew where the server knows no ranges', async () => {
    const { file, path } = await serve((_, response) => response.writeHead(200).end(content));
    await fetchFile(file, path);
    truncateSync(path, 1000);
    writeFileSync(`${path}.part`, content.subarray(0, 1000));
    await fetchFile(file, path);
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it.each<[string, RequestListener, RegExp]>([
    [
      'a missing file',
      (_, response) => response.writeHead(404).end('no'),
      /answers 404 for .*: try again later, or fetch file\.bin by hand/,
    ],
    [
      'wrong bytes',
      honest(Buffer.alloc(content.length, 1)),
      /another file than expected \(MD5 [0-9a-f]{32} instead of [0-9a-f]{32}\): it was removed/,
    ],
    ['too many bytes', honest(Buffer.concat([content, content])), /sends more than the 300000 bytes/],
    ['too few bytes', honest(content.subarray(0, 1000)), /ended too early at 0\.0 MB of 0\.3 MB/],
    [
      'a server that stalls',
      (_, response) => void response.writeHead(200).write(content.subarray(0, 10)),
      /sent nothing for \d+ s at 0\.0 MB/,
    ],
  ])('%s is one sentence, and no file appears', async (_, listener, message) => {
    const { file, path } = await serve(listener);
    await expect(fetchFile(file, path, { patienceMs: 300 })).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringMatching(message),
    });
    expect(existsSync(path)).toBe(false);
  });

  it('a server that is not there', async () => {
    const file = { name: 'file.bin', url: 'http://127.0.0.1:9/file.bin', bytes: 5, md5: '' };
    await expect(fetchFile(file, join(root, 'none', 'file.bin'))).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringMatching(/cannot be reached \(.*\): check the network/),
    });
  });

  it('a disk that is too small is said before anything is fetched', async () => {
    const asked: (string | undefined)[] = [];
    const { file, path } = await serve(honest(content, asked));
    await expect(fetchFile({ ...file, bytes: 1e18 }, path)).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/has .* MB left/),
    });
    expect(asked).toEqual([]);
  });

  it('stops when it is told to, and keeps what has come', async () => {
    const { file, path } = await serve((_, response) => void response.writeHead(200).write(content.subarray(0, 1000)));
    const stopper = new AbortController();
    const fetching = fetchFile(file, path, { signal: stopper.signal, onBytes: () => stopper.abort() });
    await expect(fetching).rejects.toMatchObject({ code: 'stopped' });
    expect(existsSync(path)).toBe(false);
  });
});

describe('download', () => {
  it('fetches all files of a data set, counts their bytes together and unpacks archives once', async () => {
    mkdirSync(join(root, 'source', 'set', 'train', 'a'), { recursive: true });
    writeFileSync(join(root, 'source', 'set', 'train', 'a', '1.txt'), 'one');
    execFileSync('tar', ['-czf', join(root, 'source.tgz'), '-C', join(root, 'source'), 'set']);
    const archive = readFileSync(join(root, 'source.tgz'));
    const { file } = await serve(honest(archive), archive);
    const entry = { ...DOWNLOADS[0], name: 'try', unpack: true, files: [{ ...file, name: 'set.tgz' }] };
    const totals: number[][] = [];
    const path = await download(entry, root, { onProgress: (...numbers) => totals.push(numbers) });
    expect(readFileSync(join(path, 'train', 'a', '1.txt'), 'utf8')).toBe('one');
    expect(totals.at(-1)).toEqual([archive.length, archive.length]);
    expect(await download(entry, root)).toBe(path);
  });

  it('an archive that cannot be unpacked leaves nothing half unpacked', async () => {
    const { file } = await serve(honest(content), content);
    const entry = { ...DOWNLOADS[0], name: 'broken', unpack: true, files: [{ ...file, name: 'set.tgz' }] };
    await expect(download(entry, root)).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringMatching(/set\.tgz cannot be unpacked/),
    });
    expect(existsSync(join(root, 'broken', 'images'))).toBe(false);
  });

  it('knows its names', () => {
    expect(DOWNLOADS.map(({ name }) => findDownload(name).files.length)).toEqual([1, 1, 4, 1]);
    expect(() => findDownload('imagenet')).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(/choose one of cifar10, /) }),
    );
  });
});
