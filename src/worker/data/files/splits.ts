import { WorkbenchError } from '../../../shared/contract/errors.ts';
import type { SplitName } from '../../../shared/contract/look.ts';
import { RandomStream } from '../../../shared/domain/random.ts';
import { SPLIT_CODE } from '../formats/format.ts';
import type { DataRecipe } from '../split-plan.ts';

/** Which images each split has, in the order in which they are used. */
export type SplitRows = Readonly<Record<SplitName, Uint32Array>>;

const CODES: readonly (readonly [SplitName, number])[] = [
  ['train', SPLIT_CODE.train],
  ['validation', SPLIT_CODE.validation],
  ['test', SPLIT_CODE.test],
];

/** Images of one class that a held-out split takes: its share, at least one where the class can spare it. */
function shareOf(images: number, share: number): number {
  if (share === 0) return 0;
  return Math.min(Math.max(1, Math.round(images * share)), Math.max(0, images - 1));
}

/**
 * Splits a data set. Splits that it names are kept; a validation or test split that it lacks is held out of the training
 * images, stratified: each class gives its share, drawn by the seed. Every split is shuffled (its first images are a fair
 * sample: calibration, BN re-calibration and quick measurements take them).
 * @param rows   the images to split
 * @param labels of all images
 * @param given  `SPLIT_CODE` of all images
 * @param path   for sentences
 * @throws WorkbenchError `data-invalid` when a split would be empty
 */
export function splitRows(
  rows: Uint32Array,
  labels: ArrayLike<number>,
  given: Uint8Array,
  { validation, test, seed }: DataRecipe['split'],
  path: string,
): SplitRows {
  const found: Record<SplitName, number[]> = { train: [], validation: [], test: [] };
  for (const row of rows) {
    const code = given[row] === SPLIT_CODE.none ? SPLIT_CODE.train : given[row];
    found[CODES[code][0]].push(row);
  }
  const made = (['test', 'validation'] as const).filter((name) => found[name].length === 0);
  if (made.length) {
    const shares = { validation, test };
    const byClass = new Map<number, number[]>();
    for (const row of found.train) {
      const same = byClass.get(labels[row]);
      if (same) same.push(row);
      else byClass.set(labels[row], [row]);
    }
    found.train = [];
    for (const [label, same] of [...byClass].sort(([a], [b]) => a - b)) {
      const order = new RandomStream(seed, 'data/split', label).shuffle(same);
      let from = 0;
      for (const name of made) {
        const count = Math.min(shareOf(same.length, shares[name]), same.length - from - 1);
        found[name].push(...order.slice(from, from + Math.max(0, count)));
        from += Math.max(0, count);
      }
      found.train.push(...order.slice(from));
    }
  }
  for (const [name, code] of CODES) {
    if (found[name].length) continue;
    const total = rows.length;
    throw new WorkbenchError(
      'data-invalid',
      name === 'train' || total < 3
        ? `${path} has ${total === 1 ? 'one usable image' : `${total} usable images`}, which leaves no ${name} image: add images, at least one each for training, validation and test.`
        : `data.split.${name} is ${name === 'test' ? test : validation}, which leaves no ${name} image of the ${total} in ${path}: raise it, or add images.`,
      { split: name, code },
    );
  }
  const shuffled = ([name, code]: readonly [SplitName, number]) =>
    [name, new RandomStream(seed, 'data/shuffle', code).shuffle(Uint32Array.from(found[name].sort((a, b) => a - b)))] as const;
  return Object.fromEntries(CODES.map(shuffled)) as SplitRows;
}
