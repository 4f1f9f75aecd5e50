import { readFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { mediaType, pagePath, SECURITY_HEADERS } from '../shared/security.ts';
import { APP_HOST, APP_SCHEME } from './origin.ts';

/**
 * The file below `root` that an address of ours names.
 *
 * @returns an absolute path inside `root`, or null for another host, a malformed address and everything that leads out
 */
export function resolveAsset(root: string, address: string): string | null {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  if (url.protocol !== `${APP_SCHEME}:` || url.host !== APP_HOST || url.username || url.password) return null;
  const path = pagePath(url.pathname || '/');
  if (path === null) return null;
  const file = join(resolve(root), path);
  return file.startsWith(resolve(root) + sep) ? file : null;
}

/** Answers one request for a file of the built interface in `root`. */
export async function answerAsset(root: string, request: { url: string; method: string }): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405);
  const file = resolveAsset(root, request.url);
  const type = file && mediaType(file);
  if (!file || !type) return refusal(404);
  try {
    const body = await readFile(file);
    const headers = { ...SECURITY_HEADERS, 'Content-Type': type };
    return new Response(request.method === 'HEAD' ? null : new Uint8Array(body), { headers });
  } catch {
    return refusal(404);
  }
}

function refusal(status: number): Response {
  return new Response(null, { status, headers: { ...SECURITY_HEADERS } });
}
