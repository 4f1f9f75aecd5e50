import type { DataReport } from '../../../shared/contract/data-report.ts';
import type { SplitName } from '../../../shared/contract/look.ts';
import { SPLIT_CODE, type ImageIndex } from '../formats/format.ts';
import { decodeImage } from '../image/decode.ts';
import type { DataRecipe } from '../split-plan.ts';
import { HASH_BYTES, valuesOf, type DecodedFacts } from './decoded-set.ts';
import { digestOf, recipeSplits } from './load-files.ts';
import type { SplitRows } from './splits.ts';

const SPLITS: readonly SplitName[] = ['train', 'validation', 'test'];
const SHOWN_SIZES = 12;
const SHOWN_DUPLICATES = 20;
/** Images of the sample grid: some of each class, but not more than this in all. */
const SAMPLES = 64;
const SAMPLES_OF_CLASS = 4;
/** Classes whose numbers of images differ by more than this are worth a sentence. */
const IMBALANCE = 10;

interface Subject {
  path: string;
  index: ImageIndex;
  facts: DecodedFacts;
  data: DataRecipe;
  cached: boolean;
  proposed: boolean;
}

function perClass(facts: DecodedFacts, rows: Uint32Array): number[] {
  const counts = Array<number>(facts.classNames.length).fill(0);
  for (const row of rows) counts[facts.labels[row]]++;
  return counts;
}

/** Mean and standard deviation of each channel over all pixels of some images, 0..1. */
function channelStatistics({ target: { channels }, moments }: DecodedFacts, rows: Uint32Array): { mean: number[]; deviation: number[] } {
  const sums = Array<number>(2 * channels).fill(0);
  for (const row of rows) for (let at = 0; at < 2 * channels; at++) sums[at] += moments[row * 2 * channels + at];
  const average = sums.map((sum) => sum / rows.length);
  const mean = average.slice(0, channels);
  return { mean, deviation: mean.map((value, c) => Math.sqrt(Math.max(0, average[channels + c] - value * value))) };
}

const hashOf = ({ hashes }: DecodedFacts, row: number): string =>
  Buffer.from(hashes.buffer, hashes.byteOffset + row * HASH_BYTES, HASH_BYTES).toString('latin1');

/** Images with the same pixels in two splits, and how many training images repeat an earlier one. */
function findDuplicates({ facts, index }: Subject, rows: SplitRows): Pick<DataReport, 'duplicates' | 'repeated'> {
  const owners = Object.fromEntries(SPLITS.map((name) => [name, new Map<string, number>()])) as Record<SplitName, Map<string, number>>;
  for (const name of SPLITS)
    for (const row of rows[name]) {
      const hash = hashOf(facts, row);
      if (!owners[name].has(hash)) owners[name].set(hash, row);
    }
  const duplicates: DataReport['duplicates'] = [];
  for (const [from, to] of [
    ['train', 'validation'],
    ['train', 'test'],
    ['validation', 'test'],
  ] as const) {
    const both = rows[to].filter((row) => owners[from].has(hashOf(facts, row)));
    if (!both.length) continue;
    const nameOf = (row: number) => index.name(facts.places[row]);
    const examples = [...both.subarray(0, SHOWN_DUPLICATES)].map((row): [string, string] => [
      nameOf(owners[from].get(hashOf(facts, row))!),
      nameOf(row),
    ]);
    duplicates.push({ between: [from, to], images: both.length, examples });
  }
  return { duplicates, repeated: rows.train.length - owners.train.size };
}

