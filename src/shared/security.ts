/** What both hosts enforce for the pages of the interface: the desktop's app:// protocol and the browser host's HTTP. */

/**
 * Scripts, styles and fonts come from the program only. ECharts writes style attributes for its tooltips; style elements
 * stay forbidden. `data:` and `blob:` images are charts and previews that the page paints itself.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Sent with every answer that a page of ours can come from, errors included. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), payment=()',
};

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json; charset=utf-8',
  map: 'application/json; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  wasm: 'application/wasm',
};

/** Media type of a page file by its ending; null = such a file is not ours and is not served. */
export function mediaType(path: string): string | null {
  const ending = /\.([a-z0-9]+)$/i.exec(path)?.[1].toLowerCase();
  return (ending && MEDIA_TYPES[ending]) || null;
}

/**
 * The file that a request path names, relative to the folder of the pages and with `/` between its parts; `/` is
 * `index.html`. Null for every path that could lead elsewhere: `.` and `..` (encoded or not), backslashes, drive letters,
 * NUL, names that begin with a dot, empty parts, bad or double encoding.
 * @param pathname the raw path of the request, without query and fragment
 */
export function pagePath(pathname: string): string | null {
  if (!pathname.startsWith('/')) return null;
  if (pathname === '/') return 'index.html';
  let path: string;
  try {
    path = decodeURIComponent(pathname.slice(1));
  } catch {
    return null;
  }
  const parts = path.split('/');
  const plain = parts.every((part) => /^[\w@+~-][\w@+~. -]*$/.test(part) && !part.endsWith('.') && !part.endsWith(' '));
  return plain ? parts.join('/') : null;
}
