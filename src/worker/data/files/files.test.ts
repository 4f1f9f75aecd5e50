import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { parseRecipe } from '../../../shared/schema/presets.ts';
import { checkData } from '../../jobs/look/data.ts';
import { fillBatch } from '../batch.ts';
import { loadDataSplits } from '../load.ts';
import { openPreview } from '../preview.ts';
import { cifarRecords, jpegOf, pngOf, rawPng, writeFiles } from '../testing/image-files.ts';
import { clearCache, limitCache, listCache } from './cache.ts';
import { splitRows } from './splits.ts';

const root = mkdtempSync(join(tmpdir(), 'eqnet-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let places = 0;
beforeEach(() => {
  process.env.EQNET_DATA_CACHE = join(root, `cache-${places}`);
  delete process.env.EQNET_DATA_CACHE_LIMIT;
});
const recipe = (data: object) => parseRecipe({ name: 'x', data: { dataset: 'files', ...data } }, 'test').data;
const silent = () => undefined;

/** Class folders of `each` images, every one different. */
function folders(each = 10, extra: Readonly<Record<string, Uint8Array>> = {}): string {
  const files: Record<string, Uint8Array> = { ...extra };
  for (const [label, name] of ['a', 'b'].entries())
    for (let i = 0; i < each; i++) files[`${name}/${String(i).padStart(3, '0')}.png`] = pngOf(8, 8, label * each + i);
  return writeFiles(join(root, `set-${places++}`), files);
}

describe('splitRows', () => {
  const labels = Int32Array.from({ length: 100 }, (_, i) => i % 4);
  const all = Uint32Array.from({ length: 100 }, (_, i) => i);
  const none = new Uint8Array(100).fill(3);
  const shares = { validation: 0.2, test: 0.2, seed: 1 };

  it('is stratified, uses every image once, and is drawn by the seed', () => {
    const rows = splitRows(all, labels, none, shares, 'x');
    expect([...rows.train, ...rows.validation, ...rows.test].sort((a, b) => a - b)).toEqual([...all]);
    for (const name of ['validation', 'test'] as const)
      for (let label = 0; label < 4; label++) expect(rows[name].filter((row) => labels[row] === label)).toHaveLength(5);
    expect(splitRows(all, labels, none, shares, 'x')).toEqual(rows);
    expect(splitRows(all, labels, none, { ...shares, seed: 2 }, 'x')).not.toEqual(rows);
    // the first images of a split are a fair sample of the classes
    expect(new Set([...rows.train.subarray(0, 20)].map((row) => labels[row])).size).toBe(4);
  });

  it('keeps given splits and makes the one that is missing', () => {
    const given = Uint8Array.from({ length: 100 }, (_, i) => (i < 20 ? 1 : 0));
    const rows = splitRows(all, labels, given, shares, 'x');
    expect([...rows.validation].sort((a, b) => a - b)).toEqual([...all.subarray(0, 20)]);
    expect(rows.test).toHaveLength(16);
    expect(rows.train).toHaveLength(64);
  });

  it.each<[string, number, object, RegExp]>([
    ['one image', 1, {}, /^\/photos has one usable image, which leaves no .* image: add images, at least one each for training/],
    ['a share of 0', 100, { test: 0 }, /data\.split\.test is 0, which leaves no test image of the 100 in \/photos: raise it/],
  ])('%s is one sentence', (_, count, over, message) => {
    expect(() => splitRows(all.subarray(0, count), labels, none, { ...shares, ...over }, '/photos')).toThrow(
      expect.objectContaining({ code: 'data-invalid', message: expect.stringMatching(message) }),
    );
  });
});

describe('files', () => {
  it('are decoded once; the cache gives the same images, in memory or from its file', async () => {
    const path = folders();
    const splits = await loadDataSplits(recipe({ root: path }));
    expect([splits.train.count, splits.validation.count, splits.test.count]).toEqual([14, 2, 4]);
    expect(listCache().entries).toMatchObject([{ source: path, images: 20, height: 8, width: 8, channels: 3 }]);
    const again = await loadDataSplits(recipe({ root: path }));
    expect(again.digest).toBe(splits.digest);
    expect(again.train.images).toEqual(splits.train.images);

    const [{ key }] = listCache().entries;
    const pixels = readFileSync(join(process.env.EQNET_DATA_CACHE!, key, 'pixels.bin'));
    const rows = Uint32Array.from({ length: 14 }, (_, i) =>
      Array.from({ length: 20 }, (_unused, row) => row).find((row) =>
        splits.train.images.subarray(i * 192, (i + 1) * 192).every((value, at) => value === pixels[row * 192 + at]),
      )!,
    );
    const stored = {
      ...splits.train,
      images: new Uint8Array(0),
      stored: { path: join(process.env.EQNET_DATA_CACHE!, key, 'pixels.bin'), rows },
    };
    const [fromMemory, fromFile] = [new Float32Array(5 * 192), new Float32Array(5 * 192)];
    for (const [set, out] of [
      [splits.train, fromMemory],
      [stored, fromFile],
    ] as const)
      fillBatch(set, [3, 0, 13, 5, 3], out, new Int32Array(5), { shift: 2, seed: 1, step: 4 });
    expect(fromFile).toEqual(fromMemory);
    expect(() => fillBatch(stored, [14], fromFile, new Int32Array(5))).toThrow(expect.objectContaining({ code: 'data-invalid' }));
  });

  it('look the same in the preview, before and after they are decoded', async () => {
    const data = recipe({ root: folders() });
    const before = await (await openPreview(data)).splits.test.image(2);
    const { test, digest } = await loadDataSplits(data);
    const after = await openPreview({ ...data, skipCorrupt: true });
    expect(before.images).toEqual(Uint8Array.from(test.images.subarray(2 * 192, 3 * 192)));
    expect((await after.splits.test.image(2)).images).toEqual(before.images);
    expect(after.digest).toBe(digest);
  });

  it('have a digest of their content alone: a copy elsewhere is the same data', async () => {
    const [first, copy] = [folders(), folders()];
    const [one, other] = [await loadDataSplits(recipe({ root: first })), await loadDataSplits(recipe({ root: copy }))];
    expect(other.digest).toBe(one.digest);
    expect((await loadDataSplits(recipe({ root: copy, split: { seed: 5 } }))).digest).not.toBe(one.digest);
  });

  it('that changed are decoded anew', async () => {
    const path = folders();
    const before = await loadDataSplits(recipe({ root: path }));
    writeFileSync(join(path, 'a', '000.png'), pngOf(8, 8, 99));
    utimesSync(join(path, 'a', '000.png'), 1000, 1000);
    expect((await loadDataSplits(recipe({ root: path }))).digest).not.toBe(before.digest);
    expect(listCache().entries).toHaveLength(2);
    expect(clearCache().entries).toEqual([]);
  });

  it('used longest ago make way under the limit', async () => {
    const [first, second] = [folders(), folders(11)];
    await loadDataSplits(recipe({ root: first }));
    process.env.EQNET_DATA_CACHE_LIMIT = '6000';
    await loadDataSplits(recipe({ root: second }));
    expect(listCache().entries.map(({ source }) => source)).toEqual([second]);
    process.env.EQNET_DATA_CACHE_LIMIT = '100';
    await expect(loadDataSplits(recipe({ root: folders(12) }))).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/more than the .* that the cache/),
    });
  });

  it('keep to the limit that a person sets, unless a variable says another one', async () => {
    clearCache();
    delete process.env.EQNET_DATA_CACHE_LIMIT;
    expect(listCache()).toMatchObject({ limit: 50e9, limitFrom: 'default' });
    const [first, second] = [folders(), folders(11)];
    for (const path of [first, second]) await loadDataSplits(recipe({ root: path }));
    const { entries } = limitCache(6000);
    expect(entries.map(({ source }) => source)).toEqual([second]);
    expect(listCache()).toMatchObject({ limit: 6000, limitFrom: 'person' });
    process.env.EQNET_DATA_CACHE_LIMIT = '7000';
    expect(listCache()).toMatchObject({ limit: 7000, limitFrom: 'environment' });
    delete process.env.EQNET_DATA_CACHE_LIMIT;
    expect(limitCache(null)).toMatchObject({ limit: 50e9, limitFrom: 'default' });
  });

  it.each<[string, () => object, string, RegExp]>([
    ['no path', () => ({}), 'recipe-invalid', /data\.root names no folder/],
    [
      'different sizes',
      () => ({ root: folders(10, { 'a/wide.png': pngOf(8, 20) }) }),
      'data-invalid',
      /different sizes \(8 x 8 and 8 x 20\): set data\.size/,
    ],
    [
      'a truncated JPEG',
      () => ({ root: folders(10, { 'b/cut.jpg': jpegOf(8, 8).subarray(0, 200) }) }),
      'data-invalid',
      /b\/cut\.jpg in .* is truncated: .* \(it is the only one of 21\): mend or remove them, or leave them out with data\.skipCorrupt/,
    ],
    [
      'images that are all unusable',
      () => ({
        root: writeFiles(join(root, `set-${places++}`), { 'a/1.png': Buffer.from('no image'), 'b/1.png': Buffer.from('no image') }),
        size: [8, 8],
        channels: 3,
      }),
      'data-invalid',
      /None of the 2 images in .* can be used; the first, a\/1\.png, is no JPEG/,
    ],
    [
      'images that are all unusable, where their size is looked for',
      () => ({ root: writeFiles(join(root, `set-${places++}`), { 'a/1.png': Buffer.from('no image'), 'b/1.png': Buffer.alloc(0) }) }),
      'data-invalid',
      /None of the images looked at in .* can be used; the first, a\/1\.png, is no JPEG.*: put usable images there/,
    ],
    [
      'other classes than the recipe has',
      () => ({ root: folders(), classes: ['a', 'c'] }),
      'data-invalid',
      /has the 2 classes a, b, but data\.classes names 2 \(a, c\)/,
    ],
    [
      'more images than there are',
      () => ({ root: folders(), trainImages: 15 }),
      'data-invalid',
      /data\.trainImages is 15, but there are 14/,
    ],
    [
      'one class',
      () => ({ root: writeFiles(join(root, `set-${places++}`), { 'a/1.png': pngOf(8, 8), 'a/2.png': pngOf(8, 8, 1) }) }),
      'data-invalid',
      /has one class \('a'\), and a classifier tells two at least apart: add another one/,
    ],
    [
      'two images',
      () => ({ root: writeFiles(join(root, `set-${places++}`), { 'a/1.png': pngOf(8, 8), 'b/1.png': pngOf(8, 8, 1) }) }),
      'data-invalid',
      /has 2 usable images, which leaves no validation image: add images/,
    ],
  ])('%s: one sentence, and nothing half written', async (_, make, code, message) => {
    await expect(loadDataSplits(recipe(make()))).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    const cache = process.env.EQNET_DATA_CACHE!;
    expect(existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith('.')) : []).toEqual([]);
  });

  it('that change while they are read are refused', async () => {
    const path = folders();
    const change = (done: number) => {
      if (done < 20) writeFileSync(join(path, 'a', 'new.png'), pngOf(8, 8, 50));
      return undefined;
    };
    await expect(loadDataSplits(recipe({ root: path }), change)).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringMatching(/changed while it was read \(a\/new\.png\)/),
    });
    expect(listCache().entries).toEqual([]);
  });

  it('stop in the middle and leave nothing', async () => {
    const stop = () => {
      throw new Error('stop');
    };
    await expect(checkData(recipe({ root: folders() }), true, stop)).rejects.toThrow('stop');
    expect(readdirSync(process.env.EQNET_DATA_CACHE!)).toEqual([]);
  });
});

