/** Native work on several threads, each time in a process of its own: how many there are is read once. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { nativeNote } from './testing.ts';

const opsPath = process.env.EQNET_OPS;

/** Plan of `encodePlan`: an op's kind, inputs, shape, then window, stride, padding, groups, counted padding, quantizer, stages. */
const op = (kind: number, inputs: number[], shape: number[], quantizer: number, window = [1, 1, 1, 1, 0, 0, 0, 0]) =>
  [kind, inputs.length, ...inputs, ...shape, ...window, 1, 0, quantizer, 0]; // prettier-ignore
const CONVOLVED = [3, 1, ...op(0, [], [7, 5, 3], 0), ...op(1, [0], [7, 5, 20], -1, [3, 3, 1, 1, 1, 1, 1, 1]), ...op(8, [1], [1, 1, 20], -1)]; // prettier-ignore
/** No thread has the memory for a row of its second op. */
const ENDLESS = [3, 0, ...op(0, [], [1, 1, 1], -1), ...op(2, [0], [1, 2 ** 31 - 1, 2 ** 31 - 1], -1), ...op(2, [0], [1, 1, 1], -1)];

const SCRIPT = `
const net = require(process.env.EQNET_OPS);
const { createHash } = require('node:crypto');
const filled = (array, low, high) => array.map((_, i) => low + ((i * 7919 + 31) % (high - low)));
const convolution = () => {
  const handle = net.createIntegerNet(Int32Array.from(${JSON.stringify(CONVOLVED)}), new Float32Array(0));
  const weights = filled(new Int8Array(540), -128, 128);
  net.loadIntegerNet(handle, Float32Array.of(1 / 255, 0, 0, 255), [weights], [filled(new Int32Array(20), -3, 4)]);
  net.foldIntegerNet(handle, 0, new Float32Array(20).fill(1e-3), new Float32Array(20));
  return handle;
};
const tasks = {
  async results() {
    const handle = convolution();
    const images = filled(new Uint8Array(41 * 105), 0, 256);
    net.beginIntegerNet(handle, images);
    const moments = await net.momentsIntegerNet(handle, 0, images);
    const pending = net.evaluateIntegerNet(handle, images);
    net.releaseIntegerNet(handle);
    return createHash('sha256').update(moments).update(await pending).digest('hex');
  },
  failure: () => net.evaluateIntegerNet(net.createIntegerNet(Int32Array.from(${JSON.stringify(ENDLESS)}), new Float32Array(0)), new Uint8Array(200)).then(() => 'done', ({ message }) => message),
  async leaving() {
    net.evaluateIntegerNet(convolution(), new Uint8Array(20000 * 105));
    setImmediate(() => process.exit());
    return 'left';
  },
};
tasks[process.argv[1]]().then((said) => process.stdout.write(said));
`;

async function run(task: 'results' | 'failure' | 'leaving', threads: number): Promise<string> {
  const env = { ...process.env, NODE_OPTIONS: '', TF_NUM_INTRAOP_THREADS: String(threads) };
  return (await promisify(execFile)(process.execPath, ['-e', SCRIPT, task], { env })).stdout;
}

describe.skipIf(!opsPath)(`integer networks on several threads${nativeNote}`, () => {
  test('moments and outputs are the same bit for bit on any number of threads, also of a network that is released meanwhile', async () => {
    const [one, two, five] = await Promise.all([1, 2, 5].map((threads) => run('results', threads)));
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect([two, five]).toEqual([one, one]);
  });

  test.each([1, 3])('work that fails is told and ends no process, with %i threads', async (threads) => {
    expect(await run('failure', threads)).toMatch(/vector|alloc/);
  });

  test('a process may end while a network runs', async () => {
    expect(await run('leaving', 3)).toBe('left');
  });
});
