import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { functionalModel, liveTensors, sequentialModel, type SavedModel } from '../../engine/layers-testkit.ts';
import { Reporter } from '../reporter.ts';
import { importModel } from './import-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'eqnet-layers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const importFile = (file: string, normalization: { mean: number[]; std: number[] } | null = null) =>
  importModel(
    { file, folder: join(folder, 'models'), name: `net${++count}`, normalization },
    new Reporter(() => undefined),
    async () => undefined,
  );

type Compression = 'none' | 'uint8' | 'float16';

function halves(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, (value) => {
    if (value === 0) return 0;
    const exponent = Math.max(-14, Math.min(15, Math.floor(Math.log2(Math.abs(value)))));
    const fraction = Math.round((Math.abs(value) / 2 ** exponent - 1) * 1024);
    return (value < 0 ? 0x8000 : 0) | (((exponent + 15) << 10) + fraction);
  });
}

/** Writes a model as the library saves it, with its weights in two files. @returns path of model.json */
function saved({ modelTopology, weightSpecs, weightData }: SavedModel, compression: Compression = 'none'): string {
  const place = mkdtempSync(join(folder, 'model-'));
  const whole = Buffer.from(weightData);
  let at = 0;
  const chunks: Buffer[] = [];
  const weights = weightSpecs.map((spec) => {
    const size = spec.shape.reduce((a, n) => a * n, 1);
    const values = new Float32Array(new Uint8Array(whole.subarray(at, at + 4 * size)).buffer);
    at += 4 * size;
    if (compression === 'none') {
      chunks.push(Buffer.from(values.buffer));
      return spec;
    }
    if (compression === 'float16') {
      chunks.push(Buffer.from(halves(values).buffer));
      return { ...spec, quantization: { dtype: 'float16', original_dtype: 'float32' } };
    }
    const [min, max] = [Math.min(...values), Math.max(...values)];
    const scale = (max - min) / 255 || 1;
    chunks.push(Buffer.from(Uint8Array.from(values, (value) => Math.round((value - min) / scale))));
    return { ...spec, quantization: { dtype: 'uint8', scale, min, original_dtype: 'float32' } };
  });
  const bytes = Buffer.concat(chunks);
  const half = Math.floor(bytes.length / 2);
  writeFileSync(join(place, 'a.bin'), bytes.subarray(0, half));
  writeFileSync(join(place, 'b.bin'), bytes.subarray(half));
  const json = { format: 'layers-model', modelTopology, weightsManifest: [{ paths: ['a.bin', 'b.bin'], weights }] };
  writeFileSync(join(place, 'model.json'), JSON.stringify(json));
  return join(place, 'model.json');
}

describe('a TensorFlow.js layers model', () => {
  test.each<[string, () => Promise<SavedModel>, Compression, string[]]>([
    [
      'sequential',
      sequentialModel,
      'none',
      ['input', 'conv', 'batchnorm', 'relu', 'conv', 'relu', 'maxpool', 'flatten', 'linear', 'sigmoid', 'linear'],
    ],
    ['functional', functionalModel, 'none', ['input', 'conv', 'relu', 'conv', 'relu', 'add', 'concat', 'avgpool', 'globalpool', 'linear']],
    ['with weights of 8 bits', functionalModel, 'uint8', []],
    ['with weights of half precision', functionalModel, 'float16', []],
  ])('%s computes the same as its own library', async (_, make, compression, kinds) => {
    const { check, network, source } = await importFile(saved(await make(), compression), { mean: [0.5], std: [0.5] });
    expect(check.runtime).toMatch(/^TensorFlow\.js 4/);
    expect(check.maxRelativeDifference).toBeLessThanOrEqual(1e-5);
    expect(source.kind).toBe('tfjs-layers');
    if (kinds.length) expect(network.layers.map(({ kind }) => kind).filter((kind) => kind !== 'normalize')).toEqual(kinds);
  });

  test('no tensor is left', async () => {
    const file = saved(await functionalModel());
    await importFile(file);
    const tensors = liveTensors();
    await importFile(file);
    expect(liveTensors()).toBe(tensors);
  });

  test.each<[string, (file: string) => void, RegExp]>([
    [
      'a weight file that is missing',
      (file) => rmSync(join(dirname(file), 'b.bin')),
      /keeps weights in 'b\.bin' beside it, which is not there/,
    ],
    [
      'a weight file that is cut',
      (file) => writeFileSync(join(dirname(file), 'b.bin'), 'ab'),
      /needs \d+ bytes of weights for '.*', and a\.bin, b\.bin hold \d+/,
    ],
    [
      'a graph model',
      (file) => edit(file, (text) => text.replace('layers-model', 'graph-model')),
      /is not a TensorFlow\.js layers model \(a graph model/,
    ],
    ['cut JSON', (file) => edit(file, (text) => text.slice(0, 200)), /is not valid JSON/],
    [
      'layers that are not read, all of them',
      (file) => edit(file, (text) => text.replaceAll('"Add"', '"Maximum"').replace('"AveragePooling2D"', '"GRU"')),
      /Maximum '.*' is not read.*; GRU '.*' is not read/,
    ],
    [
      'another order',
      (file) => edit(file, (text) => text.replaceAll('channels_last', 'channels_first')),
      /is in the order channels_first; use channels_last/,
    ],
    ['an activation', (file) => edit(file, (text) => text.replaceAll('"relu"', '"tanh"')), /has activation tanh; use relu/],
    ['a path out of the folder', (file) => edit(file, (text) => text.replace('b.bin', '../b.bin')), /names weights outside of its folder/],
  ])('%s is one sentence', async (_, spoil, message) => {
    const file = saved(await functionalModel());
    spoil(file);
    await expect(importFile(file)).rejects.toMatchObject({ code: 'model-invalid', message: expect.stringMatching(message) });
  });
});

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}
