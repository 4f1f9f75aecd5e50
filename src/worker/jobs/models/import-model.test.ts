import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  mkdirSync,
  openSync,
  ftruncateSync,
  closeSync,
  readdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { liveTensors } from '../../engine/layers-testkit.ts';
import { inferShapes } from '../../../shared/domain/layer-graph.ts';
import {
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
} from '../../formats/onnx/onnx_pb.ts';
import { floatValue } from '../../formats/onnx/protos.ts';
import { readModelWeights } from '../../models/project-model.ts';
import { Reporter } from '../reporter.ts';
import { exportFloatModel } from './export-model.ts';
import { importModel } from './import-model.ts';
import { onnxBytes, onnxFile, type GraphFixture, type ModelFixture } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'eqnet-models-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const importFile = (file: string, normalization: { mean: number[]; std: number[] } | null = null, name = `net${++count}`) =>
  importModel({ file, folder, name, normalization }, new Reporter(() => undefined), async () => undefined);
const importGraph = (write: (graph: GraphFixture) => string, fixture?: ModelFixture) => importFile(onnxFile(write, fixture));

/** Global mean, then a linear layer to four classes. */
function head(g: GraphFixture, x: string, channels: number): string {
  const pooled = g.add('Flatten', [g.add('GlobalAveragePool', [x])]);
  return g.add('Gemm', [pooled, g.floats([4, channels]), g.floats([4])], { transB: 1 });
}

/** Two convolutions, so that a network is large enough, around something. */
function around(g: GraphFixture, middle: (x: string) => string, channels = 6): string {
  const x = g.add('Relu', [g.conv('x', [6, 3, 3], { pads: [1, 1, 1, 1] })]);
  return head(g, middle(x), channels);
}

const kindsOf = ({ network }: Awaited<ReturnType<typeof importModel>>) => network.layers.map(({ kind }) => kind);

