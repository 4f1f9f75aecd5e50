import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../shared/domain/random.ts';
import { augmentationSchema, type AugmentationStep } from '../../../shared/schema/augmentations.ts';
import { allocateBatch, prepareBatch } from '../batch-ring.ts';
import type { ImageSet } from '../dataset.ts';
import { augmentImage } from './apply.ts';

const shape = { height: 6, width: 8, channels: 3 };
const SIZE = 6 * 8 * 3;
const picture = () => Float32Array.from({ length: SIZE }, (_, i) => (1 + ((i * 37) % 200)) / 255);
const step = (settings: object) => augmentationSchema.parse(settings);
const changed = (settings: object, index: number, image = picture()) => {
  augmentImage(image, shape, [step(settings)], new RandomStream(5, 'data/augment', index));
  return image;
};
const at = (image: Float32Array, y: number, x: number) => [...image.subarray((y * 8 + x) * 3, (y * 8 + x) * 3 + 3)];
const DRAWS = Array.from({ length: 60 }, (_, i) => i);

describe('augmentImage', () => {
  it('padCrop: a window somewhere in the image with a black border of 2', () => {
    const seen = new Set<string>();
    for (const draw of DRAWS) {
      const image = changed({ kind: 'padCrop', pixels: 2 }, draw);
      const fits = [-2, -1, 0, 1, 2].flatMap((down) =>
        [-2, -1, 0, 1, 2].filter((right) => {
          const plain = picture();
          for (let y = 0; y < 6; y++)
            for (let x = 0; x < 8; x++) {
              const inside = y - down >= 0 && y - down < 6 && x - right >= 0 && x - right < 8;
              if (at(image, y, x).join() !== (inside ? at(plain, y - down, x - right) : [0, 0, 0]).join()) return false;
            }
          seen.add(`${down},${right}`);
          return true;
        }),
      );
      expect(fits).toHaveLength(1);
    }
    expect(seen.size).toBeGreaterThan(15);
  });

  it('flip: mirrored in its share of the images, never otherwise changed', () => {
    const plain = picture();
    const mirrored = Float32Array.from(plain, (_, i) => plain[(Math.floor(i / 24) * 8 + 7 - (Math.floor(i / 3) % 8)) * 3 + (i % 3)]);
    const outcomes = DRAWS.map((draw) => changed({ kind: 'flip', share: 0.3 }, draw).join());
    expect(new Set(outcomes)).toEqual(new Set([plain.join(), mirrored.join()]));
    const share = outcomes.filter((text) => text === mirrored.join()).length / DRAWS.length;
    // four standard deviations of 60 draws
    expect(Math.abs(share - 0.3)).toBeLessThan(0.24);
  });

  it('randomResizedCrop: the whole image unchanged at scale 1, else values between those of the image', () => {
    // 1e-6: float32 of a bilinear sum whose weights are 0 and 1
    changed({ kind: 'randomResizedCrop', scaleMin: 1, ratioMax: 1 }, 3).forEach((value, i) => expect(value).toBeCloseTo(picture()[i], 6));
    for (const draw of DRAWS) {
      const image = changed({ kind: 'randomResizedCrop' }, draw);
      expect(Math.min(...image)).toBeGreaterThanOrEqual(Math.min(...picture()) - 1e-6);
      expect(Math.max(...image)).toBeLessThanOrEqual(Math.max(...picture()) + 1e-6);
    }
    const flat = changed({ kind: 'randomResizedCrop' }, 1, new Float32Array(SIZE).fill(0.25));
    flat.forEach((value) => expect(value).toBeCloseTo(0.25, 6));
  });

  it('colourJitter: keeps to 0..1; without ranges nothing changes; saturation leaves grey alone', () => {
    const none = changed({ kind: 'colourJitter', brightness: 0, contrast: 0, saturation: 0 }, 0);
    none.forEach((value, i) => expect(value).toBeCloseTo(picture()[i], 6));
    for (const draw of DRAWS) {
      const image = changed({ kind: 'colourJitter', brightness: 1, contrast: 1, saturation: 1 }, draw);
      for (const value of image) expect(value >= 0 && value <= 1).toBe(true);
      const grey = changed({ kind: 'colourJitter', brightness: 0, contrast: 0, saturation: 1 }, draw, new Float32Array(SIZE).fill(0.4));
      grey.forEach((value) => expect(value).toBeCloseTo(0.4, 6));
    }
    const bright = changed({ kind: 'colourJitter', brightness: 0.5, contrast: 0, saturation: 0 }, 1, new Float32Array(SIZE).fill(0.4));
    expect(new Set(bright).size).toBe(1);
    expect(bright[0]).not.toBeCloseTo(0.4, 3);
  });

  it('cutout: one black square, cut off at the edge', () => {
    for (const draw of DRAWS) {
      const image = changed({ kind: 'cutout', size: 3 }, draw);
      const black = Array.from({ length: 48 }, (_, i) => i).filter((i) =>
        at(image, Math.floor(i / 8), i % 8).every((value) => value === 0),
      );
      const rows = new Set(black.map((i) => Math.floor(i / 8)));
      const columns = new Set(black.map((i) => i % 8));
      expect(black).toHaveLength(rows.size * columns.size);
      expect(rows.size >= 2 && rows.size <= 3 && columns.size >= 2 && columns.size <= 3).toBe(true);
    }
  });
});

