import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { listModels, modelFolder, modelNameOf, requireModelName, showModel } from './models.ts';

const project = mkdtempSync(join(tmpdir(), 'eqnet-host-models-'));
afterAll(() => rmSync(project, { recursive: true, force: true }));

const MODEL = {
  version: 1,
  network: {
    name: 'small',
    classes: 3,
    layers: [
      { kind: 'input', name: 'input', inputs: [], shape: [4, 4, 1] },
      {
        kind: 'conv',
        name: 'a',
        inputs: ['input'],
        filters: 2,
        kernel: [3, 3],
        stride: [1, 1],
        padding: [1, 1, 1, 1],
        groups: 1,
        bias: true,
      },
      { kind: 'globalpool', name: 'pool', inputs: ['a'] },
      { kind: 'linear', name: 'fc', inputs: ['pool'], units: 3, bias: true },
    ],
  },
  weights: null,
  source: { file: 'small.onnx', kind: 'onnx', sha256: '00', importedAt: '2026-01-01T00:00:00.000Z' },
  check: { runtime: 'test', images: { random: 4, real: 4 }, maxRelativeDifference: 1e-6, agreement: 1 },
  notes: [],
};

test.each([
  ['/x/ResNet 18 (v2).onnx', 'ResNet-18-v2'],
  ['/x/mobile/model.json', 'mobile'],
  ['/x/netz.ONNX', 'netz'],
  ['/x/网络.onnx', 'model'],
])('the name of %s is %s', (file, name) => {
  expect(modelNameOf(file)).toBe(name);
  expect(requireModelName(name)).toBe(name);
});

test.each(['', '../a', 'a/b', '.hidden'])('%j is no name for a model', (name) => {
  expect(() => requireModelName(name)).toThrow(expect.objectContaining({ code: 'usage' }));
});

describe('models of a project', () => {
  test('one after the other: none, one, a damaged one', () => {
    expect(listModels(project)).toEqual([]);
    expect(() => showModel(project, 'small')).toThrow(/There is no model 'small' in .*: import one with/);
    mkdirSync(modelFolder(project));
    writeFileSync(join(modelFolder(project), 'small.json'), JSON.stringify(MODEL));
    expect(showModel(project, 'small')).toMatchObject({ parameters: 20 + 9, macs: 16 * 18 + 6, weightBytes: null, shapes: [[4, 4, 1], [4, 4, 2], [2], [3]] }); // prettier-ignore
    expect(() => showModel(project, 'large')).toThrow(/There is no model 'large' in .*: choose one of small/);
    writeFileSync(join(modelFolder(project), 'broken.json'), '{}');
    expect(listModels(project)).toMatchObject([
      { name: 'broken', facts: null, problem: expect.stringMatching(/damaged or of another version/) },
      { name: 'small', problem: null, facts: { image: [4, 4, 1], classes: 3, layers: 2 } },
    ]);
  });
});
