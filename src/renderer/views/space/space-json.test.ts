import { describe, expect, test } from 'vitest';
import { resnet } from '../../../shared/domain/test-networks.ts';
import { layerFacts, quantizationPoints } from '../../../shared/domain/layer-graph.ts';
import { recipeSchema } from '../../../shared/schema/recipe.ts';
import { readJson } from './json-lines.ts';
import { defaultsOf, rangeOf, readField, SETTING_FIELDS, writeField } from './setting-fields.ts';
import { spaceNet } from './space-edits.ts';
import { formatSpace, readSpace } from './space-json.ts';

const GRAPH = resnet(18);
const NET = spaceNet(layerFacts(GRAPH), quantizationPoints(GRAPH));
const SPACE = recipeSchema.shape.space.parse({ layers: { 'layer1.0.conv2': { weightBits: [4, 5], granularities: ['channel'] } } });
const read = (text: string) => readSpace(text, NET, (name) => `not ${name}`);

describe('JSON with lines', () => {
  test.each(['{"a": [1, -2.5e3, true, null, "x\\n\\u0041"], "b": {}, "c": []}', '[]', '  "text"  ', '{"__proto__": {"x": 1}}', '0'])(
    '%s is read as JSON.parse does',
    (text) => expect(readJson(text)).toMatchObject({ ok: true, value: JSON.parse(text) }),
  );

  test.each([
    ['', 1, 'end'],
    ['{\n "a": [1,\n', 3, 'end'],
    ['{\n "a": 1\n "b": 2}', 3, 'comma'],
    ['{"a" 1}', 1, 'colon'],
    ['{a: 1}', 1, 'key'],
    ['[1,]', 1, 'unexpected'],
    ['[01]', 1, 'number'],
    ['[1.]', 1, 'number'],
    ['["a\nb"]', 1, 'string'],
    ['{"a": 1,\n"a": 2}', 2, 'double'],
    ['[]\n]', 2, 'after'],
    ['[nul]', 1, 'unexpected'],
  ])('%j fails on line %i: %s', (text, line, reason) => {
    expect(readJson(text)).toMatchObject({ ok: false, problem: { line, reason } });
    expect(() => (reason === 'double' ? JSON.parse('') : JSON.parse(text))).toThrow();
  });
});

describe('the space as text', () => {
  test('comes back as it was, wrapped or not', () => {
    const text = formatSpace(SPACE);
    expect(JSON.parse(text)).toEqual({ space: SPACE });
    expect(read(text)).toEqual({ space: SPACE, problems: [] });
    expect(read(JSON.stringify(SPACE)).space).toEqual(SPACE);
    expect(text).toContain('"layer1.0.conv2": {\n        "weightBits": [4, 5],');
  });

  test.each([
    ['{\n"space": {\n"weightBits": [2,\n9]}}', 4, 'above space.weightBits.1'],
    ['{\n"space": {\n"layers": {\n"fc": {\n"bits": [2]}}}}', 5, 'unknown space.layers.fc.bits'],
    ['{\n"space": {"weightBits": []}}', 2, 'empty space.weightBits'],
    ['{"space": {},\n"search": {}}', 2, 'not search'],
    ['{"granularities": [\n"row"]}', 2, 'choose space.granularities.0'],
    ['{"weightBits": [2.5]}', 1, 'whole space.weightBits.0'],
    ['{"weightBits": [2, 2]}', 1, 'other space.weightBits'],
    ['[]', 1, 'type space'],
  ])('%j is no space: line %i', (text, line, start) => {
    const { space, problems } = read(text);
    expect(space).toBeNull();
    expect(problems[0].line).toBe(line);
    const { text: found } = problems[0];
    expect(typeof found === 'string' ? found : 'issue' in found ? `${found.issue} ${found.path}` : found.reason).toBe(start);
  });

  test('what does not fit the network is taken over and shown at its layer', () => {
    const { space, problems } = read('{"space": {\n"layers": {\n"fc": {"weightBits": [4]}}}}');
    expect(space?.layers).toEqual({ fc: { weightBits: [4] } });
    expect(problems).toEqual([{ line: 3, text: expect.stringContaining("'fc'") as string }]);
  });
});

describe('training settings', () => {
  test('every field is one of the schema, and its default is in its range', () => {
    const defaults = defaultsOf('workbench');
    for (const { path, kind, needs } of SETTING_FIELDS) {
      const value = readField(defaults, path);
      const { min, max, choices } = rangeOf(path);
      expect(typeof value).toBe({ number: 'number', switch: 'boolean', choice: 'string' }[kind]);
      if (typeof value === 'number') expect(value >= min && value <= max).toBe(true);
      if (kind === 'choice') expect(choices).toContain(value);
      if (needs) expect(readField(defaults, needs)).toBe(true);
    }
  });
  test('defaults follow the preset', () => {
    expect([defaultsOf('workbench'), defaultsOf('paper')].map((recipe) => readField(recipe, 'supernet.wdr.kurtosis'))).toEqual([0.015, 1]);
  });
  test('a field is written in place', () => {
    const recipe = defaultsOf('workbench');
    writeField(recipe, 'supernet.gpg.lambda', 0.7);
    expect(recipe.supernet.gpg.lambda).toBe(0.7);
  });
});
