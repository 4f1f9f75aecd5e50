import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { parquetWriteBuffer, type SchemaElement } from 'hyparquet-writer';
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

/** An array as NumPy saves it. */
function npy(type: string, shape: readonly number[], values: Uint8Array): Buffer {
  const facts = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const text = `${facts.padEnd(117)}\n`;
  const head = Buffer.alloc(10);
  head.write('\x93NUMPY\x01\x00', 0, 'latin1');
  head.writeUInt16LE(text.length, 8);
  return Buffer.concat([head, Buffer.from(text, 'latin1'), values]);
}
const longs = (...values: number[]) => new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
const two = npy(
  '|u1',
  [2, 1, 2, 3],
  Uint8Array.from({ length: 12 }, (_, i) => i),
);

/** A zip archive of deflated files; `claims` replaces the unpacked size that it states. */
function zip(files: Readonly<Record<string, Uint8Array>>, claims?: number): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const packed = deflateRawSync(content);
    const facts = Buffer.alloc(22);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(8, 4);
    facts.writeUInt32LE(crc32(content), 10);
    facts.writeUInt32LE(packed.length, 14);
    facts.writeUInt32LE(claims ?? content.length, 18);
    const lengths = Buffer.alloc(4);
    lengths.writeUInt16LE(name.length, 0);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), facts, lengths, Buffer.from(name), packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), facts, lengths, rest, Buffer.from(name)]));
    locals.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(central.length, 8);
  end.writeUInt16LE(central.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, directory, end]);
}
const npz = {
  'x_train.npy': two,
  'y_train.npy': npy('<i8', [2], longs(1, 0)),
  'x_test.npy': two,
  'y_test.npy': npy('|u1', [2, 1], Uint8Array.of(0, 1)),
};

/** A parquet file as the Hugging Face hub writes images. */
const imageSchema = (label: 'INT64' | 'BYTE_ARRAY'): SchemaElement[] => [
  { name: 'root', num_children: 2 },
  { name: 'image', num_children: 2, repetition_type: 'OPTIONAL' },
  { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
  { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
  { name: 'label', type: label, ...(label === 'BYTE_ARRAY' && { converted_type: 'UTF8' as const }), repetition_type: 'OPTIONAL' },
];
const parquet = (labels: readonly bigint[], names?: readonly string[], codec: 'SNAPPY' | 'LZ4_RAW' = 'SNAPPY'): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'image', data: labels.map((_, i) => ({ bytes: pngOf(4, 4, i), path: `${i}.png` })) },
        { name: 'label', data: [...labels] },
      ],
      schema: imageSchema('INT64'),
      codec,
      compressors: { LZ4_RAW: (bytes) => bytes },
      kvMetadata: names && [{ key: 'huggingface', value: JSON.stringify({ info: { features: { label: { names } } } }) }],
    }),
  );
