import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, sep } from 'node:path';
import { mediaType, pagePath, SECURITY_HEADERS } from '../shared/security.ts';

/** File names with a content hash never change. */
const HASHED = /^assets\//;

interface PageFile {
  path: string;
  type: string;
  bytes: number;
}

/** The file below `folder` that a request names, or null; a link that leads out of the folder is not followed. */
async function locate(folder: string, pathname: string): Promise<(PageFile & { name: string }) | null> {
  const name = pagePath(pathname);
  const type = name && mediaType(name);
  if (!name || !type) return null;
  try {
    const root = await realpath(folder);
    const path = await realpath(join(root, name));
    const info = await stat(path);
    return path.startsWith(root + sep) && info.isFile() ? { name, path, type, bytes: info.size } : null;
  } catch {
    return null;
  }
}

/** Answers a request with a status and a plain sentence, with the headers of every page. */
export function respond(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...SECURITY_HEADERS, 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', ...headers });
  response.end(`${text}\n`);
}

/** Answers a request for a page file with the file, or with 404 or 405. */
export async function serveFile(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    respond(response, 405, 'Only GET and HEAD are served here.', { Allow: 'GET, HEAD' });
    return;
  }
  const file = await locate(folder, (request.url ?? '').replace(/[?#].*$/, ''));
  if (!file) {
    respond(response, 404, 'There is no such page.');
    return;
  }
  response.writeHead(200, {
    ...SECURITY_HEADERS,
    'Content-Type': file.type,
    'Content-Length': file.bytes,
    'Cache-Control': HASHED.test(file.name) ? 'public, max-age=31536000, immutable' : 'no-cache',
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  createReadStream(file.path, { end: Math.max(0, file.bytes - 1) })
    .on('error', () => response.destroy())
    .pipe(response);
}
