import { describe, expect, test } from 'vitest';
import { parseRecipe } from '../shared/schema/presets.ts';
import { fingerprintDifferences, fingerprintOf } from './fingerprint.ts';
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
