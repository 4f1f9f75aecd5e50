import { basename } from 'node:path';
import type { DataReport } from '../../shared/contract/data-report.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';

/** A number of a recipe that was lowered because there are not that many images. */
export interface Lowered {
  /** e.g. `predictor.sampleImages` */
  field: string;
  from: number;
  to: number;
}

/** Fields that ask for images of a split, in a batch or for a measurement. */
const ASKS: readonly (readonly [
  section: 'pretrain' | 'calibration' | 'supernet' | 'evaluation' | 'predictor' | 'search',
  field: string,
  split: 'train' | 'validation' | 'test',
])[] = [
  ['pretrain', 'batch', 'train'],
  ['supernet', 'batch', 'train'],
  ['calibration', 'images', 'train'],
  ['evaluation', 'recalibrationImages', 'train'],
  ['predictor', 'recalibrationImages', 'train'],
  ['predictor', 'sampleImages', 'validation'],
  ['supernet', 'evaluateImages', 'validation'],
  ['evaluation', 'gridImages', 'test'],
  ['search', 'measureImages', 'test'],
];

/** A recipe name from the name of a folder or file. */
function shortName(path: string): string {
  const name = basename(path)
    .replace(/\.[a-z0-9]+$/i, '')
    .toLowerCase();
  return name.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '') || 'own-images';
}

/**
 * Puts a data set that was looked at into a recipe: where it lies, what training sees of it, its classes. Numbers that ask for
 * more images than there are become as many as there are. A recipe that was for another kind of data is named after this one.
 */
export function adoptData(recipe: Recipe, data: Recipe['data'], report: DataReport): { recipe: Recipe; lowered: Lowered[] } {
  const { height, width, channels } = report.target;
  const own = recipe.data.dataset === 'files' ? {} : { name: shortName(report.path), title: '' };
  const adopted: Recipe = {
    ...recipe,
    ...own,
    data: { ...data, root: report.path, format: report.format, size: [height, width], channels, classes: report.classes },
  };
  const lowered: Lowered[] = [];
  const sections = adopted as unknown as Record<string, Record<string, unknown>>;
  for (const [section, field, split] of ASKS) {
    const from = sections[section][field];
    const to = report.splits[split].images;
    if (typeof from !== 'number' || from <= to) continue;
    sections[section] = { ...sections[section], [field]: to };
    lowered.push({ field: `${section}.${field}`, from, to });
  }
  return { recipe: adopted, lowered };
}
