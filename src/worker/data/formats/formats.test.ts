import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { cifarRecords, idxOf, pngOf, tarEntry, writeFiles } from '../testing/image-files.ts';
import { openImages } from './registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'eqnet-formats-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
const place = (files: Readonly<Record<string, string | Uint8Array>> = {}) => {
  const root = join(folder, `set-${made++}`);
  mkdirSync(root);
  return writeFiles(root, files);
};
const png = pngOf(4, 4);
const names10 = 'plane\ncar\nbird\n';
const names100 = 'apple\nfish\nbaby\n';
const cifar10 = {
  'data_batch_1.bin': cifarRecords([[0], [2]]),
  'data_batch_2.bin': cifarRecords([[1]], 2),
  'test_batch.bin': cifarRecords([[1]], 3),
  'batches.meta.txt': names10,
};
const inFolder = (name: string, files: Readonly<Record<string, string | Uint8Array>>) =>
  Object.fromEntries(Object.entries(files).map(([file, content]) => [`${name}/${file}`, content]));
const archive = gzipSync(
  Buffer.concat([
    tarEntry('cifar-10-batches-bin/', Buffer.alloc(0), '5'),
    ...Object.entries(cifar10).map(([name, content]) => tarEntry(`cifar-10-batches-bin/${name}`, Buffer.from(content))),
    Buffer.alloc(1024),
  ]),
);

