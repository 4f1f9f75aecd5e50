/** How long a whole run still takes, from what its own phases measured; a range, because later phases can only be estimated. */
import { PHASES, type OpenedInfo, type Phase } from '../contract/job-protocol.ts';
import type { Recipe } from '../schema/recipe.ts';
import { stepsOf } from './steps.ts';

/** Seconds, or seconds for each unit: low and high. */
type Range = readonly [low: number, high: number];

/** What is counted in a phase: training images through one network, or images that are only evaluated. */
type Kind = 'trained' | 'subnet' | 'evaluated';

/**
 * Time of an image through an elastic subnet, and of an evaluated image, against one of float training. All recipes of
 * docs/results.md lie inside: 1.2 to 1.8, and 0.25 to 0.5.
 */
const AGAINST_TRAINED: Readonly<Record<Kind, Range>> = { trained: [1, 1], subnet: [1.1, 1.9], evaluated: [0.22, 0.55] };
/** What a rate measured in one phase may be off by in another one of the same kind: batches and subnets differ. */
const SAME_KIND: Range = [0.8, 1.3];
/** Calibration, predictor, search and export: at most so much of the long phases each in the same recipes. */
const SHORT_SHARE: Range = [0, 0.04];

const KINDS: Readonly<Partial<Record<Phase, Kind>>> = {
  pretrain: 'trained',
  supernet: 'subnet',
  grid: 'evaluated',
  sample: 'evaluated',
  measure: 'evaluated',
};

export interface RunCourse {
  settings: Recipe;
  images: OpenedInfo['images'];
  phases: Readonly<Record<Phase, { state: string; seconds: number }>>;
  /** configurations that the search proposed; 0 before it has ended */
  candidates: number;
}

/** The phase that runs now. */
export interface RunningPhase {
  phase: Phase;
  done: number;
  total: number;
  /** seconds left in it; null while unknown */
  left: Range | null;
}

const times = (range: Range, by: Range): Range => [range[0] * by[0], range[1] * by[1]];
const over = (range: Range, by: Range): Range => [range[0] / by[1], range[1] / by[0]];
const plus = (a: Range, b: Range): Range => [a[0] + b[0], a[1] + b[1]];

/** Images that a phase works through; 0 for the short phases. */
function workOf(phase: Phase, { settings, images, candidates }: RunCourse): number {
  const { pretrain, supernet, evaluation, predictor, search } = settings;
  const again = evaluation.recalibrationImages;
  switch (phase) {
    case 'pretrain':
      return stepsOf(pretrain.epochs, images.train, pretrain.batch) * pretrain.batch;
    case 'supernet':
      return stepsOf(supernet.epochs, images.train, supernet.batch) * supernet.batch * (2 + supernet.randomSubnets);
    case 'grid':
      return evaluation.gridBits.length * evaluation.gridForms.length * (again + (evaluation.gridImages ?? images.test));
    case 'sample':
      return (
        (predictor.trainSamples + predictor.heldOutSamples + predictor.noiseSamples) *
        (predictor.recalibrationImages + Math.min(predictor.sampleImages, images.validation))
      );
    case 'measure': {
      const proposed = candidates || search.targets.length * (search.remeasure + 1);
      return proposed * (2 * again + images.validation + Math.min(search.measureImages ?? images.test, images.test));
    }
    default:
      return 0;
  }
}

/** Seconds for an image of each kind that the run has measured, the newest measurement of a kind. */
function measuredRates(course: RunCourse, now: RunningPhase): Map<Kind, Range> {
  const rates = new Map<Kind, Range>();
  for (const phase of PHASES) {
    const kind = KINDS[phase];
    const work = workOf(phase, course);
    if (!kind || work === 0) continue;
    const { state, seconds } = course.phases[phase];
    if (phase === now.phase) {
      const open = ((now.total - now.done) / now.total) * work;
      if (now.left && open > 0) rates.set(kind, [now.left[0] / open, now.left[1] / open]);
    } else if (state === 'done' && seconds > 0) rates.set(kind, [seconds / work, seconds / work]);
  }
  return rates;
}

/** Seconds for an image of a kind: measured, else by way of another kind. */
function rateOf(kind: Kind, rates: ReadonlyMap<Kind, Range>): Range | null {
  const own = rates.get(kind);
  if (own) return times(own, SAME_KIND);
  for (const other of ['trained', 'subnet', 'evaluated'] as const) {
    const known = rates.get(other);
    if (known) return times(over(known, AGAINST_TRAINED[other]), AGAINST_TRAINED[kind]);
  }
  return null;
}

/**
 * Seconds until the whole run is done.
 * @param until its last phase
 * @returns null while nothing of it has been measured
 */
export function remainingOfRun(course: RunCourse, now: RunningPhase, until: Phase = 'export'): [number, number] | null {
  if (!now.left || now.total <= 0) return null;
  const rates = measuredRates(course, now);
  const place = PHASES.indexOf(now.phase);
  let left: Range = now.left;
  /** of the whole run in its long phases, done or not */
  let long: Range = [0, 0];
  let short = 0;
  for (const phase of PHASES) {
    const kind = KINDS[phase];
    const later = PHASES.indexOf(phase) > place && PHASES.indexOf(phase) <= PHASES.indexOf(until);
    if (!later) {
      const { seconds } = course.phases[phase];
      if (kind) long = plus(long, phase === now.phase ? plus(now.left, [seconds, seconds]) : [seconds, seconds]);
      continue;
    }
    if (!kind) {
      short += 1;
      continue;
    }
    const rate = rateOf(kind, rates);
    if (!rate) return null;
    const work = workOf(phase, course);
    left = plus(left, times(rate, [work, work]));
    long = plus(long, times(rate, [work, work]));
  }
  const ends = times(times(long, SHORT_SHARE), [short, short]);
  return [left[0] + ends[0], left[1] + ends[1]];
}
