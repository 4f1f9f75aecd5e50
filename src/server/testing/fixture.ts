import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { implement, ORPCError } from '@orpc/server';
import { WebSocket } from 'ws';
import { contract } from '../../shared/contract/api/index.ts';
import type { HostEvent } from '../../shared/contract/api/views.ts';
import { PROTOCOL } from '../token.ts';

export const TOKEN = 'a-token-of-the-tests-0123456789';

/** A folder like out/renderer, with a file beside it that nobody may see. */
export function pageFolder(): { pages: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'eqnet-pages-'));
  const pages = join(folder, 'renderer');
  mkdirSync(join(pages, 'assets'), { recursive: true });
  writeFileSync(join(pages, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(pages, 'assets', 'index-a1b2.js'), 'export {};');
  writeFileSync(join(pages, 'empty.txt'), '');
  writeFileSync(join(pages, '.sources'), '1');
  writeFileSync(join(pages, 'secret.bin'), 'no page');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  return { pages, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const os = implement({
  app: { events: contract.app.events },
  settings: { get: contract.settings.get },
  jobs: { pause: contract.jobs.pause },
});

/** A small host behind the contract, for what is about connections only: every event of its streams comes from `events`. */
export function smallHost(events: (window: string, signal: AbortSignal | undefined) => AsyncGenerator<HostEvent>) {
  return os.router({
    app: { events: os.app.events.handler(({ input, signal }) => events(input.window, signal)) },
    settings: {
      get: os.settings.get.handler(() => {
        throw new ORPCError('WORKBENCH', {
          message: 'The settings are asleep: wake them.',
          data: { code: 'project-locked', details: { since: 3 } },
        });
      }),
    },
    jobs: { pause: os.jobs.pause.handler(() => undefined) },
  });
}

export interface SocketAttempt {
  token?: string | null;
  origin?: string | null;
  host?: string;
  path?: string;
  /** does not answer pings */
  silent?: boolean;
}

/** Opens a socket as a page of the server would, but for what is said otherwise; `null` leaves a header out. */
export function openSocket(port: number, { token = TOKEN, origin, host, path = '/rpc', silent }: SocketAttempt = {}): WebSocket {
  const protocols = [PROTOCOL, ...(token === null ? [] : [`eqnet.token.${token}`])];
  return new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, {
    autoPong: !silent,
    headers: {
      ...(origin === null ? {} : { origin: origin ?? `http://127.0.0.1:${port}` }),
      ...(host && { host }),
    },
  });
}

/** `open`, or the status with which the server refused. */
export function outcome(socket: WebSocket): Promise<'open' | number> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve('open'));
    socket.once('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    socket.on('error', reject);
  });
}

/** Sends a request line as it is, without the tidying of a URL parser. @returns the whole answer */
export function rawGet(port: number, path: string, host = `127.0.0.1:${port}`, method = 'GET'): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (text) => (answer += text));
    socket.once('end', () => resolve(answer)).once('error', reject);
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  });
}
