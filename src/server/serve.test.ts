import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followEvents } from '../renderer/host/follow-events.ts';
import { HostLink } from '../renderer/host/host-link.ts';
import { socketConnection } from '../renderer/host/socket-connection.ts';
import type { HostEvent } from '../shared/contract/api/views.ts';
import { serve, type ServeOptions } from './serve.ts';
import { openSocket, pageFolder } from './testing/fixture.ts';

const folder = pageFolder();
const work = realpathSync(mkdtempSync(join(tmpdir(), 'eqnet-serve-')));
const root = join(work, 'root');
mkdirSync(root);
afterAll(() => {
  folder.remove();
  rmSync(work, { recursive: true, force: true });
});

const OPTIONS: ServeOptions = { port: 0, host: '127.0.0.1', roots: [root], allowInsecureRemote: false, allowHosts: [], open: false };

interface Running {
  port: number;
  token: string;
  end(): Promise<void>;
}

async function start(): Promise<Running> {
  const stop = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  const url = await new Promise<string>((onReady, onFailure) => {
    ended = serve(OPTIONS, { signal: stop.signal, onReady, say: () => undefined, dataDirectory: join(work, 'data'), pages: folder.pages });
    ended.catch(onFailure);
  });
  const { port, hash } = new URL(url);
  const end = () => {
    stop.abort();
    return ended;
  };
  return { port: Number(port), token: hash.replace('#token=', ''), end };
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { interval: 5, timeout: 20_000 }).toBe(true);
}

describe('the real host behind a socket', () => {
  let running: Running;
  let sockets: ReturnType<typeof openSocket>[] = [];
  let link: HostLink;

  beforeAll(async () => {
    running = await start();
    link = new HostLink({
      kind: 'browser',
      window: 'w1',
      firstDelay: 5,
      connect: () => {
        const socket = openSocket(running.port, { token: running.token });
        socket.on('error', () => undefined);
        sockets = [...sockets, socket];
        return socketConnection(socket as unknown as Parameters<typeof socketConnection>[0]);
      },
    });
    return async () => {
      link.dispose();
      await running.end();
    };
  });

  test('app.info', async () => {
    expect(await link.client.app.info()).toMatchObject({ host: 'browser', electron: null, nativeDialogs: false, roots: [root] });
  });

  test('a path outside of the roots is refused', async () => {
    await expect(link.client.files.list({ path: work })).rejects.toMatchObject({
      name: 'WorkbenchError',
      message: expect.stringContaining(work),
    });
    expect(await link.client.files.list({ path: root })).toMatchObject({ path: root, entries: [] });
  });

  test('a project that is not open is a typed error', async () => {
    await expect(link.client.projects.view({ project: join(root, 'none.eqnet') })).rejects.toMatchObject({
      name: 'WorkbenchError',
      code: expect.stringMatching(/^project-/),
      message: expect.stringContaining('none.eqnet'),
    });
  });

  test('a value that the contract refuses is named', async () => {
    await expect(link.client.jobs.pause({ job: '' })).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining("'job'") });
  });

  test('after a lost connection the window has its projects and their later changes', async () => {
    const events: HostEvent[] = [];
    const stop = followEvents(link, (event) => events.push(event));
    const [{ recipe }] = await link.client.recipes.samples();
    const project = join(root, 'a.eqnet');
    await link.client.projects.create({ folder: project, recipe, window: 'w1' });
    await until(() => events.some((event) => event.type === 'jobs'));

    events.length = 0;
    sockets.at(-1)!.terminate();
    await until(() => sockets.length === 2);
    await until(() => events.some((event) => event.type === 'project' && event.view.folder === project));
    expect(events[0]).toEqual({ type: 'jobs', jobs: [] });
    const { revision } = await link.client.projects.view({ project });
    const saved = await link.client.projects.saveDraft({ project, recipe: { ...recipe, title: 'Later' }, revision, window: 'w1' });
    await until(() => events.some((event) => event.type === 'project' && event.view.revision === saved.revision));
    stop();
  });

  test('Ctrl-C closes the projects and the connections', async () => {
    await link.client.projects.open({ folder: join(root, 'a.eqnet'), window: 'w1' });
    await running.end();
    await until(() => link.state === 'lost');
    running = await start();
    // another token: the link of the earlier page stays out, a new one may write at once
    const again = new HostLink({
      kind: 'browser',
      window: 'w2',
      connect: () =>
        socketConnection(openSocket(running.port, { token: running.token }) as unknown as Parameters<typeof socketConnection>[0]),
    });
    expect(await again.client.projects.open({ folder: join(root, 'a.eqnet'), window: 'w2' })).toMatchObject({ draft: { title: 'Later' } });
    again.dispose();
  });
});

test.each<[string, Partial<ServeOptions>, { pages?: string }, RegExp]>([
  ['a root that is no folder', { roots: [join(work, 'none')] }, {}, /^--root .*none is not a folder: give one that is there\.$/],
  ['pages that are not built', {}, { pages: work }, /^The interface is not in .*: build it with 'npm run build:app'/],
  ['an address for all machines', { host: '0.0.0.0' }, {}, /^--host 0\.0\.0\.0 can be reached from other machines/],
])('%s is said before anything starts', async (_name, options, hooks, sentence) => {
  const never = { signal: new AbortController().signal, onReady: () => expect.unreachable(), say: () => undefined };
  await expect(
    serve({ ...OPTIONS, ...options }, { ...never, dataDirectory: join(work, 'data'), pages: folder.pages, ...hooks }),
  ).rejects.toThrow(sentence);
});
