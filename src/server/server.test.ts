import { once } from 'node:events';
import { symlinkSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import type { WorkbenchError } from '../shared/contract/errors.ts';
import { CONTENT_SECURITY_POLICY, SECURITY_HEADERS } from '../shared/security.ts';
import { startServer, type RunningServer, type ServerOptions } from './server.ts';
import { CERTIFICATE, KEY } from './testing/certificate.ts';
import { openSocket, outcome, pageFolder, rawGet, smallHost, TOKEN, type SocketAttempt } from './testing/fixture.ts';

const folder = pageFolder();
const router = smallHost(async function* () {
  yield { type: 'jobs', jobs: [] };
});
const running: RunningServer[] = [];

async function start(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const server = await startServer({ port: 0, host: '127.0.0.1', pages: folder.pages, router, token: TOKEN, ...options });
  running.push(server);
  return server;
}

const closeCode = (socket: WebSocket): Promise<number> => new Promise((resolve) => socket.once('close', resolve));

let server: RunningServer;
beforeAll(async () => {
  server = await start();
});
afterAll(async () => {
  await Promise.all(running.map((each) => each.close()));
  folder.remove();
});

describe('pages', () => {
  test.each([
    ['/', 200],
    ['/index.html', 200],
    ['/index.html?x=1', 200],
    ['/assets/index-a1b2.js', 200],
    ['/empty.txt', 200],
    ['/nothing.js', 404],
    ['/assets', 404],
    ['/assets/', 404],
    ['/.sources', 404],
    ['/secret.bin', 404],
    ['/../secret.txt', 404],
    ['/assets/../../secret.txt', 404],
    ['/%2e%2e/secret.txt', 404],
    ['/%2e%2e%2fsecret.txt', 404],
    ['/%252e%252e/secret.txt', 404],
    ['/..%5csecret.txt', 404],
    ['/..\\secret.txt', 404],
    ['/assets\\index-a1b2.js', 404],
    ['//index.html', 404],
    ['/./index.html', 404],
    ['/index.html%00.js', 404],
    ['/index.html.', 404],
    ['/index.html::$DATA', 404],
    ['/C:/Windows/win.ini', 404],
    ['/%c0%ae%c0%ae/secret.txt', 404],
    ['/%zz', 404],
    ['http://127.0.0.1/index.html', 404],
  ])('GET %s: %i', async (path, status) => {
    const answer = await rawGet(server.port, path);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).not.toContain('secret');
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) expect(answer).toContain(`${name}: ${value}\r\n`);
  });

  test.skipIf(process.platform === 'win32')('a link that leads out of the pages is not followed', async () => {
    symlinkSync(join(folder.pages, '..', 'secret.txt'), join(folder.pages, 'link.txt'));
    expect(await rawGet(server.port, '/link.txt')).toMatch(/^HTTP\/1.1 404 /);
  });

  test('headers of a page, of a file that never changes, and of HEAD', async () => {
    const page = await fetch(`http://127.0.0.1:${server.port}/`);
    expect(page.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const script = await fetch(`http://127.0.0.1:${server.port}/assets/index-a1b2.js`, { method: 'HEAD' });
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(script.headers.get('content-length')).toBe('10');
    expect(script.headers.get('cache-control')).toContain('immutable');
    expect(await script.text()).toBe('');
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is refused', async (method) => {
    expect(await rawGet(server.port, '/', undefined, method)).toMatch(/^HTTP\/1.1 405 /);
  });

  test('the interface names no inline script, evaluation or foreign source', () => {
    expect(CONTENT_SECURITY_POLICY).toContain("default-src 'none'");
    expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe-eval|https?:|\*/);
    expect(CONTENT_SECURITY_POLICY.match(/unsafe-inline/g)).toHaveLength(1);
  });
});