describe('openImages', () => {
  it.each<[string, () => string, { format: string; classNames: string[]; labels: number[]; splits: number[]; names: string[] }]>([
    [
      'class folders, deeper ones too, other files passed over',
      () => place({ 'Ж/a.png': png, 'cat/deep/b.PNG': png, 'cat/notes.txt': 'x', 'cat/.hidden.png': png }),
      { format: 'folder', classNames: ['cat', 'Ж'], labels: [0, 1], splits: [3, 3], names: ['cat/deep/b.PNG', 'Ж/a.png'] },
    ],
    [
      'class folders below splits',
      () => place({ 'train/a/1.png': png, 'train/b/1.png': png, 'valid/b/2.png': png, 'test/a/3.png': png }),
      {
        format: 'folder',
        classNames: ['a', 'b'],
        labels: [0, 0, 1, 1],
        splits: [2, 0, 0, 1],
        names: ['test/a/3.png', 'train/a/1.png', 'train/b/1.png', 'valid/b/2.png'],
      },
    ],
    [
      'CIFAR-10',
      () => place(cifar10),
      {
        format: 'cifar',
        classNames: ['plane', 'car', 'bird'],
        labels: [0, 2, 1, 1],
        splits: [0, 0, 0, 2],
        names: ['data_batch_1.bin #0', 'data_batch_1.bin #1', 'data_batch_2.bin #0', 'test_batch.bin #0'],
      },
    ],
    [
      'CIFAR-10 in its archive',
      () => join(place({ 'cifar-10-binary.tar.gz': archive }), 'cifar-10-binary.tar.gz'),
      {
        format: 'cifar',
        classNames: ['plane', 'car', 'bird'],
        labels: [0, 2, 1, 1],
        splits: [0, 0, 0, 2],
        names: ['data_batch_1.bin #0', 'data_batch_1.bin #1', 'data_batch_2.bin #0', 'test_batch.bin #0'],
      },
    ],
    [
      'CIFAR-100 by its fine labels, a folder above',
      () =>
        place(
          inFolder('cifar-100-binary', {
            'train.bin': cifarRecords([
              [9, 1],
              [8, 0],
            ]),
            'test.bin': cifarRecords([[7, 2]]),
            'fine_label_names.txt': names100,
          }),
        ),
      {
        format: 'cifar',
        classNames: ['apple', 'fish', 'baby'],
        labels: [1, 0, 2],
        splits: [0, 0, 2],
        names: ['train.bin #0', 'train.bin #1', 'test.bin #0'],
      },
    ],
    [
      'IDX pairs, packed or not',
      () =>
        place({
          'train-images-idx3-ubyte.gz': gzipSync(idxOf([2, 2, 3], Array(12).fill(7))),
          'train-labels-idx1-ubyte.gz': gzipSync(idxOf([2], [1, 0])),
          't10k-images.idx3-ubyte': idxOf([1, 2, 3], Array(6).fill(9)),
          't10k-labels.idx1-ubyte': idxOf([1], [1]),
          'classes.txt': 'no\nyes\n',
        }),
      {
        format: 'idx',
        classNames: ['no', 'yes'],
        labels: [1, 1, 0],
        splits: [2, 0, 0],
        names: ['t10k-images.idx3-ubyte #0', 'train-images-idx3-ubyte.gz #0', 'train-images-idx3-ubyte.gz #1'],
      },
    ],
  ])('%s', async (_, make, expected) => {
    const index = await openImages(make());
    const order = Array.from({ length: index.count }, (_unused, i) => i).sort((a, b) =>
      index.format === 'folder' && index.name(a) < index.name(b) ? -1 : a - b,
    );
    expect({
      format: index.format,
      classNames: index.classNames,
      labels: order.map((i) => index.labels[i]),
      splits: order.map((i) => index.splits[i]),
      names: order.map((i) => index.name(i)),
    }).toEqual(expected);
    for (const i of order) expect((await index.read(i)).kind).toBe(index.format === 'folder' ? 'encoded' : 'pixels');
    await index.close();
  });

  it('turns the planes of CIFAR into pixels', async () => {
    const index = await openImages(place(cifar10));
    const image = await index.read(2);
    if (image.kind !== 'pixels') throw new Error('encoded');
    expect([image.height, image.width, image.channels]).toEqual([32, 32, 3]);
    expect([...image.pixels.subarray(0, 6)]).toEqual([255, 2, 2, 255, 2, 2]);
  });

  it.each<[string, () => string, RegExp]>([
    ['a relative path', () => 'photos', /'photos', a relative path/],
    ['a path that is not there', () => join(folder, 'gone'), /were expected in .*gone, which does not exist here/],
    ['an empty folder', () => place(), /is not a data set in a known way/],
    ['a text file', () => join(place({ 'a.txt': 'hello' }), 'a.txt'), /is not a data set in a known way/],
    ['images without class folders', () => place({ 'a.png': png }), /is not a data set in a known way/],
    [
      'an empty class folder',
      () => {
        const root = place({ 'a/1.png': png });
        mkdirSync(join(root, 'b'));
        return root;
      },
      /class folder .*b holds no image: put images into it, or remove the class 'b'/,
    ],
    [
      'a class that only the test split has',
      () => place({ 'train/a/1.png': png, 'test/b/1.png': png }),
      /train.b is missing, though another split has that class/,
    ],
    [
      'two folders for one split',
      () => place({ 'train/a/1.png': png, 'val/a/1.png': png, 'valid/a/1.png': png }),
      /val and .*valid stand for the same split/,
    ],
    [
      'a link back to a folder above',
      () => {
        const root = place({ 'a/1.png': png });
        symlinkSync(join(root, 'a'), join(root, 'a', 'loop'));
        return root;
      },
      /loop is a symbolic link back to .*: remove the link/,
    ],
    [
      'a link to nowhere',
      () => {
        const root = place({ 'a/1.png': png });
        symlinkSync(join(root, 'none.png'), join(root, 'a', '2.png'));
        return root;
      },
      /2\.png is a symbolic link that leads nowhere/,
    ],
    [
      'a CIFAR file that is cut',
      () => place({ ...cifar10, 'data_batch_1.bin': cifarRecords([[0]]).subarray(0, 3000) }),
      /data_batch_1\.bin of .* holds 3000 bytes, which is no whole number of records of 3073/,
    ],
    [
      'a CIFAR label out of range',
      () => place({ ...cifar10, 'data_batch_2.bin': cifarRecords([[1], [3]]) }),
      /Record 1 of data_batch_2\.bin .* has label 3: 3 classes have labels 0\.\.2/,
    ],
    [
      'a CIFAR archive that is cut',
      () => join(place({ 'cifar-10-binary.tar.gz': archive.subarray(0, archive.length - 30) }), 'cifar-10-binary.tar.gz'),
      /cifar-10-binary\.tar\.gz is damaged/,
    ],
    [
      'an archive of something else',
      () => join(place({ 'cifar-10-binary.tar.gz': gzipSync(Buffer.alloc(2048, 1)) }), 'cifar-10-binary.tar.gz'),
      /is not a tar archive/,
    ],
    [
      'labels with a gap',
      () => place({ 'images-idx3-ubyte': idxOf([2, 1, 1], [1, 2]), 'labels-idx1-ubyte': idxOf([2], [0, 200]) }),
      /Label 1 of .* is 200, but no image has label 1/,
    ],
    [
      'more labels than names',
      () => place({ 'images-idx3-ubyte': idxOf([2, 1, 1], [1, 2]), 'labels-idx1-ubyte': idxOf([2], [0, 2]), 'classes.txt': 'a\nb' }),
      /Label 1 of .* is 2: 2 classes have labels 0\.\.1/,
    ],
  ])('%s is one sentence', async (_, make, message) => {
    await expect(openImages(make())).rejects.toMatchObject({ code: 'data-invalid', message: expect.stringMatching(message) });
  });
});
