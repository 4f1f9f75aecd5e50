import { describe, expect, test } from 'vitest';
import { GraphBuilder, type CodeGrid } from './builder.ts';
import { nodesOf } from './fuse.ts';
import type { Convolution, Program, Shape, Value } from './graph.ts';
import { normal } from './ops-cases.ts';
import { codesSession, nativeNote } from './testing.ts';

const SAME: Convolution = { stride: [1, 1], padding: [1, 1, 1, 1] };
const VALID: Convolution = { stride: [1, 1], padding: [0, 0, 0, 0] };

/** Image [batch, height, width, channels], filter [height, width, channels of the image, channels], where it moves. */
const WINDOWS: [name: string, image: Shape, filter: Shape, options: Convolution][] = [
  ['3x3, 16 channels', [3, 9, 10, 16], [3, 3, 16, 16], SAME],
  ['3x3, a colour image', [2, 8, 7, 3], [3, 3, 3, 24], SAME],
  ['3x3, two steps, padded behind', [2, 8, 9, 5], [3, 3, 5, 40], { stride: [2, 2], padding: [0, 1, 0, 1] }],
  ['3x3, steps that differ', [1, 7, 9, 20], [3, 3, 20, 17], { stride: [1, 2], padding: [1, 1, 1, 1] }],
  ['1x1', [4, 6, 5, 33], [1, 1, 33, 31], VALID],
  ['1x1, two steps', [2, 6, 6, 64], [1, 1, 64, 80], { stride: [2, 2], padding: [0, 0, 0, 0] }],
  ['7x7, padding of 3', [2, 9, 8, 4], [7, 7, 4, 16], { stride: [2, 2], padding: [3, 3, 3, 3] }],
  ['a kernel larger than the image', [2, 3, 2, 8], [5, 5, 8, 16], { stride: [1, 1], padding: [2, 2, 2, 2] }],
  ['one image of many rows', [1, 70, 3, 6], [3, 3, 6, 16], SAME],
  ['more images than units of work', [70, 3, 3, 6], [3, 3, 6, 16], SAME],
];

/** Step size and offset of channel c, lowest and highest code. */
const IMAGE_GRIDS: Record<string, [step: number, offset: number, low: number, high: number]> = {
  unsigned: [0.011, 0, 0, 255],
  signed: [0.03, 0, -128, 127],
  asymmetric: [0.02, -1.37, 0, 255],
  'two bits': [0.8, 0.31, 0, 3],
};
const FILTER_GRIDS: Record<string, { step: (c: number) => number; offset: (c: number) => number; low: number; high: number }> = {
  symmetric: { step: (c) => 0.02 + 0.001 * (c % 5), offset: () => 0, low: -128, high: 127 },
  asymmetric: { step: () => 0.013, offset: () => -1.61, low: 0, high: 255 },
  'some channels with an offset': { step: (c) => 0.3 + 0.01 * (c % 3), offset: (c) => (c % 2) * 0.07, low: -4, high: 3 },
};

const grid = (b: GraphBuilder, name: string, shape: Shape): CodeGrid => {
  const [step, offset] = ['step', 'offset'].map((key) => b.feed(`${name}-${key}`, shape));
  const [low, high] = ['low', 'high'].map((key) => b.feed(`${name}-${key}`, []));
  return { step, offset, low, high } as CodeGrid;
};

function programOf(image: Shape, filter: Shape, of: (b: GraphBuilder, x: Value, w: Value) => Value) {
  const b = new GraphBuilder();
  b.function('run', () => ({ y: of(b, b.feed('image', image), b.feed('filter', filter)) }));
  return b.build();
}
const quantized = (image: Shape, filter: Shape, options: Convolution, relu = false) =>
  programOf(image, filter, (b, x, w) =>
    b.conv2d(b.fakeQuant(x, grid(b, 'x', []), relu), b.channelFakeQuant(w, grid(b, 'w', [filter[3]])), options),
  );

const opsOf = (program: Program, integers: boolean) => nodesOf(program.functions.get('run')!, true, integers).nodes.map(({ op }) => op);

function feedsOf(image: Shape, filter: Shape, imageGrid: string, filterGrid: string): Record<string, Float32Array> {
  const [step, offset, low, high] = IMAGE_GRIDS[imageGrid];
  const of = FILTER_GRIDS[filterGrid];
  const channels = (value: (c: number) => number) => Float32Array.from({ length: filter[3] }, (_, c) => value(c));
  return {
    image: normal(image).data as Float32Array,
    filter: normal(filter).data as Float32Array,
    'x-step': Float32Array.of(step),
    'x-offset': Float32Array.of(offset),
    'x-low': Float32Array.of(low),
    'x-high': Float32Array.of(high),
    'w-step': channels(of.step),
    'w-offset': channels(of.offset),
    'w-low': Float32Array.of(of.low),
    'w-high': Float32Array.of(of.high),
  };
}