describe('what computes the same as its original', () => {
  const CASES: [string, (g: GraphFixture) => string, ModelFixture?][] = [
    [
      'a residual block with batch normalization, stride and projection',
      (g) => {
        const stem = g.add('Relu', [g.batchNorm(g.conv('x', [6, 3, 3], { pads: [1, 1, 1, 1] }, false), 6)]);
        const branch = g.batchNorm(g.conv(stem, [8, 6, 3], { pads: [1, 1, 1, 1], strides: [2, 2] }, false), 8, {
          epsilon: { float: 1e-3 },
        });
        const shortcut = g.batchNorm(g.conv(stem, [8, 6, 1], { strides: [2, 2] }, false), 8);
        return head(g, g.add('Relu', [g.add('Add', [branch, shortcut])]), 8);
      },
    ],
    [
      'an inverted residual: depthwise, ReLU6, squeeze-and-excitation, swish',
      (g) =>
        around(g, (x) => {
          const six = g.add('Clip', [
            g.conv(x, [6, 1, 3], { group: 6, pads: [1, 1, 1, 1] }),
            g.constant([], Float32Array.of(0)),
            g.constant([], Float32Array.of(6)),
          ]);
          const squeezed = g.add('Relu', [g.conv(g.add('GlobalAveragePool', [six]), [2, 6, 1])]);
          const gated = g.add('Mul', [g.add('Sigmoid', [g.conv(squeezed, [6, 2, 1])]), six]);
          const projected = g.conv(gated, [6, 6, 1]);
          return g.add('Add', [g.add('Mul', [projected, g.add('Sigmoid', [projected])]), x]);
        }),
    ],
    [
      'opset 9: bounds, padding and axes as attributes, one image at a time',
      (g) =>
        around(g, (x) => {
          const padded = g.add('Pad', [x], { pads: [0, 0, 1, 0, 0, 0, 0, 1], mode: 'constant', value: { float: 0 } });
          const y = g.add('Clip', [g.conv(padded, [6, 6, 3])], { min: { float: 0 }, max: { float: 6 } });
          return g.add('Dropout', [y], { ratio: { float: 0.5 } });
        }),
      { opset: 9, ir: 4, input: [1, 3, 8, 8] },
    ],
    [
      'a flattened image before a linear layer',
      (g) => {
        const x = g.add('MaxPool', [g.conv('x', [5, 3, 3])], { kernel_shape: [2, 2], strides: [2, 2] });
        const hidden = g.add('Relu', [
          g.add('Gemm', [g.add('Flatten', [x]), g.floats([45, 7]), g.floats([7])], { alpha: { float: 0.5 }, beta: { float: 2 } }),
        ]);
        return g.add('Add', [g.add('MatMul', [hidden, g.floats([7, 4])]), g.floats([4])]);
      },
    ],
    [
      'a size that is computed: Shape, Gather, Unsqueeze, Concat, Reshape',
      (g) => {
        const x = g.conv('x', [2, 3, 3], { strides: [3, 3] });
        const batch = g.add('Unsqueeze', [g.add('Gather', [g.add('Shape', [x]), g.constant([], BigInt64Array.of(0n))]), g.integers(0)]);
        const flat = g.add('Reshape', [x, g.add('Concat', [batch, g.integers(-1)], { axis: 0 })]);
        return g.add('Gemm', [flat, g.floats([8, 4]), g.floats([4])]);
      },
    ],
    ...(['SAME_UPPER', 'SAME_LOWER', 'VALID'] as const).map((pad): [string, (g: GraphFixture) => string] => [
      `auto_pad ${pad}, at an even kernel and stride 2`,
      (g) => around(g, (x) => g.conv(x, [6, 6, 4], { auto_pad: pad, strides: [2, 2] })),
    ]),
    [
      'pools: rounded up, with and without the padding in the mean',
      (g) =>
        around(
          g,
          (x) => {
            const most = g.add('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 });
            const counted = g.add('AveragePool', [most], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 });
            const plain = g.add('AveragePool', [most], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
            return g.add('Concat', [counted, plain], { axis: 1 });
          },
          12,
        ),
    ],
    [
      'mean over axes as an input, a sum of three, weights of ConstantOfShape',
      (g) => {
        const x = g.conv('x', [6, 3, 3]);
        const shape = g.integers(6, 3, 3, 3);
        const filled = g.add('ConstantOfShape', [shape]);
        const y = g.add('Sum', [x, g.add('Conv', ['x', filled]), x]);
        const mean = g.add('ReduceMean', [g.add('Relu', [y]), g.integers(-1, -2)], { keepdims: 0 });
        return g.add('Gemm', [mean, g.floats([6, 4])]);
      },
      { opset: 18 },
    ],
    ['grouped convolutions, two numbers of groups', (g) => around(g, (x) => g.conv(g.conv(x, [9, 2, 3], { group: 3 }), [6, 9, 1]))],
    [
      'images with channels last',
      (g) => head(g, g.add('Relu', [g.conv(g.add('Transpose', ['x'], { perm: [0, 3, 1, 2] }), [6, 3, 3])]), 6),
      { input: ['batch', 8, 8, 3] },
    ],
    [
      'a normalization of its own, and scales that a convolution takes',
      (g) => {
        const x = g.add('Div', [g.add('Sub', ['x', g.floats([1, 3, 1, 1], 0.3, 0.6)]), g.floats([3, 1, 1], 0.2, 0.4)]);
        const y = g.add('Mul', [g.conv(x, [6, 3, 3], { pads: [1, 1, 1, 1] }, false), g.floats([6, 1, 1])]);
        return head(g, g.add('Relu', [g.add('Add', [y, g.floats([1, 6, 1, 1])])]), 6);
      },
    ],
    [
      'a normalization of the image by BatchNormalization, one behind a linear layer',
      (g) => {
        const x = g.conv(g.batchNorm('x', 3), [6, 3, 3], { pads: [1, 1, 1, 1] });
        const pooled = g.add('Flatten', [g.add('GlobalAveragePool', [g.add('Relu', [x])])]);
        return g.add('Identity', [g.batchNorm(g.add('Gemm', [pooled, g.floats([6, 4]), g.floats([4])]), 4)]);
      },
    ],
    [
      'a pre-activation block, whose normalization follows a sum',
      (g) =>
        around(g, (x) => {
          const inner = g.conv(g.add('Relu', [g.batchNorm(x, 6)]), [6, 6, 3], { pads: [1, 1, 1, 1] }, false);
          const sum = g.add('Add', [g.conv(g.add('Relu', [g.batchNorm(inner, 6)]), [6, 6, 1]), x]);
          return g.add('Relu', [g.batchNorm(sum, 6)]);
        }),
    ],
    [
      'a dense block: normalization of joined channels, one dead channel, constants behind a pool',
      (g) =>
        around(
          g,
          (x) => {
            const dead = Float32Array.of(0, 0.5, -2, 1, 1e-20, 3);
            const first = g.add('Relu', [g.add('Mul', [g.batchNorm(x, 6), g.constant([6, 1, 1], dead)])]);
            const both = g.add('Concat', [x, g.conv(first, [4, 6, 3], { pads: [1, 1, 1, 1] }, false)], { axis: 1 });
            const pooled = g.add('AveragePool', [g.conv(g.add('Relu', [g.batchNorm(both, 10)]), [6, 10, 1])], {
              kernel_shape: [2, 2],
              strides: [2, 2],
            });
            return g.add('Add', [g.add('Mul', [pooled, g.floats([6, 1, 1])]), g.floats([1, 6, 1, 1])]);
          },
          6,
        ),
    ],
    ['a normalization beside another reader', (g) => around(g, (x) => { const y = g.conv(x, [6, 6, 1]); return g.add('Add', [g.batchNorm(y, 6), y]); })], // prettier-ignore
    ['an image that is read with and without a scale', (g) => around(g, (x) => g.add('Add', [x, g.conv(g.add('Mul', ['x', g.floats([3, 1, 1])]), [6, 3, 1])]))], // prettier-ignore
    ['a softmax at the end', (g) => g.add('Softmax', [around(g, (x) => x)], { axis: 1 })],
  ];

  // The engine starts with the first network.
  beforeAll(async () => void (await importGraph((g) => around(g, (x) => x))));

  test.each(CASES)('%s', async (_, write, fixture) => {
    const tensors = liveTensors();
    const { check } = await importGraph(write, fixture);
    expect(check.maxRelativeDifference).toBeLessThanOrEqual(1e-5);
    expect(check.agreement).toBe(1);
    expect(liveTensors()).toBe(tensors);
  });

  test('an activation over several nodes is one layer, and what only serves inference is gone', async () => {
    const file = await importGraph((g) =>
      g.add('Softmax', [around(g, (x) => g.add('Dropout', [g.add('Mul', [x, g.add('Sigmoid', [x])])]))]),
    );
    expect(kindsOf(file)).toEqual(['input', 'conv', 'relu', 'swish', 'globalpool', 'linear']);
    expect(file.notes.join(' ')).toMatch(/The Softmax at the end is left out.*No convolution of the network has a batch normalization/);
  });

  test('what training no longer moves is said, and exported again it stays the same', async () => {
    const { network, notes } = await importGraph((g) => around(g, (x) => g.conv(g.add('Relu', [g.batchNorm(x, 6)]), [6, 6, 1])));
    expect(network.layers.filter(({ kind }) => kind === 'normalize')).toHaveLength(1);
    expect(notes[0]).toMatch(/^Batch normalization '.*' not directly behind a convolution: kept as a scale and a shift, which neither/);
    const file = join(folder, 'again.onnx');
    await exportFloatModel({ source: { folder, name: network.name }, file }, new Reporter(() => undefined), async () => undefined);
    expect(kindsOf(await importFile(file))).toEqual(network.layers.map(({ kind }) => kind));
  });

  test('mean and deviation of the images are exact at padded borders too, because they are a layer', async () => {
    const normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    const file = await importFile(
      onnxFile((g) => head(g, g.add('Relu', [g.conv('x', [6, 3, 5], { pads: [2, 2, 2, 2] })]), 6)),
      normalization,
    );
    expect(file.network.layers[1]).toMatchObject({ kind: 'normalize', ...normalization });
    expect(file.check.maxRelativeDifference).toBeLessThanOrEqual(1e-5);
  });

  test('weights in a file beside the model', async () => {
    const model = fromBinary(
      ModelProtoSchema,
      onnxBytes((g) => around(g, (x) => x)),
    );
    const file = join(mkdtempSync(join(tmpdir(), 'eqnet-import-')), 'net.onnx');
    const parts = model.graph!.initializer.map((tensor) => tensor.rawData);
    let offset = 0;
    for (const tensor of model.graph!.initializer) {
      const entries = { location: 'net.data', offset: String(offset), length: String(tensor.rawData.length) };
      offset += tensor.rawData.length;
      Object.assign(tensor, { rawData: new Uint8Array(), dataLocation: TensorProto_DataLocation.EXTERNAL });
      tensor.externalData = Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
    }
    writeFileSync(file, toBinary(ModelProtoSchema, model));
    await expect(importFile(file)).rejects.toMatchObject({
      code: 'model-invalid',
      message: expect.stringMatching(/'net\.data' beside it, which is not there: copy that file/),
    });
    writeFileSync(join(dirname(file), 'net.data'), Buffer.concat(parts));
    expect((await importFile(file)).check.maxRelativeDifference).toBeLessThanOrEqual(1e-5);
    truncateSync(join(dirname(file), 'net.data'), 100);
    await expect(importFile(file)).rejects.toThrow(/holds 100 bytes where/);
  });

  test('exported as float ONNX and imported again it has the same layers and weights', async () => {
    const original = onnxFile((g) => {
      const x = g.add('Relu', [g.batchNorm(g.conv('x', [6, 3, 3], { pads: [1, 1, 1, 1] }), 6)]);
      const gate = g.add('Sigmoid', [g.conv(g.add('GlobalAveragePool', [x]), [6, 6, 1])]);
      const both = g.add('Concat', [g.add('Mul', [x, gate]), g.conv(x, [6, 1, 3], { group: 6, pads: [1, 1, 1, 1] })], { axis: 1 });
      const small = g.add('AveragePool', [g.add('MaxPool', [both], { kernel_shape: [2, 2], strides: [2, 2] })], {
        kernel_shape: [2, 2],
        strides: [2, 2],
      });
      const six = g.add('Clip', [small, g.constant([], Float32Array.of(0)), g.constant([], Float32Array.of(6))]);
      return g.add('Gemm', [g.add('Flatten', [g.add('Mul', [six, g.add('Sigmoid', [six])])]), g.floats([48, 4]), g.floats([4])]);
    });
    const first = await importFile(original, { mean: [0.5], std: [0.25] }, 'first');
    const file = join(folder, 'first.onnx');
    const { check } = await exportFloatModel(
      { source: { folder, name: 'first' }, file },
      new Reporter(() => undefined),
      async () => undefined,
    );
    expect(check.maxRelativeDifference).toBeLessThanOrEqual(1e-5);
    const second = await importFile(file, null, 'second');
    expect(kindsOf(second)).toEqual(kindsOf(first));
    const [before, after] = [first, second].map(({ network, weights }, i) => [
      ...readModelWeights(join(folder, `${['first', 'second'][i]}.safetensors`), weights!, network).values(),
    ]);
    expect(after).toEqual(before);
    expect([...inferShapes(second.network).values()]).toEqual([...inferShapes(first.network).values()]);
  });
});

describe('what cannot be read is one sentence, and nothing is stored', () => {
  const image = [1, 3, 8, 8];
  const written = (bytes: Uint8Array | string, name = 'net.onnx') => {
    const file = join(mkdtempSync(join(tmpdir(), 'eqnet-import-')), name);
    writeFileSync(file, bytes);
    return file;
  };
  const plain = (fixture: ModelFixture) => onnxFile((g) => around(g, (x) => x), fixture);
  const node = (middle: (g: GraphFixture, x: string) => string, channels?: number) =>
    onnxFile((g) => around(g, (x) => middle(g, x), channels));
  const halfImage = () => {
    const value = floatValue('x', image);
    if (value.type?.value.case === 'tensorType') value.type.value.value.elemType = TensorProto_DataType.FLOAT16;
    return value;
  };
  const sparse = () => {
    const file = written('');
    const handle = openSync(file, 'w');
    ftruncateSync(handle, 2 ** 31);
    closeSync(handle);
    return file;
  };
  const CASES: [string, () => string, RegExp][] = [
    ['no file', () => join(folder, 'nowhere.onnx'), /nowhere\.onnx does not exist: check the path/],
    ['a folder', () => folder, /is not a file/],
    ['an empty file', () => written(''), /is empty: export the model again/],
    ['2 GiB', sparse, /has 2147483648 bytes, and an ONNX file ends below 2 GiB .*external_data=True/],
    ['a zip archive', () => written('PK\u0003\u0004 and so on'), /is a zip archive, as PyTorch and Keras save/],
    ['text', () => written('this is no model at all'), /is not an ONNX file: export the model with torch\.onnx\.export/],
    ['a cut file', () => written(onnxBytes((g) => around(g, (x) => x)).subarray(0, 900)), /is cut short or damaged/],
    ['a newer IR', () => plain({ ir: 99 }), /is of ONNX IR version 99, and versions up to 13 are read/],
    ['an old opset', () => plain({ opset: 7 }), /uses opset 7, and opsets 9 to 23 are read/],
    [
      'a free size',
      () => plain({ input: ['batch', 3, 'height', 'width'] }),
      /'x' of .* is of shape batch x 3 x height x width, and only the batch may be free/,
    ],
    ['no image', () => plain({ input: ['batch', 12] }), /has shape batch x 12, and a network reads a batch of images/],
    ['two inputs', () => plain({ inputs: [floatValue('x', image), floatValue('y', image)] }), /has 2 inputs \('x', 'y'\)/],
    ['an activation', () => node((g, x) => g.add('HardSwish', [x])), /HardSwish 'hardswish_\d+': use ReLU, ReLU6 or SiLU/],
    [
      'a dilation',
      () => node((g, x) => g.conv(x, [6, 6, 3], { dilations: [2, 2] })),
      /Conv 'conv_\d+' is dilated by 2x2; use a dilation of 1/,
    ],
    [
      'other bounds',
      () => node((g, x) => g.add('Clip', [x, g.constant([], Float32Array.of(-1))])),
      /clips to -1 \.\. Infinity; use ReLU or ReLU6/,
    ],
    [
      'a normalization of features that are read elsewhere',
      () =>
        onnxFile((g) => {
          const x = g.add('Flatten', [g.add('GlobalAveragePool', [g.add('Relu', [g.conv(g.conv('x', [6, 3, 3]), [6, 6, 1])])])]);
          return g.add('Gemm', [g.add('Add', [g.batchNorm(x, 6), x]), g.floats([6, 4])]);
        }),
      /BatchNormalization '.*' scales the output of '.*' \(globalpool\) with constants, where only a linear layer/,
    ],
    ['half precision', () => plain({ inputs: [halfImage()] }), /Input 'x' of .* is of type FLOAT16, and images are read as float32/], // prettier-ignore
    [
      'a weight that is no number',
      () =>
        onnxFile((g) =>
          around(g, (x) => g.conv(g.add('Mul', [g.conv(x, [6, 6, 1]), g.constant([], Float32Array.of(Number.NaN))]), [6, 6, 1])),
        ),
      /Tensor '.*\/weights' of .* holds a value that is not a finite number: train the network again, or export an earlier state of it/,
    ],
    ['attention', () => node((g, x) => g.add('MatMul', [x, x])), /multiplies two computed tensors, as attention does/],
    ['a softmax inside', () => node((g, x) => g.add('Softmax', [x])), /lies inside the network/],
    [
      'a padding of something else',
      () => node((g, x) => g.conv(g.add('Pad', [x, g.integers(0, 0, 1, 1, 0, 0, 1, 1), g.constant([], Float32Array.of(1))]), [6, 6, 3])),
      /pads with 1; use zeros/,
    ],
    ['no classifier', () => onnxFile((g) => g.conv(g.conv('x', [6, 3, 3]), [4, 6, 3])), /gives an image of 4x4x4 back/],
    ['a single layer', () => onnxFile((g) => head(g, 'x', 3)), /fewer than two convolution or linear layers/],
  ];
  test.each(CASES)('%s', async (_, make, message) => {
    const before = existsSync(folder) ? readdirSync(folder).length : 0;
    await expect(importFile(make())).rejects.toMatchObject({ code: 'model-invalid', message: expect.stringMatching(message) });
    expect(readdirSync(folder)).toHaveLength(before);
  });

  test('every node that cannot be read is listed, what only rests on one is not', async () => {
    const file = node((g, x) => g.add('Tanh', [g.conv(g.add('LeakyRelu', [g.add('Relu', [g.add('Elu', [x])])]), [6, 6, 1])]));
    const error = await importFile(file).catch((caught: unknown) => caught);
    expect((error as { details: { problems: string[] } }).details.problems.map((problem) => problem.split(' ')[0])).toEqual([
      'Elu',
      'LeakyRelu',
      'Tanh',
    ]);
  });

  test('a taken name, a mean of another number of channels, a deviation of 0', async () => {
    const file = plain({});
    mkdirSync(folder, { recursive: true });
    await importFile(file, null, 'taken');
    await expect(importFile(file, null, 'taken')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/There is a model 'taken' in this project already/),
    });
    await expect(importFile(file, { mean: [0, 0], std: [1] })).rejects.toThrow(
      /The mean has 2 values, and the network reads images of 3 channels/,
    );
    await expect(importFile(file, { mean: [0], std: [0] })).rejects.toThrow(/deviation of 0/);
  });

  test('weights that were changed since', async () => {
    const { network, weights } = await importFile(plain({}), null, 'changed');
    const path = join(folder, 'changed.safetensors');
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(path, bytes);
    expect(() => readModelWeights(path, weights!, network)).toThrow(/is not the file that was imported/);
  });
});