const set: ImageSet = {
  images: Uint8Array.from({ length: 40 * SIZE }, (_, i) => (i * 31) % 256),
  labels: Uint8Array.from({ length: 40 }, (_, i) => i % 4),
  count: 40,
  ...shape,
  classes: 4,
};
const everything: AugmentationStep[] = ['padCrop', 'randomResizedCrop', 'flip', 'colourJitter', 'cutout', 'mixup'].map((kind) =>
  step({ kind }),
);
const batchOf = (augment: AugmentationStep[], at: number, seed = 3) => {
  const plan = { batch: 12, seed, shift: 1, augment };
  const batch = allocateBatch(set, plan);
  prepareBatch(set, plan, at, batch);
  return batch;
};
const textOf = ({ images, labels, mixed }: ReturnType<typeof batchOf>) =>
  [images.join(), labels.join(), mixed?.labels.join(), mixed?.shares.join()].join(';');

describe('prepareBatch', () => {
  it.each(everything.map((entry) => [entry.kind, [entry]] as const).concat([['mixup', everything]] as never))(
    'with %s: the same batch for the same seed and step, another for others',
    (_, steps) => {
      const first = textOf(batchOf([...steps], 7));
      expect(textOf(batchOf([...steps], 7))).toBe(first);
      expect(textOf(batchOf([...steps], 8))).not.toBe(first);
      expect(textOf(batchOf([...steps], 7, 4))).not.toBe(first);
    },
  );

  it('mixup: each image and its label are the same blend of two of the batch', () => {
    const plain = batchOf([], 2);
    const blended = batchOf([step({ kind: 'mixup', alpha: 1 })], 2);
    const { labels, shares } = blended.mixed!;
    expect(blended.labels).toEqual(plain.labels);
    for (let i = 0; i < 12; i++) {
      expect(shares[i] >= 0.5 && shares[i] <= 1).toBe(true);
      const own = blended.images.subarray(i * SIZE, (i + 1) * SIZE);
      const partners = [...plain.labels.keys()].filter((j) =>
        own.every(
          (value, v) => Math.abs(value - (shares[i] * plain.images[i * SIZE + v] + (1 - shares[i]) * plain.images[j * SIZE + v])) < 1e-5,
        ),
      );
      expect(partners.map((j) => plain.labels[j])).toContain(labels[i]);
      const row = blended.targets.subarray(4 * i, 4 * i + 4);
      expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);
      expect(row[plain.labels[i]]).toBeCloseTo(shares[i] + (labels[i] === plain.labels[i] ? 1 - shares[i] : 0), 6);
    }
  });
});