describe.skipIf(!codesSession)(`a convolution over codes gives what one over floats does${nativeNote}`, () => {
  test.each(WINDOWS)('%s', async (_, image, filter, options) => {
    const program = quantized(image, filter, options);
    expect(opsOf(program, true)).toContain('QuantConv2D');
    const [ours, theirs] = [await codesSession!(program, true), await codesSession!(program, false)];
    try {
      for (const imageGrid of Object.keys(IMAGE_GRIDS))
        for (const filterGrid of Object.keys(FILTER_GRIDS)) {
          const feeds = feedsOf(image, filter, imageGrid, filterGrid);
          const before = ours.memory().tensors;
          const { y } = await ours.run('run', feeds);
          expect(ours.memory().tensors).toBe(before);
          const { y: expected } = await theirs.run('run', feeds);
          expect(y).toHaveLength(expected.length);
          const scale = Math.max(1, ...Array.from(expected, Math.abs));
          const errors = Array.from(expected, (value, i) => Math.abs(value - y[i]) / scale);
          // sums of up to 500 products in single precision on the other side
          expect(Math.max(...errors), `${imageGrid} image, ${filterGrid} filter`).toBeLessThanOrEqual(3e-6);
        }
    } finally {
      ours.dispose();
      theirs.dispose();
    }
  });

  test('a NaN in one image stays in it, a NaN in the filter is everywhere', async () => {
    const [image, filter]: Shape[] = [
      [3, 4, 4, 16],
      [3, 3, 16, 16],
    ];
    const executor = await codesSession!(quantized(image, filter, SAME), true);
    try {
      const feeds = feedsOf(image, filter, 'unsigned', 'symmetric');
      feeds.image[256 + 5] = NaN;
      const { y } = await executor.run('run', feeds);
      // The first two rows and columns see it; the other rows may share its fate, the other images not.
      const isMissing = (row: number, column: number, i: number) => Number.isNaN(y[((i * 4 + row) * 4 + column) * 16]);
      for (const row of [0, 1]) for (const column of [0, 1]) expect(isMissing(row, column, 1)).toBe(true);
      expect([...y.subarray(0, 256), ...y.subarray(512)].filter(Number.isNaN)).toEqual([]);
      feeds.image[256 + 5] = 0;
      feeds.filter[7] = NaN;
      expect((await executor.run('run', feeds)).y.every(Number.isNaN)).toBe(true);
    } finally {
      executor.dispose();
    }
  });

  test('codes that no byte holds are refused', async () => {
    const executor = await codesSession!(quantized([1, 4, 4, 16], [3, 3, 16, 16], SAME), true);
    try {
      const feeds = { ...feedsOf([1, 4, 4, 16], [3, 3, 16, 16], 'unsigned', 'symmetric'), 'x-high': Float32Array.of(256) };
      await expect(executor.run('run', feeds)).rejects.toThrow('Codes of more than 8 bits.');
    } finally {
      executor.dispose();
    }
  });
});

describe('which convolutions go over codes', () => {
  const [image, filter]: Shape[] = [
    [2, 4, 4, 16],
    [3, 3, 16, 16],
  ];

  test.each([
    ['both sides quantized', quantized(image, filter, SAME), true],
    ['a ReLU before the quantizer', quantized(image, filter, SAME, true), true],
    ['an image of floats', programOf(image, filter, (b, x, w) => b.conv2d(x, b.channelFakeQuant(w, grid(b, 'w', [16])), SAME)), false],
    ['a filter of floats', programOf(image, filter, (b, x, w) => b.conv2d(b.fakeQuant(x, grid(b, 'x', []), false), w, SAME)), false],
    ['few products for each value', quantized([2, 4, 4, 8], [1, 1, 8, 48], VALID), false],
    ['more products than 32 bits hold', quantized([1, 8, 8, 1100], [8, 8, 1100, 16], VALID), false],
  ])('%s', (_, program, expected) => {
    expect(opsOf(program, true).includes('QuantConv2D')).toBe(expected);
    expect(opsOf(program, true).includes('Conv2D')).toBe(!expected);
    expect(opsOf(program, false)).not.toContain('QuantConv2D');
  });
});
