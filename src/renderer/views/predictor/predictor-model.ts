/** What the Predictor screen says of a fit. */
import type { SampleLabel } from '../../../shared/contract/api/views.ts';
import type { PredictorResult } from '../../../shared/contract/job-protocol.ts';
import { FORM_KEYS, type FormKey } from '../../../shared/domain/form.ts';
import { mean } from '../../../shared/domain/statistics.ts';
import { binCounts } from '../../charts/bins.ts';
import type { ScatterGroup } from '../../charts/ScatterChart.vue';
import { formCode } from '../../ui/form-name.ts';

/** Below this rank correlation a search follows the predictor's errors. */
export const GOOD_KENDALL = 0.75;
/** Below this correlation of two measurements more than half of the variance of one is noise. */
const REPEATABLE = 0.5;
/** By how much the network may lose to ridge regression. */
const WORSE = 1.05;

export interface Warning {
  /** text below `predictor.warning` */
  kind: 'kendall' | 'kendallRepeat' | 'constant' | 'equal' | 'noise' | 'spread' | 'ridge';
  /** numbers of the sentence; shares as they are, points as accuracies 0..1 */
  numbers: Partial<Record<'kendall' | 'good' | 'repeat' | 'pearson' | 'rmse' | 'ridge' | 'deviation' | 'error', number>>;
  counts: Partial<Record<'count' | 'images', number>>;
}

function spreadWarning(result: PredictorResult, images: number): Warning | null {
  const { labelDeviation: deviation, noiseCeiling: agreement } = result;
  if (deviation === 0) return { kind: 'equal', numbers: {}, counts: {} };
  if (agreement) {
    if (agreement.pearson !== null && agreement.pearson >= REPEATABLE) return null;
    const numbers = { rmse: agreement.rmse, ...(agreement.pearson !== null && { pearson: agreement.pearson }) };
    return { kind: 'noise', numbers, counts: { count: agreement.samples } };
  }
  const accuracy = mean(result.heldOut.map(({ measured }) => measured));
  if (accuracy === null || images === 0) return null;
  const error = Math.sqrt((accuracy * (1 - accuracy)) / images);
  return deviation < error ? { kind: 'spread', numbers: { deviation, error }, counts: { images } } : null;
}

function rankWarning({ kendall, labelDeviation, noiseCeiling }: PredictorResult): Warning | null {
  if (labelDeviation === 0 || (kendall !== null && kendall >= GOOD_KENDALL)) return null;
  if (kendall === null) return { kind: 'constant', numbers: {}, counts: {} };
  const repeat = noiseCeiling?.kendall ?? null;
  return repeat === null
    ? { kind: 'kendall', numbers: { kendall, good: GOOD_KENDALL }, counts: {} }
    : { kind: 'kendallRepeat', numbers: { kendall, good: GOOD_KENDALL, repeat }, counts: {} };
}

/**
 * What a person must know before they trust the predictor, by the rules of the fit itself; here so that it can be said in
 * the language of the interface.
 * @param images of one measurement
 */
export function warningsOf(result: PredictorResult, images: number): Warning[] {
  const { rmse, ridge, labelDeviation } = result;
  const worse: Warning | null =
    labelDeviation > 0 && rmse > ridge.rmse * WORSE ? { kind: 'ridge', numbers: { rmse, ridge: ridge.rmse }, counts: {} } : null;
  return [spreadWarning(result, images), rankWarning(result), worse].filter((warning) => warning !== null);
}

/** Colour tells the form of the weights, a hollow mark asymmetric activations; the shape says the same as the colour. */
export function formLook(form: FormKey): { color: string; shape: number } {
  const weights = Math.floor(FORM_KEYS.indexOf(form) / 2);
  return { color: `--run-${weights + 1}`, shape: weights + (form[2] === 'a' ? 4 : 0) };
}

/** Held-out configurations by form, accuracies in percent. */
export function scatterGroups(heldOut: PredictorResult['heldOut']): ScatterGroup[] {
  return FORM_KEYS.flatMap((form) => {
    const points = heldOut.flatMap(({ index, form: own, predicted, measured }) =>
      own === form ? [{ id: String(index), name: `${formCode(form)} ${index + 1}`, x: predicted * 100, y: measured * 100 }] : [],
    );
    return points.length > 0 ? [{ id: form, name: formCode(form), ...formLook(form), points }] : [];
  });
}

export interface LabelBins {
  /** ends of the bins, percent */
  minimum: number;
  maximum: number;
  counts: number[];
  heldOut: number[];
}

/** First measurements as a histogram in percent; null without any. */
export function binLabels(labels: readonly SampleLabel[], bins = 40): LabelBins | null {
  const first = labels.filter(({ repeat }) => repeat === 0);
  if (first.length === 0) return null;
  const values = first.map(({ accuracy }) => accuracy * 100);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = high > low ? (high - low) * 0.02 : 0.5;
  const [minimum, maximum] = [Math.max(0, low - room), Math.min(100, high + room)];
  const held = first.filter(({ split }) => split === 'heldOut').map(({ accuracy }) => accuracy * 100);
  return { minimum, maximum, counts: binCounts(values, minimum, maximum, bins), heldOut: binCounts(held, minimum, maximum, bins) };
}
