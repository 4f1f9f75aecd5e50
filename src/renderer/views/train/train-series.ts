import type { Training } from './train-state.ts';

/** What is read of a run, one after the other, so that long runs show their first curves soon; totals of the loss are not drawn. */
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

/** Beginnings of the names of series that the Train screen reads, those of the shown training first. */
export function seriesToRead(training: Training): string[] {
  const other: Training = training === 'supernet' ? 'pretrain' : 'supernet';
  return [...PREFIXES[training], ...PREFIXES.both, ...PREFIXES[other]];
}
