import { describe, expect, test } from 'vitest';
import type { RunView, ShelfEntry } from '../../../shared/contract/api/views.ts';
import { configurationKey, uniformConfiguration } from '../../../shared/domain/configuration.ts';
import { EXPORT_FORMATS } from '../../../shared/domain/export-formats.ts';
import { parseForm } from '../../../shared/domain/form.ts';
import { layerFacts, quantizationPoints, type LayerGraph } from '../../../shared/domain/layer-graph.ts';
import { TARGETS } from '../../../shared/domain/targets/index.ts';
import { messages } from '../../../shared/i18n/index.ts';
import type { Configuration } from '../../../shared/schema/configuration.ts';
import { recipeOf } from '../../testing/memory-host.ts';
import { choicesOf, firstChoice } from './choices.ts';
import { baseName, commandsOf, fileStem, folderOf, freeFileName } from './commands.ts';
import { proofFacts, smallNumber } from './proof-facts.ts';
import { power } from '../../charts/numbers.ts';
import { howOf, viewTarget } from './target-rows.ts';

const graph: LayerGraph = {
  name: 'small',
  classes: 10,
  layers: [
    { kind: 'input', name: 'input', inputs: [], shape: [8, 8, 1] },
    ...['first', 'second', 'third'].map((name, index) => ({
      kind: 'conv' as const,
      name,
      inputs: [index === 0 ? 'input' : ['first', 'second'][index - 1]],
      filters: 4,
      kernel: [3, 3] as const,
      stride: [1, 1] as const,
      padding: [1, 1, 1, 1] as const,
      groups: 1,
      bias: true,
    })),
    { kind: 'add', name: 'sum', inputs: ['second', 'third'] },
    { kind: 'globalpool', name: 'pool', inputs: ['sum'] },
    { kind: 'linear', name: 'last', inputs: ['pool'], units: 10, bias: true },
  ],
};
const facts = layerFacts(graph);
const pointsOf = quantizationPoints(graph);
const uniform = (bits: number, form: 'css' | 'tss' | 'cas' = 'css'): Configuration =>
  uniformConfiguration(facts, bits, parseForm(form), pointsOf);

function runOf(change: Partial<RunView> = {}): RunView {
  const settings = recipeOf();
  settings.evaluation.gridBits = [8, 4];
  settings.evaluation.gridForms = ['css'];
  return { id: 'r-1', settings, candidates: [], front: [], grid: [], network: { layers: facts }, ...change } as unknown as RunView;
}
const entry = (configuration: Configuration, change: Partial<ShelfEntry> = {}): ShelfEntry =>
  ({
    id: 's',
    run: 'r-1',
    name: 'mine',
    configuration,
    candidateId: null,
    predicted: null,
    measured: null,
    compare: null,
    ...change,
  }) as ShelfEntry;
const named = (bits: number): string => `uniform ${bits}`;

describe('configurations to export', () => {
  test('uniform ones of the grid with what was measured', () => {
    const run = runOf({ grid: [{ weightBits: 4, activationBits: 4, form: 'css', accuracy: 0.9, images: 100 }] });
    expect(choicesOf(run, pointsOf, [], [], named).map(({ name, source, measured }) => [name, source, measured?.accuracy ?? null])).toEqual(
      [
        ['uniform 8', 'uniform', null],
        ['uniform 4', 'uniform', 0.9],
      ],
    );
    expect(choicesOf(run, null, [], [], named)).toEqual([]);
  });

  test('each once, under the nearest source', () => {
    const candidate = {
      id: '3/0/css',
      target: 3,
      form: 'css',
      rank: 0,
      predicted: 0.8,
      measured: 0.85,
      measuredImages: 10,
      configuration: uniform(3),
      costs: { bitops: 1 },
    };
    const run = runOf({ candidates: [candidate], front: [candidate] } as unknown as Partial<RunView>);
    const shelf = [entry(uniform(5)), entry(uniform(3), { id: 't', name: 'best', compare: 'A' }), entry(uniform(6), { run: 'other' })];
    const choices = choicesOf(run, pointsOf, shelf, [uniform(2), uniform(8)], named);
    expect(choices.map(({ name, source }) => [name, source])).toEqual([
      ['best', 'compare'],
      ['mine', 'shelf'],
      ['uniform 8', 'uniform'],
      ['uniform 4', 'uniform'],
      [expect.stringMatching(/^c-/), 'other'],
    ]);
    expect(choices[0]).toMatchObject({
      letter: 'A',
      candidateId: '3/0/css',
      measured: { accuracy: 0.85 },
      key: configurationKey(uniform(3)),
    });
    expect(firstChoice(choices, [])?.name).toBe('best');
    expect(firstChoice(choices.slice(2), [configurationKey(uniform(4))])?.name).toBe('uniform 4');
  });
});

