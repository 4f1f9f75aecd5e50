/** Single convolutions of odd sizes on integers, against sums in plain loops: exact. */
import { beforeAll, describe, expect, test } from 'vitest';
import { RandomStream } from '../../shared/domain/random.ts';
import { nativeModule } from './binding.ts';
import { GraphBuilder } from './builder.ts';
import { INSTRUCTION_SETS, IntegerNet, type InstructionSet, type IntegerOp } from './integer-net.ts';
import { nativeNote, testExecutors } from './testing.ts';

const native = testExecutors().find(({ kind }) => kind === 'session');

interface Case {
  shape: [height: number, width: number, channels: number];
  kernel: [number, number];
  stride: [number, number];
  padding: [number, number, number, number];
  groups: number;
  filters: number;
  images: number;
  /** of the input: signed codes, and where its zero lies */
  low: number;
  inputZero: number;
  weights: Int8Array;
  zeroPoints: Int32Array;
}

/** Sizes down to one pixel and one channel, strides and paddings larger than the kernel, depthwise and grouped; zero points anywhere. */
function randomCase(random: RandomStream): Case {
  const up = (most: number) => 1 + random.integer(most);
  const groups = random.pick([1, 1, 1, 2, 3, 17]);
  const perGroup = random.pick([1, 1, 2, 5, 16]);
  const outPerGroup = groups > 1 && perGroup === 1 ? random.pick([1, 1, 2]) : up(groups > 1 ? 9 : 35);
  const kernel: [number, number] = [up(4), up(4)];
  const padding = [0, 0, 1, 1].map((axis) => random.integer(kernel[axis] + 2)) as Case['padding'];
  const size = (axis: 0 | 1) => Math.max(up(7), kernel[axis] - padding[2 * axis] - padding[2 * axis + 1]);
  const shape: Case['shape'] = [size(0), size(1), groups * perGroup];
  const low = random.pick([0, -128]);
  const spread = random.pick([0, 2, 127]);
  const filters = groups * outPerGroup;
  const weights = Int8Array.from({ length: kernel[0] * kernel[1] * perGroup * filters }, () => random.integer(256) - 128);
  const zeroPoints = Int32Array.from({ length: filters }, () => random.integer(2 * spread + 1) - spread);
  const inputZero = low + random.integer(256);
  return { shape, kernel, stride: [up(3), up(3)], padding, groups, filters, images: up(11), low, inputZero, weights, zeroPoints };
}

const outputSize = ({ shape, kernel, stride, padding }: Case, axis: 0 | 1) =>
  Math.floor((shape[axis] + padding[2 * axis] + padding[2 * axis + 1] - kernel[axis]) / stride[axis]) + 1;

/** Sums of (code - zero)(weight - zero point), [images, height, width, filters]; pixels are the codes 0..255 of one unsigned grid. */
function sumsOf(options: Case, codes: Int32Array): Int32Array {
  const { shape, kernel, stride, padding, groups, filters, images, weights, zeroPoints, inputZero } = options;
  const [height, width, channels] = shape;
  const [rows, columns] = [outputSize(options, 0), outputSize(options, 1)];
  const [inputs, outputs] = [channels / groups, filters / groups];
  const sums = new Int32Array(images * rows * columns * filters);
  let at = 0;
  for (let image = 0; image < images; image++)
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++)
        for (let o = 0; o < filters; o++, at++)
          for (let ky = 0; ky < kernel[0]; ky++)
            for (let kx = 0; kx < kernel[1]; kx++)
              for (let i = 0; i < inputs; i++) {
                const [row, column] = [y * stride[0] + ky - padding[0], x * stride[1] + kx - padding[2]];
                if (row < 0 || row >= height || column < 0 || column >= width) continue;
                const channel = Math.floor(o / outputs) * inputs + i;
                const code = codes[((image * height + row) * width + column) * channels + channel];
                const weight = weights[((ky * kernel[1] + kx) * inputs + i) * filters + o];
                sums[at] += (code - inputZero) * (weight - zeroPoints[o]);
              }
  return sums;
}

describe.runIf(native)(`integer networks of one convolution${nativeNote}`, () => {
  const sets: InstructionSet[] = [];
  beforeAll(async () => {
    const b = new GraphBuilder();
    b.function('run', () => ({ one: b.scalar(1) }));
    (await native!.create(b.build())).dispose();
    for (const name of INSTRUCTION_SETS) if (nativeModule()!.createIntegerNet(Int32Array.of(1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, -1, 0), new Float32Array(0), name)) sets.push(name); // prettier-ignore
  });

  test('outputs and moments of 60 odd ones are exact on every instruction set', async () => {
    expect(sets).toContain('plain');
    for (let seed = 0; seed < 60; seed++) {
      const random = new RandomStream(1, 'test/integer-net', seed);
      const options = randomCase(random);
      const { shape, kernel, stride, padding, groups, filters, images, low, inputZero, weights, zeroPoints } = options;
      const pixels = Uint8Array.from({ length: images * shape[0] * shape[1] * shape[2] }, () => random.integer(256));
      // The step of a pixel is 1/255: value = pixel / 255, code = pixel + zero, clipped to the range of the codes.
      const codes = Int32Array.from(pixels, (pixel) => Math.min(Math.max(pixel + inputZero, low), low + 255));
      const expected = sumsOf(options, codes);
      const input: IntegerOp = { kind: 'input', inputs: [], shape, quantizer: 0, stages: [] };
      const output = [outputSize(options, 0), outputSize(options, 1), filters] as const;
      const convolution: IntegerOp = { kind: 'convolution', inputs: [0], shape: output, kernel, stride, padding, groups, quantizer: null, stages: [] }; // prettier-ignore
      for (const set of sets) {
        const net = new IntegerNet(nativeModule()!, { ops: [input, convolution], quantizers: 1 }, set);
        const name = `case ${seed}, ${set}`;
        net.load(Float32Array.of(1 / 255, -inputZero / 255, low, low + 255), [weights], [zeroPoints]);
        net.fold(0, new Float32Array(filters).fill(1), new Float32Array(filters));
        expect(await net.evaluate(pixels), name).toEqual(Float32Array.from(expected));
        net.begin(pixels);
        const moments = await net.moments(0);
        const wanted = new Float64Array(2 * filters);
        expected.forEach((sum, i) => {
          wanted[i % filters] += sum;
          wanted[filters + (i % filters)] += sum * sum;
        });
        expect(moments, name).toEqual(wanted);
        net.end();
        net.release();
      }
    }
  });
});