describe('names', () => {
  test.each([
    ['127.0.0.1:1', 200],
    ['localhost:8080', 200],
    ['LOCALHOST', 200],
    ['[::1]:7650', 200],
    ['rebound.example', 421],
    ['127.0.0.1.rebound.example', 421],
    ['localhost@rebound.example', 421],
    ['', 421],
  ])('Host %s: %i', async (host, status) => {
    expect(await rawGet(server.port, '/', host)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test('a name of --allow-host', async () => {
    const named = await start({ allowHosts: ['gpu.example'] });
    expect(named.url).toMatch(/^http:\/\/gpu\.example:\d+\/#token=/);
    expect(await rawGet(named.port, '/', 'gpu.example')).toMatch(/^HTTP\/1.1 200 /);
    // a proxy in front adds TLS
    const proxied = openSocket(named.port, { host: 'gpu.example', origin: 'https://gpu.example' });
    expect(await outcome(proxied)).toBe('open');
    proxied.terminate();
  });
});

describe('sockets', () => {
  test.each<[string, SocketAttempt, 'open' | number]>([
    ['the right token', {}, 'open'],
    ['no token', { token: null }, 401],
    ['a wrong token', { token: `${TOKEN}x` }, 401],
    ['an empty token', { token: '' }, 401],
    ['no origin', { origin: null }, 401],
    ['a foreign origin', { origin: 'http://evil.example' }, 401],
    ['the origin of a file', { origin: 'null' }, 401],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }, 401],
    ['an origin with a path', { origin: 'http://127.0.0.1/x' }, 401],
    ['a rebound name', { host: 'evil.example', origin: 'http://evil.example' }, 421],
    ['another path', { path: '/other' }, 404],
    ['a tunnel at another port', { host: 'localhost:9999', origin: 'http://localhost:9999' }, 'open'],
  ])('%s: %s', async (_name, attempt, expected) => {
    const socket = openSocket(server.port, attempt);
    expect(await outcome(socket)).toBe(expected);
    socket.terminate();
  });

  test('the token is not sent back', async () => {
    const socket = openSocket(server.port);
    await outcome(socket);
    expect(socket.protocol).toBe('eqnet.v1');
    socket.terminate();
  });

  test('a page can ask whether its token is right', async () => {
    const ask = async (token: string) =>
      (await fetch(`http://127.0.0.1:${server.port}/session`, { headers: { authorization: `Bearer ${token}` } })).status;
    expect([await ask(TOKEN), await ask('wrong'), await ask('')]).toEqual([200, 401, 401]);
  });

  test('a message that is too large closes the socket', async () => {
    const small = await start({ limits: { messageBytes: 1000 } });
    const socket = openSocket(small.port);
    await outcome(socket);
    socket.send('x'.repeat(1001));
    expect(await closeCode(socket)).toBe(1009);
  });

  test('too many messages close the socket', async () => {
    const strict = await start({ limits: { messagesPerSecond: 10 } });
    const socket = openSocket(strict.port);
    await outcome(socket);
    // 22 within two seconds of the clock: more than ten in one of them
    for (let i = 0; i < 22; i++) socket.send(JSON.stringify({ i: String(i), t: 4 }));
    expect(await closeCode(socket)).toBe(1008);
  });

  test('of 100 sockets, 32 are let in; later ones again when some have gone', async () => {
    const own = await start();
    const sockets = Array.from({ length: 100 }, () => openSocket(own.port));
    const outcomes = await Promise.all(sockets.map(outcome));
    expect(outcomes.filter((result) => result === 'open')).toHaveLength(32);
    expect(outcomes.filter((result) => result === 503)).toHaveLength(68);
    const first = sockets[outcomes.indexOf('open')];
    first.close();
    await closeCode(first);
    const next = openSocket(own.port);
    expect(await outcome(next)).toBe('open');
    for (const socket of [...sockets, next]) socket.terminate();
  });

  test('a socket that shows no sign of life is closed', async () => {
    const quick = await start({ limits: { heartbeat: 50 } });
    const [live, dead] = [openSocket(quick.port), openSocket(quick.port, { silent: true })];
    await Promise.all([outcome(live), outcome(dead)]);
    expect(await closeCode(dead)).toBe(1006);
    expect(live.readyState).toBe(live.OPEN);
    live.terminate();
  });

  test('what is sent in a call changes no prototype, and the socket goes on', async () => {
    const socket = openSocket(server.port);
    await outcome(socket);
    const answers: string[] = [];
    socket.on('message', (data) => answers.push(String(data)));
    const call = (i: string, body: string) => socket.send(`{"i":"${i}","p":{"u":"/jobs/pause","b":${body}}}`);
    call('1', '{"json":{"job":"a","__proto__":{"polluted":1}}}');
    call('2', '{"json":{"job":"a"},"meta":[[1,"__proto__","polluted"],[1,"constructor","prototype","polluted"]]}');
    call('3', '{"json":{"job":"a"},"meta":[["x"],[5],null]}');
    call('4', '{"json":{"job":"a"}}');
    await expect.poll(() => answers.some((answer) => answer.includes('"4"'))).toBe(true);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    socket.terminate();
  });

  test('the end of the server is told', async () => {
    const ending = await startServer({ port: 0, host: '127.0.0.1', pages: folder.pages, router, token: TOKEN });
    const socket = openSocket(ending.port);
    await outcome(socket);
    const code = closeCode(socket);
    await ending.close();
    expect(await code).toBe(1001);
    await expect(fetch(`http://127.0.0.1:${ending.port}/`)).rejects.toThrow();
  });
});

describe('connections that only hold their place', () => {
  /** a connection that is cut off while it writes fails first */
  const closed = (socket: ReturnType<typeof connect>): Promise<unknown> => {
    socket.on('error', () => undefined).resume();
    return new Promise((resolve) => socket.once('close', resolve));
  };

  test.each([
    ['says nothing', ''],
    ['sends its request byte by byte', 'GET / HTTP/1.1\r\nHost: 127'],
    ['keeps its content to itself', 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\nx'],
  ])('one that %s is closed', async (_name, begin) => {
    const impatient = await start({ patience: 100 });
    const socket = connect(impatient.port, '127.0.0.1');
    if (begin) socket.write(begin);
    await closed(socket);
  });

  test('one that is refused a socket and does not hang up is closed', async () => {
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write('GET /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.resume();
    await once(socket, 'end');
    // a server that keeps the connection would take this
    const gone = closed(socket);
    const timer = setInterval(() => socket.write('x'), 5);
    await gone;
    clearInterval(timer);
  });

  test('one that never ends its TLS handshake is closed', async () => {
    const files = { cert: join(folder.pages, '..', 'tls-cert.pem'), key: join(folder.pages, '..', 'tls-key.pem') };
    writeFileSync(files.cert, CERTIFICATE);
    writeFileSync(files.key, KEY);
    const impatient = await start({ patience: 100, tls: files });
    await closed(connect(impatient.port, '127.0.0.1'));
    await closed(connectTls({ port: impatient.port, host: '127.0.0.1', rejectUnauthorized: false }));
  });
});

test('the token is written nowhere', async () => {
  const written: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    const spy = vi.spyOn(stream, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    onTestFinished(() => spy.mockRestore());
  }
  for (const method of ['log', 'info', 'warn', 'error'] as const) {
    const spy = vi.spyOn(console, method).mockImplementation((...values: unknown[]) => void written.push(values.map(String).join(' ')));
    onTestFinished(() => spy.mockRestore());
  }
  await fetch(`http://127.0.0.1:${server.port}/?token=${TOKEN}`);
  await fetch(`http://127.0.0.1:${server.port}/session`, { headers: { authorization: `Bearer ${TOKEN}` } });
  for (const attempt of [{}, { token: `${TOKEN}x` }, { origin: null }, { path: `/rpc?token=${TOKEN}` }]) {
    const socket = openSocket(server.port, attempt);
    if ((await outcome(socket)) === 'open') socket.send(`{"broken ${TOKEN}`);
    socket.terminate();
  }
  expect(written.filter((text) => text.includes(TOKEN))).toEqual([]);
});

describe('what the server does not start with', () => {
  const cert = join(folder.pages, '..', 'cert.pem');
  const key = join(folder.pages, '..', 'key.pem');
  beforeAll(() => {
    writeFileSync(cert, CERTIFICATE);
    writeFileSync(key, KEY);
  });

  test.each<[string, () => Partial<ServerOptions>, RegExp]>([
    [
      'an address for all machines',
      () => ({ host: '0.0.0.0' }),
      /^--host 0\.0\.0\.0 can be reached from other machines .*--tls-cert.*tunnel.*--allow-insecure-remote\.$/,
    ],
    ['its IPv6 form', () => ({ host: '::' }), /^--host :: can be reached/],
    [
      'an address of another machine',
      () => ({ host: '192.0.2.1', allowInsecureRemote: true }),
      /^--host 192\.0\.2\.1 is no address of this machine/,
    ],
    ['a port that is taken', () => ({ port: server.port }), /^Port \d+ is taken: choose another one with --port/],
    ['a certificate that is missing', () => ({ tls: { cert: '/none.pem', key } }), /^--tls-cert \/none\.pem cannot be read \(ENOENT\)/],
    ['a key that is missing', () => ({ tls: { cert, key: '/none.pem' } }), /^--tls-key \/none\.pem cannot be read \(ENOENT\)/],
    ['a certificate that is none', () => ({ tls: { cert: key, key } }), /cannot be used \(.*\): give a PEM certificate/],
  ])('%s', async (_name, options, sentence) => {
    await expect(start(options())).rejects.toSatisfy((error: WorkbenchError) => {
      expect(error.message).toMatch(sentence);
      return error.code === 'usage';
    });
  });

  test('the explicit word, or TLS, opens another address', async () => {
    const open = await start({ host: '0.0.0.0', allowInsecureRemote: true });
    expect(open.url).toMatch(/^http:/);
    const secure = await start({ host: '0.0.0.0', tls: { cert, key } });
    expect(secure.url).toMatch(/^https:/);
    const answer = await new Promise<{ status?: number; policy?: string | string[] }>((resolve, reject) => {
      get(`https://localhost:${secure.port}/`, { ca: CERTIFICATE }, (response) => {
        response.resume();
        resolve({ status: response.statusCode, policy: response.headers['content-security-policy'] });
      }).on('error', reject);
    });
    expect(answer).toEqual({ status: 200, policy: CONTENT_SECURITY_POLICY });
    await expect(fetch(`http://localhost:${secure.port}/`)).rejects.toThrow();
  });
});
