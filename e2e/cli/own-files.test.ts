/** What people bring themselves, images and networks: one sentence, the exit code, and nothing left behind. */
import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ErrorCode } from '../../src/shared/contract/errors.ts';
import { jpegOf, pngOf, rawPng, writeFiles } from '../../src/worker/data/testing/image-files.ts';
import { onnxBytes, type GraphFixture } from '../../src/worker/jobs/models/testing.ts';
import { eqnet, eqnetJson, failure, temporaryFolder } from './testkit.ts';

const PLACE = 'Bilder ÄÖ 猫 🐈';

/** Two classes of images in a folder whose name is not Latin. */
function photos(extra: Readonly<Record<string, Uint8Array>> = {}): string {
  const files: Record<string, Uint8Array> = { ...extra };
  for (const [label, name] of ['Кот', '犬'].entries()) for (let i = 0; i < 5; i++) files[`${name}/${i}.png`] = pngOf(8, 8, 5 * label + i);
  return writeFiles(join(temporaryFolder(), PLACE), files);
}

const network = (middle: (g: GraphFixture, x: string) => string) => (g: GraphFixture) => {
  const x = middle(g, g.add('Relu', [g.conv('x', [6, 3, 3], { pads: [1, 1, 1, 1] })]));
  return g.add('Gemm', [g.add('Flatten', [g.add('GlobalAveragePool', [x])]), g.floats([6, 4])]);
};

function model(bytes: Uint8Array): string {
  const file = join(temporaryFolder(), 'netz.onnx');
  writeFileSync(file, bytes);
  return file;
}

function twoGibibytes(): string {
  const file = join(temporaryFolder(), 'netz.onnx');
  const handle = openSync(file, 'w');
  ftruncateSync(handle, 2 ** 31);
  closeSync(handle);
  return file;
}

const images = (extra?: Readonly<Record<string, Uint8Array>>) => ['data', 'add', photos(extra)];
const CASES: [string, () => string[], ErrorCode, RegExp][] = [
  ['a truncated JPEG', () => images({ '犬/cut.jpg': jpegOf(8, 8).subarray(0, 200) }), 'data-invalid', /犬\/cut\.jpg in .* is truncated/],
  [
    '100 megapixels',
    () => images({ '犬/big.png': rawPng(10_000, 10_000, {}) }),
    'data-invalid',
    /犬\/big\.png in .* has 10000 x 10000 pixels, more than 80 million: make it smaller/,
  ],
  [
    'an empty class folder',
    () => {
      const root = photos();
      mkdirSync(join(root, 'Öl'));
      return ['data', 'add', root];
    },
    'data-invalid',
    /The class folder .*Öl holds no image/,
  ],
  [
    'a link to itself',
    () => {
      const root = photos();
      symlinkSync('loop', join(root, 'loop'));
      return ['data', 'add', root];
    },
    'data-invalid',
    /loop is a symbolic link that leads back to itself/,
  ],
  [
    'an unknown op',
    () => ['model', 'import', model(onnxBytes(network((g, x) => g.add('GridSample', [x, x]))))],
    'model-invalid',
    /GridSample 'gridsample_\d+': use layers of the list in docs\/import\.md/,
  ],
  [
    'a free image size',
    () => [
      'model',
      'import',
      model(
        onnxBytes(
          network((_, x) => x),
          { input: ['batch', 3, 'height', 'width'] },
        ),
      ),
    ],
    'model-invalid',
    /only the batch may be free: export it with a fixed image size/,
  ],
  ['a network of 2 GiB', () => ['model', 'import', twoGibibytes()], 'model-invalid', /ends below 2 GiB .*external_data=True/],
  ['no network at all', () => ['model', 'import', model(Buffer.from('no model'))], 'model-invalid', /is not an ONNX file: export/],
];

test.each(CASES)('%s, and no project is made', async (_, make, code, sentence) => {
  const home = temporaryFolder();
  const result = await eqnet([...make(), '--project', join(home, 'new', 'mine.eqnet'), '--json'], {
    env: { EQNET_CACHE: join(home, 'cache') },
  });
  expect(failure(result, code)).toMatch(sentence);
  expect(existsSync(join(home, 'new'))).toBe(false);
  const cache = join(home, 'cache', 'data');
  expect(existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith('.')) : []).toEqual([]);
});

test('names of folders and classes need not be Latin', async () => {
  const home = temporaryFolder();
  const project = join(home, '项目.eqnet');
  const added = (await eqnetJson([...images(), '--project', project], { env: { EQNET_CACHE: join(home, 'cache') } })) as {
    recipe: { data: { root: string; classes: string[] } };
  };
  expect(added.recipe.data.classes).toEqual(['Кот', '犬']);
  expect(added.recipe.data.root).toContain(PLACE);
});

test('the limit of the image cache is set, kept, and the default again', async () => {
  const env = { EQNET_CACHE: temporaryFolder(), EQNET_DATA_CACHE_LIMIT: undefined };
  const cache = (...argv: string[]) => eqnetJson(['data', 'cache', ...argv], { env });
  expect(await cache('--limit', '20GB')).toMatchObject({ limit: 20e9, limitFrom: 'person' });
  expect(await cache()).toMatchObject({ limit: 20e9, limitFrom: 'person' });
  expect(await cache('--limit', 'default')).toMatchObject({ limit: 50e9, limitFrom: 'default' });
  expect(readdirSync(join(env.EQNET_CACHE, 'data'))).toEqual([]);
  expect(failure(await eqnet(['data', 'cache', '--limit', '5MB'], { env }), 'usage')).toMatch(/must be 100MB to 1000TB, e\.g\. 20GB/);
});