const table = new Uint8Array(
  parquetWriteBuffer({
    columnData: [
      { name: 'text', data: ['a', 'b'] },
      { name: 'label', data: [0, 1] },
    ],
  }),
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
    [
      'npz',
      () => join(place({ 'set.npz': zip(npz) }), 'set.npz'),
      {
        format: 'npz',
        classNames: ['0', '1'],
        labels: [1, 0, 0, 1],
        splits: [0, 0, 2, 2],
        names: ['x_train #0', 'x_train #1', 'x_test #0', 'x_test #1'],
      },
    ],
    [
      'npy files in a folder, without splits',
      () => place({ 'x.npy': two, 'y.npy': npz['y_train.npy'], 'classes.txt': 'no\nyes' }),
      { format: 'npz', classNames: ['no', 'yes'], labels: [1, 0], splits: [3, 3], names: ['x #0', 'x #1'] },
    ],
    [
      'a CSV file with quotes, splits and classes by name',
      () =>
        join(
          place({
            'a.png': png,
            'sub/b, c.png': png,
            'set.csv': '\uFEFFPath,Label,Split\r\na.png,"say ""hi""",train\r\n"sub/b, c.png",Ж,test\r\n',
          }),
          'set.csv',
        ),
      { format: 'csv', classNames: ['say "hi"', 'Ж'], labels: [0, 1], splits: [0, 2], names: ['a.png', 'sub/b, c.png'] },
    ],
    [
      'parquet files of the Hugging Face layout, in the folder data',
      () =>
        place({
          'data/train-00000-of-00001.parquet': parquet([1n, 0n], ['no', 'yes']),
          'data/test-00000-of-00001.parquet': parquet([1n], ['no', 'yes']),
        }),
      {
        format: 'parquet',
        classNames: ['no', 'yes'],
        labels: [1, 1, 0],
        splits: [2, 0, 0],
        names: ['test-00000-of-00001.parquet row 0', 'train-00000-of-00001.parquet row 0', 'train-00000-of-00001.parquet row 1'],
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
    for (const i of order)
      expect((await index.read(i)).kind).toBe(['folder', 'csv', 'parquet'].includes(index.format) ? 'encoded' : 'pixels');
    await index.close();
  });

  it('turns the planes of CIFAR into pixels', async () => {
    const index = await openImages(place(cifar10));
    const image = await index.read(2);
    if (image.kind !== 'pixels') throw new Error('encoded');
    expect([image.height, image.width, image.channels]).toEqual([32, 32, 3]);
    expect([...image.pixels.subarray(0, 6)]).toEqual([255, 2, 2, 255, 2, 2]);
  });

  it.each([
    ['pixels last', [2, 1, 2, 3], [0, 1, 2, 3, 4, 5]],
    ['planes first', [2, 3, 1, 2], [0, 2, 4, 1, 3, 5]],
  ])('reads arrays with %s', async (_, shape, expected) => {
    const values = Uint8Array.from({ length: 12 }, (_unused, i) => i);
    const index = await openImages(place({ 'x.npy': npy('|u1', shape, values), 'y.npy': npz['y_train.npy'] }));
    const image = await index.read(0);
    expect(image).toMatchObject({ kind: 'pixels', height: 1, width: 2, channels: 3 });
    expect(image.kind === 'pixels' && [...image.pixels]).toEqual(expected);
  });

  it('reads the encoded images of parquet rows', async () => {
    const index = await openImages(join(place({ 'set.parquet': parquet([0n, 1n, 0n]) }), 'set.parquet'));
    for (let i = 2; i >= 0; i--) {
      const image = await index.read(i);
      expect(image.kind === 'encoded' && Buffer.from(image.bytes).equals(pngOf(4, 4, i))).toBe(true);
    }
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
      'a link to itself in place of a class',
      () => {
        const root = place({ 'a/1.png': png });
        symlinkSync('loop', join(root, 'loop'));
        return root;
      },
      /loop is a symbolic link that leads back to itself: remove it/,
    ],
    [
      'a test split without an image',
      () => {
        const root = place({ 'train/a/1.png': png, 'train/b/1.png': png });
        mkdirSync(join(root, 'test', 'a'), { recursive: true });
        return root;
      },
      /The folder .*test of a split holds no image: put images into it, or remove it/,
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
    [
      'names in place of labels',
      () => place({ 'x.npy': two, 'y.npy': npy('<U2', [2], new Uint8Array(16)) }),
      /'y' in .* has the type <U2: labels are whole numbers; names become such with numpy\.unique/,
    ],
    [
      'a label that no 32 bits hold',
      () => place({ 'x.npy': two, 'y.npy': npy('<i8', [2], longs(0, 2 ** 32)) }),
      /Label 1 of .* is 4294967296, but no image has label 1: number the classes 0, 1, 2/,
    ],
    [
      'a negative label',
      () => place({ 'x.npy': two, 'y.npy': npy('|i1', [2], Uint8Array.of(0, 255)) }),
      /Label 1 of .* is -1: number the classes/,
    ],
    [
      'float pixels',
      () => place({ 'x.npy': npy('<f4', [1, 1, 1], new Uint8Array(4)), 'y.npy': npy('|u1', [1], Uint8Array.of(0)) }),
      /'x' in .* has the type <f4: store pixels as uint8/,
    ],
    [
      'an array that is cut',
      () => place({ 'x.npy': two.subarray(0, 130), 'y.npy': npz['y_train.npy'] }),
      /states 2 x 1 x 2 x 3 values .* \(12 bytes\), but \d+ bytes follow/,
    ],
    [
      'images of an odd shape',
      () => place({ 'x.npy': npy('|u1', [2, 6], new Uint8Array(12)), 'y.npy': npz['y_train.npy'] }),
      /has the shape 2 x 6: images are/,
    ],
    [
      'fewer labels than images',
      () => place({ 'x.npy': two, 'y.npy': npy('|u1', [1], Uint8Array.of(0)) }),
      /holds 2 images, but 'y' 1 labels/,
    ],
    ['an npz of something else', () => join(place({ 'set.npz': zip({ 'a.npy': two }) }), 'set.npz'), /has no arrays x_train and y_train/],
    [
      'an npz that is cut',
      () => join(place({ 'set.npz': zip(npz).subarray(0, 300) }), 'set.npz'),
      /set\.npz is not an \.npz archive, or a damaged one/,
    ],
    [
      'a zip bomb',
      () => join(place({ 'set.npz': zip({ 'x_train.npy': new Uint8Array(2 ** 27) }) }), 'set.npz'),
      /would unpack from \d+ to 134217728 bytes/,
    ],
    [
      'a zip that unpacks to more than it states',
      () => join(place({ 'set.npz': zip({ 'x_train.npy': two, 'y_train.npy': two }, 64) }), 'set.npz'),
      /set\.npz/,
    ],
    [
      'a CSV file without a label column',
      () => join(place({ 'set.csv': 'path,size\na.png,3\n' }), 'set.csv'),
      /has the columns path, size: its first line must name/,
    ],
    [
      'a CSV file that names a missing image',
      () => join(place({ 'set.csv': 'path,label\nnone.png,a\n' }), 'set.csv'),
      /Row 2 of .* names none\.png, which is no file/,
    ],
    [
      'a CSV file with an unknown split',
      () => join(place({ 'a.png': png, 'set.csv': 'path,label,split\na.png,a,later\n' }), 'set.csv'),
      /has the split 'later'/,
    ],
    [
      'a parquet file of another layout',
      () => join(place({ 'set.parquet': table }), 'set.parquet'),
      /has the columns text, label: it needs 'image'/,
    ],
    [
      'a parquet file that is cut',
      () => join(place({ 'set.parquet': parquet([0n]).subarray(0, 60) }), 'set.parquet'),
      /is not a parquet file, or a cut one/,
    ],
    [
      'a parquet file in a packing that is not read',
      () => join(place({ 'set.parquet': parquet([0n], undefined, 'LZ4_RAW') }), 'set.parquet'),
      /is packed with LZ4_RAW, which is not read here: write it again with compression snappy or gzip/,
    ],
    [
      'a parquet label that is text',
      () => {
        const columnData = [
          { name: 'image', data: [{ bytes: png, path: 'a' }] },
          { name: 'label', data: ['cat'] },
        ];
        return join(
          place({ 'set.parquet': new Uint8Array(parquetWriteBuffer({ columnData, schema: imageSchema('BYTE_ARRAY') })) }),
          'set.parquet',
        );
      },
      /Label 0 of .* is 'cat' and no whole number: number the classes 0, 1, 2, .* \(ClassLabel/,
    ],
    [
      'a parquet label beyond the names',
      () => join(place({ 'set.parquet': parquet([0n, 7n], ['a', 'b']) }), 'set.parquet'),
      /Label 1 of .* is 7: 2 classes have labels 0\.\.1/,
    ],
  ])('%s is one sentence', async (_, make, message) => {
    await expect(openImages(make())).rejects.toMatchObject({ code: 'data-invalid', message: expect.stringMatching(message) });
  });
});
