import { RPCHandler } from '@orpc/server/ws';
import { os } from '@orpc/server';
import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { asSocket } from './port-socket.ts';

/** A port whose other end is the test. */
class TestPort extends EventEmitter {
  readonly sent: unknown[] = [];
  postMessage(message: unknown): void {
    this.sent.push(message);
  }
}

const REQUEST = JSON.stringify({ i: '1', p: { u: '/ping', b: {} } });

async function serve(): Promise<TestPort> {
  const port = new TestPort();
  await new RPCHandler({ ping: os.handler(() => 'pong') }).upgrade(asSocket(port), { context: {} });
  return port;
}

test.each([
  ['text that is no message', 'junk'],
  ['an unfinished message', '{"i":1'],
  ['bytes', new Uint8Array([1, 2, 3])],
  ['a number', 7],
  ['an object', { i: '1', p: 0 }],
  ['nothing', undefined],
])('%s is refused, and the next request is answered', async (_name, data) => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const port = await serve();
  port.emit('message', { data });
  port.emit('message', { data: REQUEST });
  await vi.waitFor(() => expect(port.sent).toHaveLength(1));
  expect(String(port.sent[0])).toContain('pong');
  expect(told).toHaveBeenCalledOnce();
  told.mockRestore();
});

test('the end of the other side is passed on', () => {
  const port = new TestPort();
  const closed = vi.fn<() => void>();
  asSocket(port).addEventListener('close', closed);
  port.emit('close');
  expect(closed).toHaveBeenCalledOnce();
});