describe('checkData', () => {
  it('lists unusable images, duplicates, sizes, balance, mean and deviation', async () => {
    const path = folders(0, {
      ...Object.fromEntries(
        ['train', 'test'].flatMap((split) =>
          ['a', 'b'].map((name, label) => [`${split}/${name}/1.png`, rawPng(2, 1, { rows: [Uint8Array.of(51 * label, 255)] })]),
        ),
      ),
      'train/a/2.png': rawPng(3, 1, { rows: [Uint8Array.of(1, 2, 3)] }),
      'train/b/2.gif': Buffer.from('GIF89a______________'),
    });
    const report = await checkData(recipe({ root: path, size: [1, 2], split: { validation: 0.3 } }), false, silent);
    expect(report).toMatchObject({
      format: 'folder',
      images: 6,
      classes: ['a', 'b'],
      givenSplits: ['train', 'test'],
      target: { height: 1, width: 2, channels: 1 },
      proposed: false,
      corrupt: [{ name: 'train/b/2.gif', reason: 'is a GIF, which is not read: convert it to PNG' }],
      sizes: [
        { height: 1, width: 2, channels: 1, images: 4 },
        { height: 1, width: 3, channels: 1, images: 1 },
      ],
      cached: false,
      digest: '',
    });
    const total = report.duplicates.reduce((sum, { images }) => sum + images, 0);
    expect(total).toBe(2);
    expect(report.warnings.join('\n')).toMatch(/1 of 6 images cannot be used/);
    expect(report.samples.labels.length).toBe(report.splits.train.images);
    expect(existsSync(process.env.EQNET_DATA_CACHE!)).toBe(false);
  });

  it('finds mean and deviation of every channel of the training images', async () => {
    const path = writeFiles(join(root, `set-${places++}`), {
      'data_batch_1.bin': cifarRecords([[0], [1], [0], [1], [0], [1], [0], [1]]),
      'test_batch.bin': cifarRecords([[0], [1]], 100),
      'batches.meta.txt': 'a\nb\n',
    });
    const report = await checkData(recipe({ root: path, split: { validation: 0.25 } }), true, silent);
    expect(report).toMatchObject({ cached: true, splits: { train: { images: 6 }, validation: { images: 2 }, test: { images: 2 } } });
    const { train } = await loadDataSplits(recipe({ root: path, split: { validation: 0.25 } }));
    const green = Array.from({ length: train.images.length / 3 }, (_, i) => train.images[3 * i + 1] / 255);
    const mean = green.reduce((sum, value) => sum + value, 0) / green.length;
    const deviation = Math.sqrt(green.reduce((sum, value) => sum + (value - mean) ** 2, 0) / green.length);
    // float32 moments of each image: 1e-6 of the range
    expect(report.mean[0]).toBeCloseTo(1, 6);
    expect(report.deviation[0]).toBeCloseTo(0, 3);
    expect(report.mean[1]).toBeCloseTo(mean, 6);
    expect(report.deviation[1]).toBeCloseTo(deviation, 5);
  });
});
