import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toErrorPayload } from '../../shared/contract/errors.ts';
import { CheckpointStore, type Checkpoint } from './checkpoint.ts';

const CHECKPOINT: Checkpoint = {
  tensors: new Map<string, Float32Array | Int32Array>([
    ['weights', Float32Array.of(1, 2, 3)],
    ['counts', Int32Array.of(4)],
  ]),
  step: 17,
  done: false,
};

describe('CheckpointStore', () => {
  let directory: string;
  let store: CheckpointStore;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'eqnet-checkpoint-'));
    store = new CheckpointStore(directory, 'fingerprint-1');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('gives back what was saved', () => {
    store.save('supernet', CHECKPOINT);
    expect(store.load('supernet')).toEqual(CHECKPOINT);
    store.save('supernet', { ...CHECKPOINT, step: 18, done: true });
    expect(store.load('supernet')).toEqual({ ...CHECKPOINT, step: 18, done: true });
  });

  test('there is none: null', () => expect(store.load('supernet')).toBeNull());

  test('names do not mix, and nothing temporary is left', () => {
    store.save('pretrain', CHECKPOINT);
    store.save('supernet', { ...CHECKPOINT, step: 3 });
    expect(store.load('pretrain')!.step).toBe(17);
    expect(readdirSync(join(directory, 'checkpoints')).sort()).toEqual(['pretrain.safetensors', 'supernet.safetensors']);
  });

  test('what a killed worker left half-written is removed by the next one', () => {
    store.save('supernet', CHECKPOINT);
    writeFileSync(`${store.path('supernet')}.4711.tmp`, 'half');
    const next = new CheckpointStore(directory, 'fingerprint-1');
    expect(readdirSync(join(directory, 'checkpoints'))).toEqual(['supernet.safetensors']);
    expect(next.load('supernet')).toEqual(CHECKPOINT);
  });

  test('a save that fails leaves the old checkpoint and nothing temporary', () => {
    store.save('supernet', CHECKPOINT);
    mkdirSync(store.path('blocked'), { recursive: true });
    writeFileSync(join(store.path('blocked'), 'file'), '');
    expect(() => store.save('blocked', CHECKPOINT)).toThrow();
    expect(readdirSync(join(directory, 'checkpoints')).sort()).toEqual(['blocked.safetensors', 'supernet.safetensors']);
    expect(store.load('supernet')).toEqual(CHECKPOINT);
  });

  test.each(['fingerprint-2', ''])('a checkpoint of another run is refused in one sentence (%s)', (fingerprint) => {
    store.save('supernet', CHECKPOINT);
    const other = new CheckpointStore(directory, fingerprint);
    expect(() => other.load('supernet')).toThrow(
      expect.objectContaining({
        code: 'fingerprint-mismatch',
        message: `Checkpoint ${store.path('supernet')} belongs to another recipe, data set or engine version; start a new run instead of resuming this one.`,
      }),
    );
  });

  const damaged = (change: (bytes: Buffer) => Buffer) => {
    store.save('supernet', CHECKPOINT);
    writeFileSync(store.path('supernet'), change(readFileSync(store.path('supernet'))));
    return () => store.load('supernet');
  };
  const replace = (from: string, to: string) => (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1');

  test.each([
    ['empty', () => Buffer.alloc(0)],
    ['cut', (bytes) => bytes.subarray(0, bytes.length - 1)],
    ['zeros', (bytes) => Buffer.alloc(bytes.length)],
    ['a step that is no number', replace('"step":"17"', '"step":"x7"')],
    ['a negative step', replace('"step":"17"', '"step":"-7"')],
    ['no step', replace('"step"', '"stop"')],
    ['another step', replace('"step":"17"', '"step":"18"')],
    [
      'one bit of a weight flipped',
      (bytes) => {
        bytes[bytes.length - 6] ^= 1;
        return bytes;
      },
    ],
  ] satisfies [string, (bytes: Buffer) => Buffer][])('%s: refused in one sentence', (_, change) => {
    const message = expect.stringMatching(
      /^Checkpoint .*supernet\.safetensors .*: do phase 'supernet' again \(--from supernet\)\.$/,
    ) as string;
    expect(damaged(change)).toThrow(expect.objectContaining({ code: 'checkpoint-invalid', message }));
  });

  test('a file of before, without a sha256, is read', () => {
    store.save('supernet', CHECKPOINT);
    const path = store.path('supernet');
    // same length, so that the offsets stay right
    writeFileSync(path, Buffer.from(readFileSync(path, 'latin1').replace('"sha256"', '"older!"'), 'latin1'));
    expect(store.load('supernet')).toEqual(CHECKPOINT);
  });

  test('a full disk is one sentence with the path', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
    expect(toErrorPayload(full, store.path('supernet'))).toEqual({
      code: 'disk-full',
      message: `The disk is full while writing ${store.path('supernet')}: free some space and run the same command again, a run with --resume.`,
    });
  });

  test('a folder that cannot be made is an error, not a silence', () => {
    writeFileSync(join(directory, 'checkpoints'), 'a file in the way');
    expect(dirname(store.path('supernet'))).toBe(join(directory, 'checkpoints'));
    expect(() => store.save('supernet', CHECKPOINT)).toThrow(/is in the way|a file in its path/);
  });
});
