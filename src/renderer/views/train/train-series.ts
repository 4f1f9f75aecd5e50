import type { Training } from './train-state.ts';

/** Beginnings of the names of series that are drawn; totals of the loss are not. */
const PREFIXES: Readonly<Record<Training | 'both', readonly string[]>> = {
  both: ['engine/'],
  pretrain: ['pretrain/'],
  supernet: [
    'supernet/checkpoint',
    'supernet/rate',
    'supernet/accuracy/',
    'supernet/highest/cross-entropy',
    'supernet/random',
    'supernet/lowest/cross-entropy',
    'supernet/lowest/divergence',
    'supernet/kurtosis/',
    'supernet/skewness/',
    'supernet/wdr',
    'supernet/ms/',
    'supernet/idle-share',
  ],
};

/** What the Train screen reads: all that the shown training draws, so that each chart is drawn once, then the rest. */
export function seriesToRead(training: Training): string[][] {
  const other: Training = training === 'supernet' ? 'pretrain' : 'supernet';
  return [[...PREFIXES[training], ...PREFIXES.both], [...PREFIXES[other]]];
}
