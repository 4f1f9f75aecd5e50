import { decode, encode, type Text } from '../src/codec.ts';
import { BINDING, DELIVER, type FromPage, type PreloadStart, type ToPage } from '../src/messages.ts';
import { emitTo, isMainFrame, listen, page, type Shape } from './events.ts';

/** `preload` is the preload script as a function of the names that a sandboxed one gets. */
declare const standInStart: PreloadStart & { preload: ((...scope: unknown[]) => void) | null };

/** A message port of the page. */
interface Port {
  addEventListener(type: 'message' | 'close', listener: (event: { data: unknown }) => void): void;
  start(): void;
  postMessage(data: unknown): void;
  close(): void;
}

const world = globalThis as unknown as Record<string, unknown>;

/** What a preload script sees of `electron`; a member that is missing here throws with its name. */
function refuseUnknown<T extends object>(name: string, members: T): T {
  return new Proxy(members, {
    get(target, key) {
      // bundlers ask every module whether it is a translated one
      if (typeof key === 'symbol' || key === '__esModule' || key in target) return Reflect.get(target, key) as unknown;
      throw new Error(`electron stand-in: ${name}.${key} is not part of it in a preload script`);
    },
  });
}

function start({ secret, argv, platform, versions }: PreloadStart, preload: (...scope: unknown[]) => void): void {
  const post = world[BINDING] as (text: string) => void;
  delete world[BINDING];
  const send = (message: FromPage) => post(JSON.stringify(message));
  const ports = new Map<string, Port>();
  const functions: ((...args: unknown[]) => unknown)[] = [];

  const adopt = (port: Port): string => {
    const id = crypto.randomUUID();
    ports.set(id, port);
    port.addEventListener('close', () => {
      if (ports.delete(id)) send({ type: 'port-closed', port: id });
    });
    port.addEventListener('message', (event) => send({ type: 'port', port: id, data: encode(event.data) }));
    port.start();
    return id;
  };

  const dropped = new Map<string, string>();

  world[DELIVER] = (message: ToPage) => {
    if (message.type === 'dropping') {
      for (const [name, path] of Object.entries(message.paths)) dropped.set(name, path);
      return;
    }
    const port = ports.get(message.port);
    if (message.type === 'port') port?.postMessage(decode(message.data));
    else if (ports.delete(message.port)) port?.close();
  };

  const shapeOf = (value: unknown): Shape => {
    if (typeof value === 'function') return { kind: 'function', id: functions.push(value as () => unknown) - 1 };
    if (value !== null && typeof value === 'object')
      return { kind: 'object', entries: Object.entries(value).map(([key, item]) => [key, shapeOf(item)]) };
    return { kind: 'value', value };
  };

  listen(secret, 'open', ({ url }) => send({ type: 'open', url }));

  listen(secret, 'call', ({ id, args }) => {
    try {
      const value = functions[id]?.(...args);
      if (value instanceof Promise) throw new Error('electron stand-in: a promise through contextBridge is not part of it');
      emitTo(secret, 'returned', { ok: true, value });
    } catch (error) {
      emitTo(secret, 'returned', { ok: false, value: error instanceof Error ? error.message : String(error) });
    }
  });

  const sendMessage = (channel: string, args: unknown[], transfer: Port[]) =>
    send({ type: 'message', channel, args: args.map((arg): Text => encode(arg)), ports: transfer.map(adopt) });

  const electron = refuseUnknown('electron', {
    ipcRenderer: refuseUnknown('ipcRenderer', {
      send: (channel: string, ...args: unknown[]) => sendMessage(channel, args, []),
      postMessage: (channel: string, message: unknown, transfer: Port[] = []) => sendMessage(channel, [message], transfer),
    }),
    contextBridge: refuseUnknown('contextBridge', {
      exposeInMainWorld: (key: string, api: unknown) => emitTo(secret, 'expose', { key, shape: shapeOf(api) }),
    }),
    webUtils: refuseUnknown('webUtils', {
      // a page's own File has no path, as in the real thing; that of a dropped one the test has told (WebContents.expectDrop)
      getPathForFile: (file: unknown) => {
        if (!(file instanceof File)) throw new TypeError('getPathForFile expects a File');
        return dropped.get(file.name) ?? '';
      },
    }),
  });

  const load = (name: string): unknown => {
    if (name === 'electron') return electron;
    throw new Error(`module not found: ${name}`);
  };
  const module = { exports: {} };
  const process = { type: 'renderer', sandboxed: true, contextIsolated: true, platform, argv, versions, env: {} };
  preload(load, module, module.exports, process, page);
}

if (isMainFrame && standInStart.preload) start(standInStart, standInStart.preload);