describe('what a target makes of it', () => {
  const [ort, openvino, tensorrt] = TARGETS;

  test('rows by bit-width, forms and adds', () => {
    const view = viewTarget(ort, uniform(4), graph);
    expect(view.bits.map((row) => [row.bits, row.weightLayers, row.activationLayers, row.weights?.support ?? null])).toEqual([
      [8, 2, 2, 'native'],
      [4, 2, 2, 'emulated'],
    ]);
    expect(view).toMatchObject({ adds: 1, refused: null, fewer: true, mixedZeroPoints: false });
    expect(view.forms).toMatchObject([{ granularity: 'channel', symmetry: 'symmetric', layers: 4 }]);
    expect(howOf(view.bits[1])).toEqual(['container']);
    expect(howOf(viewTarget(tensorrt, uniform(4), graph).bits[1])).toEqual(['uint8Refused']);
  });

  test.each([
    [ort, 'cas', 'native', null],
    [openvino, 'cas', 'emulated', null],
    [tensorrt, 'cas', 'none', 'uint8Refused'],
    [tensorrt, 'css', 'native', 'uint8Refused'],
  ] as const)('%o with %s', (target, form, weights, refused) => {
    const view = viewTarget(target, uniform(8, form), graph);
    expect([view.forms[0].rule.support, view.refused?.how ?? null]).toEqual([weights, refused]);
  });

  test('every sentence of every target exists', () => {
    const how = Object.keys((messages.en.export as { how: Record<string, string> }).how);
    const used = TARGETS.flatMap((target) =>
      [
        ...Object.values(target.weightBits),
        ...Object.values(target.activationBits),
        ...Object.values(target.weights).flatMap((rules) => Object.values(rules)),
        target.residualAdd,
        target.lastLinear,
      ].flatMap((rule) => (rule ? [rule.how] : [])),
    );
    expect(used.filter((key) => !how.includes(key))).toEqual([]);
    expect(how.filter((key) => !used.includes(key))).toEqual([]);
  });
});

describe('files and commands', () => {
  const [format] = EXPORT_FORMATS;
  const place = { folder: '/p/a b.eqnet', run: 'r-1', format };

  test('a candidate, a uniform one, one of the own', () => {
    const choice = { name: 'Best of 3', candidateId: '3/0/css', uniform: null, form: 'css' as const };
    expect(commandsOf(choice, place)).toEqual([
      'eqnet config "/p/a b.eqnet" --run r-1 --from-front 3/0/css --out Best-of-3.json',
      'eqnet export "/p/a b.eqnet" --run r-1 --config Best-of-3.json --format onnx --out Best-of-3.onnx',
    ]);
    expect(commandsOf({ ...choice, candidateId: null, uniform: 4 }, place)[0]).toContain(
      '--uniform 4 --granularity channel --weight-symmetry symmetric --activation-symmetry symmetric',
    );
    expect(commandsOf({ ...choice, candidateId: null }, place)).toHaveLength(1);
  });

  test.each([
    ['c-1', [], 'c-1.onnx'],
    ['c-1', ['C-1.onnx', 'c-1-2.onnx'], 'c-1-3.onnx'],
  ])('%s beside %j', (stem, taken, expected) => expect(freeFileName(stem, '.onnx', taken)).toBe(expected));

  test('names', () => {
    expect([fileStem('ä b/..'), fileStem('...'), baseName('C:\\a\\b.onnx'), folderOf('/a/b.onnx'), folderOf('b')]).toEqual([
      'b',
      'model',
      'b.onnx',
      '/a',
      '',
    ]);
  });
});

describe('the proof', () => {
  const proof = { images: 10_000, top1Agreement: 0.9986, accuracyApp: 0.91, accuracyRuntime: 0.9098 };
  const of = (change: Partial<typeof proof>) => proofFacts({ proof: { ...proof, ...change } as never });

  test.each([
    [{}, { change: -0.02, agrees: true, accurate: true, disagreements: 14 }],
    [{ top1Agreement: 0.99 }, { agrees: false, disagreements: 100 }],
    [{ accuracyRuntime: 0.9 }, { change: -1, accurate: false }],
  ])('%j', (change, expected) => expect(of(change)).toMatchObject(expected));

  test.each([
    [-7, '10⁻⁷'],
    [0, '10⁰'],
    [-6.5000001, '10⁻⁶·⁵'],
    [12, '10¹²'],
  ])('10 to the power of %d', (exponent, text) => expect(power(exponent)).toBe(text));

  test.each([
    [0.0114, 0.0114, null],
    [3.14e-7, 3.1, -7],
    [9.99e-5, 1, -4],
    [0, 0, null],
  ])('%d', (value, mantissa, exponent) => expect(smallNumber(value)).toMatchObject({ mantissa, exponent }));
});
