import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { afterAll, describe, expect, it } from 'vitest';
import { parseForm } from '../../../shared/domain/form.ts';
import { randomView, RESIDUAL, SINGLE_CONV } from '../random-views.ts';
import { exportFormat } from '../registry.ts';
import { buildModel } from './model.ts';
import { ModelProtoSchema } from '../../formats/onnx/onnx_pb.ts';
import { writeOnnx } from './write.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'eqnet-write-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const PRODUCER = { name: 'test', version: '0' };
const count = (values: readonly string[], wanted: string) => values.filter((value) => value === wanted).length;

describe('buildModel', () => {
  const view = randomView(RESIDUAL, { form: parseForm('taa'), weightBits: 3, activationBits: 4 });
  const { model, description } = buildModel(view, PRODUCER);
  const nodes = model.graph!.node;
  const types = nodes.map(({ opType }) => opType);

  it('targets opset 21 and IR 10', () => {
    expect(model.irVersion).toBe(10n);
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([['', 21n]]);
  });

  it('has one quantizer per tensor, read by all its consumers', () => {
    expect(count(types, 'QuantizeLinear')).toBe(view.activations.length);
    expect(count(types, 'Clip')).toBe(view.activations.length);
    const readers = nodes.filter(({ input }) => input.includes('stem.relu/quantized')).map(({ opType }) => opType);
    expect(readers).toEqual(['Conv', 'Conv']);
    const addInputs = nodes.filter(({ opType }) => opType === 'Add').flatMap(({ input }) => input);
    expect(addInputs).toEqual(['a2.bn/quantized', 'short.bn/quantized', 'b1.bn/quantized', 'a.relu/quantized']);
  });

  it.each([
    [8, false, 0],
    [8, true, 0],
    [7, false, 2],
  ])('clips %i-bit codes only where the container holds more (signed %s)', (activationBits, signed, clips) => {
    const { model } = buildModel(randomView(SINGLE_CONV, { form: parseForm('css'), activationBits, signed }), PRODUCER);
    expect(
      count(
        model.graph!.node.map(({ opType }) => opType),
        'Clip',
      ),
    ).toBe(clips);
  });

  it('clips an 8-bit quantizer with a narrower range of codes', () => {
    const narrow = randomView(SINGLE_CONV, { form: parseForm('css'), signed: true });
    narrow.activations[0].qn = -127;
    const clip = buildModel(narrow, PRODUCER).model.graph!;
    expect(clip.node.filter(({ opType }) => opType === 'Clip').map(({ name }) => name)).toEqual(['image/clipped']);
    expect(clip.initializer.filter(({ name }) => name.startsWith('image/')).map(({ name, rawData }) => [name, rawData[0]])).toContainEqual([
      'image/low',
      1,
    ]);
  });

  it('states true bits and form in the metadata of file and nodes', () => {
    const weights = nodes.find(({ name }) => name === 'a1/weight')!;
    expect(Object.fromEntries(weights.metadataProps.map(({ key, value }) => [key, value]))).toEqual({
      'eqnet.weight_bits': '3',
      'eqnet.weight_factor': '16',
      'eqnet.granularity': 'tensor',
      'eqnet.symmetry': 'asymmetric',
    });
    expect(JSON.parse(model.metadataProps[0].value)).toEqual(description);
    expect(description.layers.map(({ weightBits, activationBits }) => [weightBits, activationBits])).toEqual(view.layers.map(() => [3, 4]));
    expect(Math.fround(description.layers[0].weightStep as number)).toBe(view.layers[0].weightStep[0]);
    expect(description.layers[0].negatedChannels).toEqual([1]);
    expect(description.layers.map(({ factor }) => factor)).toEqual(view.layers.map(() => 16));
    // One zero point per tensor, so runtimes that refuse differing ones still run the file.
    expect(description.minimumRuntime).toBe('1.22');
  });

  it('keeps layers apart from the names of input and output', () => {
    const renamed = {
      ...view,
      graph: { ...RESIDUAL, layers: RESIDUAL.layers.map((layer) => JSON.parse(JSON.stringify(layer).replaceAll('"stem"', '"logits"'))) },
      layers: view.layers.map((layer) => ({ ...layer, name: layer.name === 'stem' ? 'logits' : layer.name })),
      configuration: {
        layers: view.configuration.layers.map((layer) => ({ ...layer, name: layer.name === 'stem' ? 'logits' : layer.name })),
      },
    };
    const outputs = buildModel(renamed, PRODUCER).model.graph!.node.flatMap(({ output }) => output);
    expect(new Set(outputs).size).toBe(outputs.length);
    expect(count(outputs, 'logits')).toBe(1);
  });

  it('refuses a batch normalization that it cannot fold', () => {
    const layers = RESIDUAL.layers.map((layer) => (layer.name === 'stem.bn' ? { ...layer, inputs: ['input'] } : layer));
    expect(() => buildModel({ ...view, graph: { ...RESIDUAL, layers } }, PRODUCER)).toThrow(
      "batch normalization 'stem.bn' cannot be folded",
    );
  });
});

describe('writeOnnx', () => {
  it('writes equal bytes for equal views, a side-car, and no temporary file', async () => {
    const options = { producerVersion: '1.2.3' };
    const view = () => randomView(SINGLE_CONV, { form: parseForm('csa'), weightBits: 2, activationBits: 3 });
    const first = await writeOnnx(view(), path.join(folder, 'a.onnx'), options);
    const second = await exportFormat('onnx').write(view(), path.join(folder, 'b.onnx'), options);
    expect(second.sha256).toBe(first.sha256);
    expect(readdirSync(folder).sort()).toEqual(['a.onnx', 'a.onnx.json', 'b.onnx', 'b.onnx.json']);
    const content = readFileSync(first.file);
    expect(content.byteLength).toBe(first.bytes);
    expect(fromBinary(ModelProtoSchema, content).producerVersion).toBe('1.2.3');
    expect(JSON.parse(readFileSync(first.sideCar, 'utf8'))).toMatchObject({
      file: 'a.onnx',
      sha256: first.sha256,
      input: { shape: [3, 7, 6] },
      layers: [{ name: 'conv', weightBits: 2, activationBits: 3, container: 'int8', factor: 32 }, { name: 'fc' }],
    });
  });
});

it('an unknown format is named', () => {
  expect(() => exportFormat('tflite')).toThrow("no export format 'tflite': choose one of onnx");
});
