import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followEvents } from '../renderer/host/follow-events.ts';
import { HostLink, type LinkState } from '../renderer/host/host-link.ts';
import { socketConnection } from '../renderer/host/socket-connection.ts';
import type { HostEvent } from '../shared/contract/api/views.ts';
import { startServer, type RunningServer } from './server.ts';
import { openSocket, outcome, pageFolder, smallHost, TOKEN } from './testing/fixture.ts';

const folder = pageFolder();
afterAll(() => folder.remove());

const notice = (text: string): HostEvent => ({ type: 'notice', level: 'info', text, project: null, run: null });
const texts = (events: HostEvent[]): string[] => events.map((event) => (event.type === 'notice' ? event.text : event.type));

/** One number after another, from the host; `next` resolves when the host is asked for the next event. */
class Feed {
  streams = 0;
  ended = 0;
  asked = 0;
  private waiting: ((event: HostEvent) => void)[] = [];

  async *events(window: string, signal: AbortSignal | undefined): AsyncGenerator<HostEvent> {
    this.streams++;
    const aborted = new Promise<null>((resolve) => signal?.addEventListener('abort', () => resolve(null), { once: true }));
    try {
      yield notice(`hello ${window}`);
      for (;;) {
        this.asked++;
        const event = await Promise.race([aborted, new Promise<HostEvent>((resolve) => this.waiting.push(resolve))]);
        if (!event) return;
        yield event;
      }
    } finally {
      this.ended++;
    }
  }

  get isAsked(): boolean {
    return this.waiting.length > 0;
  }

  push(event: HostEvent): void {
    this.waiting.shift()!(event);
  }
}

const connect = (port: () => number, states: LinkState[] = []): HostLink => {
  const link = new HostLink({
    kind: 'browser',
    window: 'w1',
    firstDelay: 5,
    longestDelay: 50,
    connect: () => {
      const socket = openSocket(port());
      socket.on('error', () => undefined);
      return socketConnection(socket as unknown as Parameters<typeof socketConnection>[0]);
    },
  });
  link.onState((state) => states.push(state));
  return link;
};

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { interval: 5, timeout: 10_000 }).toBe(true);
}

describe('a window and its server', () => {
  const feed = new Feed();
  const start = (port = 0) =>
    startServer({
      port,
      host: '127.0.0.1',
      pages: folder.pages,
      router: smallHost((window, signal) => feed.events(window, signal)),
      token: TOKEN,
    });
  let server: RunningServer;
  let link: HostLink;
  const states: LinkState[] = [];

  beforeAll(async () => {
    server = await start();
    link = connect(() => server.port, states);
    return async () => {
      link.dispose();
      await server.close();
    };
  });

  test('an error comes back as it was thrown', async () => {
    await expect(link.client.settings.get()).rejects.toMatchObject({
      name: 'WorkbenchError',
      code: 'project-locked',
      message: 'The settings are asleep: wake them.',
      details: { since: 3 },
    });
  });

  test('the stream goes on after the server was away; calls say so meanwhile', async () => {
    const events: HostEvent[] = [];
    const stop = followEvents(link, (event) => events.push(event));
    await until(() => feed.isAsked);
    feed.push(notice('one'));
    await until(() => events.length === 2);

    const { port } = server;
    await server.close();
    await until(() => link.state === 'lost');
    await until(() => feed.ended === 1);
    await expect(link.client.jobs.pause({ job: 'j1' })).rejects.toMatchObject({ code: 'connection-lost' });
    expect(link.problem).toMatch(/connects again by itself/);

    server = await start(port);
    await until(() => events.length === 3);
    expect(link).toMatchObject({ state: 'open', problem: null });
    await expect(link.client.jobs.pause({ job: 'j1' })).resolves.toBeUndefined();
    expect(texts(events)).toEqual(['hello w1', 'one', 'hello w1']);
    expect(states.filter((state, i) => state !== states[i - 1])).toEqual(['open', 'lost', 'open']);

    stop();
    await until(() => feed.ended === 2);
    link.dispose();
    await expect(link.client.jobs.pause({ job: 'j1' })).rejects.toMatchObject({ code: 'connection-lost' });
  });
});

test('what a slow window cannot take stays with the host', async () => {
  const BYTES = 2 ** 20;
  let made = 0;
  const router = smallHost(async function* (_window, signal) {
    while (!signal?.aborted) {
      made++;
      yield notice('x'.repeat(BYTES));
    }
  });
  const server = await startServer({ port: 0, host: '127.0.0.1', pages: folder.pages, router, token: TOKEN });
  const socket = openSocket(server.port);
  await outcome(socket);
  socket.send(JSON.stringify({ i: '1', p: { u: '/app/events', b: { json: { window: 'slow' } } } }));
  await once(socket, 'message');
  socket.pause();
  // the buffers of both systems fill, then the host is asked no more
  let before = -1;
  await expect
    .poll(
      () => {
        const still = made === before;
        before = made;
        return still;
      },
      { interval: 200, timeout: 20_000 },
    )
    .toBe(true);
  const held = made;
  expect(held).toBeLessThan(100);
  socket.resume();
  await until(() => made > held);
  socket.terminate();
  await server.close();
});
