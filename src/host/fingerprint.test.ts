import { describe, expect, test } from 'vitest';
import { parseRecipe } from '../shared/schema/presets.ts';
import { assertSameRun, fingerprintDifferences, fingerprintOf, firstUse } from './fingerprint.ts';
import type { RunRecord } from './run-record.ts';

const engine = { executor: 'session', version: 'tensorflow-1' } as const;
const base = { name: 'a', seed: 3, data: { trainImages: 100 } };
const recipe = (over: object = {}) => parseRecipe({ ...base, ...over }, 'test');
const run = { id: 'a-1', recipe: recipe(), engine, fingerprint: fingerprintOf(recipe(), engine) } as RunRecord;

describe('what a run may change', () => {
  test.each([
    ['its names', { name: 'b', title: 'another' }],
    ['its exports', { export: { targets: [2, 4] } }],
    ['the wish for an engine', { engine: { executor: 'eager', threads: 1 } }],
    ['where the images lie', { data: { trainImages: 100, root: '/elsewhere' } }],
    ['an empty list of layers with sets of their own', { space: { layers: {} } }],
    ['a default that is written out', { preset: 'workbench', supernet: { epochs: 2 } }],
  ])('%s', (_name, over) => {
    expect(fingerprintOf(recipe(over), engine)).toBe(run.fingerprint);
    expect(fingerprintDifferences(run, recipe(over), engine)).toEqual([]);
  });
});

describe('what it may not change is named', () => {
  test.each([
    [{ seed: 4 }, engine, ['seed: 3 -> 4']],
    [{ data: {} }, engine, ['data.trainImages: 100 -> left out']],
    [{ space: { layers: { conv2: { weightBits: [4] } } } }, engine, ['space.layers: left out -> {"conv2":{"weightBits":[4]}}']],
    [{ space: { weightBits: [2, 4] } }, engine, ['space.weightBits: [2,3,4,5,6,7,8] -> [2,4]']],
    [
      {},
      { executor: 'portable', version: 'wasm-1' } as const,
      ['engine.executor: "session" -> "portable"', 'engine.version: "tensorflow-1" -> "wasm-1"'],
    ],
  ])('%j', (over, other, differences) => {
    expect(fingerprintOf(recipe(over), other)).not.toBe(run.fingerprint);
    expect(fingerprintDifferences(run, recipe(over), other)).toEqual(differences);
  });

  test('a run of another program version', () => {
    expect(fingerprintDifferences({ ...run, fingerprint: 'old' }, recipe(), engine)).toEqual(['the version of the program']);
  });
});

describe('what only later phases depend on may change', () => {
  test.each([
    ['search', 'predictor'],
    ['predictor.hidden', 'sample'],
    ['predictor.trainSamples', 'grid'],
    ['evaluation.gridBits', 'supernet'],
    ['supernet.wdr.target', 'calibrate'],
    ['space.weightBits', 'pretrain'],
  ] as const)('%s after %s, not after the phase that uses it', (path, kept) => {
    const [section, field, part] = path.split('.');
    const value: Record<string, unknown> = {
      search: { generations: 7 },
      hidden: [3],
      trainSamples: 9,
      gridBits: [8],
      wdr: { [part]: 3 },
      weightBits: [3, 4],
    };
    const changed = recipe({ [section]: field ? { [field]: value[field] } : value[section] });
    expect(() => assertSameRun(run, changed, engine, kept)).not.toThrow();
    const used = firstUse(path);
    expect(() => assertSameRun(run, changed, engine, used)).toThrow(`or do it again from '${used}' with --from ${used}`);
  });

  test('nothing kept, nothing to compare', () => {
    expect(() => assertSameRun(run, recipe({ seed: 9 }), engine, null)).not.toThrow();
    expect(() => assertSameRun(run, recipe({ seed: 9 }), engine, 'pretrain')).toThrow(/take back the change, or leave out/);
  });
});