/** Training images of every class in turn, decoded for the picture. */
async function drawSamples({ facts, index }: Subject, rows: SplitRows): Promise<DataReport['samples']> {
  const each = Math.max(1, Math.min(SAMPLES_OF_CLASS, Math.floor(SAMPLES / facts.classNames.length)));
  const chosen = facts.classNames.map((): number[] => []);
  for (const row of rows.train) {
    const same = chosen[facts.labels[row]];
    if (same.length < each) same.push(row);
  }
  const taken = chosen.flat().slice(0, SAMPLES);
  const pixels: Uint8Array[] = [];
  for (const row of taken) pixels.push(await decodeImage(await index.read(facts.places[row]), facts.target));
  return { pixels: Buffer.concat(pixels).toString('base64'), labels: taken.map((row) => facts.labels[row]) };
}

/** `1 image`, `3 images` */
const counted = (images: number, what = 'image'): string => `${images} ${what}${images === 1 ? '' : 's'}`;

function warningsOf(report: Omit<DataReport, 'warnings'>): string[] {
  const { classes, splits, duplicates, repeated, corrupt, proposed, sizes, target, otherSizes } = report;
  const warnings: string[] = [];
  if (proposed)
    warnings.push(
      `The images have ${sizes.length + otherSizes} different sizes, and none was asked for: ${target.height} x ${target.width} is only a proposal; say it with --size or data.size.`,
    );
  if (corrupt.length)
    warnings.push(
      `${corrupt.length} of ${counted(report.images)} cannot be used: mend or remove them, or leave them out with skipCorrupt.`,
    );
  for (const { between, images } of duplicates)
    warnings.push(`${counted(images)} of the ${between[1]} split also in the ${between[0]} split: accuracy measured there means nothing.`);
  if (repeated) warnings.push(`${counted(repeated, 'training image')} with the same pixels as another training image.`);
  const [least, most] = [Math.min(...splits.train.perClass), Math.max(...splits.train.perClass)];
  if (most > IMBALANCE * least)
    warnings.push(
      `Class '${classes[splits.train.perClass.indexOf(most)]}' has ${most} training images, class '${classes[splits.train.perClass.indexOf(least)]}' only ${least}: rare classes will be learned badly.`,
    );
  for (const name of ['validation', 'test'] as const) {
    const missing = classes.filter((_, label) => splits[name].perClass[label] === 0);
    if (missing.length)
      warnings.push(
        `${missing.length} of ${classes.length} classes have no ${name} image, e.g. '${missing[0]}': their accuracy will not be measured.`,
      );
  }
  return warnings;
}

/**
 * What is to be known of a data set, for people.
 * @throws WorkbenchError `data-invalid` when its images cannot be split
 */
export async function reportOn(subject: Subject): Promise<DataReport> {
  const { path, index, facts, data, cached, proposed } = subject;
  const rows = recipeSplits(facts, { ...data, skipCorrupt: true }, path);
  const { height, width, channels, resize } = facts.target;
  const given = new Set(index.splits);
  const codes: readonly (readonly [SplitName, number])[] = [
    ['train', SPLIT_CODE.train],
    ['validation', SPLIT_CODE.validation],
    ['test', SPLIT_CODE.test],
  ];
  const report = {
    path,
    format: index.format,
    images: index.count,
    classes: [...facts.classNames],
    givenSplits: codes.filter(([, code]) => given.has(code)).map(([name]) => name),
    splits: Object.fromEntries(
      SPLITS.map((name) => [name, { images: rows[name].length, perClass: perClass(facts, rows[name]) }]),
    ) as DataReport['splits'],
    sizes: facts.sizes.slice(0, SHOWN_SIZES).map((size) => ({ ...size })),
    otherSizes: Math.max(0, facts.sizes.length - SHOWN_SIZES),
    target: { height, width, channels, resize },
    proposed,
    corrupt: [...facts.corrupt],
    ...channelStatistics(facts, rows.train),
    ...findDuplicates(subject, rows),
    samples: await drawSamples(subject, rows),
    bytes: facts.count * valuesOf(facts.target),
    digest: facts.corrupt.length && !data.skipCorrupt ? '' : digestOf(facts, rows),
    cached,
  };
  return { ...report, warnings: warningsOf(report) };
}
