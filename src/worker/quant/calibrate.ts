import { WorkbenchError } from '../../shared/contract/errors.ts';
import { ALL_BITS, SYMMETRIES, type Symmetry } from '../../shared/domain/form.ts';
import { allFinite } from '../../shared/domain/statistics.ts';
import { codeRange } from './code-range.ts';
import { powerTable, roundingError, type PowerTable } from './power-table.ts';
import type { TableLayout } from './table-layout.ts';
import type { QuantizerTables } from './tables.ts';

export interface CalibrationOptions {
  /** shrink candidates: the range is shrunk by 0, 1, ..., n-1 percent */
  shrinkSteps: number;
  /** p of the error mean |x - x~|^p */
  norm: number;
}

/** Layers with more weights are calibrated on evenly spaced ones, and with every eighth candidate, then ever closer to the best. */
const LARGE = 65_536;
const COARSE = 8;

/** Smallest step that can be told from zero: a dead channel must still have a positive one. */
const MIN_STEP = 1e-8;

/** How a search goes through its candidates; the result depends on `coarse` alone. */
interface SearchOptions {
  powers: PowerTable;
  /** every eighth candidate, then those 4, 2 and 1 beside the best one */
  coarse?: boolean;
  /** candidate to begin with: the nearer to the best, the sooner others are given up */
  hint?: number;
}

/**
 * Step size and offset with the least sum |x - x~|^p over a shrinking range (eqnet-spec 1.3).
 * Symmetric: +-k max|x| (0 .. k max|x| for unsigned codes); asymmetric: k min .. k max, the offset k min - step * Qn moved
 * to the nearest zero point among the codes, because that is what evaluation and export will use (see `snapQuantizers`).
 * The asymmetric range always holds 0 for the same reason: the range of values of one sign would move on to 0 with its
 * width unchanged, and lose the largest of them.
 * @returns also the percent by which the range was shrunk
 */
export function searchStep(
  values: Float32Array,
  bits: number,
  signed: boolean,
  symmetry: Symmetry,
  { shrinkSteps, norm }: CalibrationOptions,
  { powers, coarse = false, hint = 0 }: SearchOptions = { powers: powerTable(norm) },
): { step: number; offset: number; error: number; shrink: number } {
  const { low, high } = codeRange(bits, signed);
  let min = 0;
  let max = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] < min) min = values[i];
    if (values[i] > max) max = values[i];
  }
  const magnitude = Math.max(Math.abs(min), Math.abs(max));
  let best = { step: MIN_STEP, offset: 0, error: Infinity, shrink: shrinkSteps };
  const consider = (shrink: number) => {
    const k = 1 - shrink / 100;
    const range = symmetry === 'asymmetric' ? k * (max - min) : k * magnitude * (signed ? 2 : 1);
    const step = Math.max(range / (high - low), MIN_STEP);
    // On the grid already: what is judged here is what will be measured and exported.
    const zeroPoint = Math.min(Math.max(Math.round(low - (k * min) / step), low), high);
    const offset = symmetry === 'asymmetric' ? -step * zeroPoint : 0;
    const scale = step ** norm;
    const error = scale * roundingError(values, offset, 1 / step, low, high, powers, best.error / scale);
    // of equal ones the first, in whatever order they are looked at
    if (error < best.error || (error === best.error && shrink < best.shrink)) best = { step, offset, error, shrink };
  };
  const first = Math.min(hint, shrinkSteps - 1);
  if (coarse) {
    const start = first - (first % COARSE);
    for (let shrink = start; shrink < shrinkSteps; shrink += COARSE) consider(shrink);
    for (let shrink = start - COARSE; shrink >= 0; shrink -= COARSE) consider(shrink);
    for (let distance = COARSE / 2; distance >= 1; distance /= 2) {
      const middle = best.shrink;
      if (middle >= distance) consider(middle - distance);
      if (middle + distance < shrinkSteps) consider(middle + distance);
    }
  } else {
    for (let shrink = first; shrink < shrinkSteps; shrink++) consider(shrink);
    for (let shrink = first - 1; shrink >= 0; shrink--) consider(shrink);
  }
  return best;
}

/** The values of every output channel of a tensor whose last axis is the output channel. */
function channelsOf(weights: Float32Array, channels: number): Float32Array[] {
  const rows = weights.length / channels;
  const all = new Float32Array(weights.length);
  for (let row = 0, at = 0; row < rows; row++) for (let c = 0; c < channels; c++) all[c * rows + row] = weights[at++];
  return Array.from({ length: channels }, (_, c) => all.subarray(c * rows, (c + 1) * rows));
}

/** @throws WorkbenchError naming the layer or tensor */
function requireFinite(name: string, values: Float32Array): void {
  if (allFinite(values)) return;
  throw new WorkbenchError(
    'checkpoint-invalid',
    `'${name}' holds a value that is not a finite number: the float training diverged; lower pretrain.learningRate and run that phase again with --from pretrain.`,
  );
}

export function emptyTables(layout: TableLayout): QuantizerTables {
  return { logSteps: new Float32Array(layout.size), offsets: new Float32Array(layout.size) };
}

/**
 * Fills the entries of one layer's weight quantizers, all bits and forms. Of a layer with more than 65,536 weights, the
 * quantizer of the whole tensor sees that many of them, the smallest and the largest among them.
 * @param weights [..., Cout]
 * @throws WorkbenchError `checkpoint-invalid` when one is not a finite number
 */
export function calibrateWeights(
  layout: TableLayout,
  layer: number,
  weights: Float32Array,
  tables: QuantizerTables,
  options: CalibrationOptions,
): void {
  requireFinite(layout.facts[layer].name, weights);
  const channels = layout.facts[layer].outputChannels;
  const powers = powerTable(options.norm);
  const coarse = weights.length > LARGE;
  const groups = { tensor: [subsample(weights, LARGE)], channel: channelsOf(weights, channels) };
  for (const granularity of ['tensor', 'channel'] as const)
    for (const symmetry of SYMMETRIES) {
      const entries = ALL_BITS.map((bits) => layout.weightEntry(layer, granularity, symmetry, bits));
      groups[granularity].forEach((values, c) => {
        let hint = 0;
        // from many bits to few, the range shrinks more and more
        for (let i = ALL_BITS.length - 1; i >= 0; i--) {
          const { step, offset, shrink } = searchStep(values, ALL_BITS[i], true, symmetry, options, { powers, coarse, hint });
          tables.logSteps[entries[i] + c] = Math.log(step);
          tables.offsets[entries[i] + c] = offset;
          hint = shrink;
        }
      });
    }
}

/**
 * Fills the entries of one activation quantizer, all bits and both symmetries.
 * @throws WorkbenchError `checkpoint-invalid` when a value is not a finite number
 */
export function calibrateActivation(
  layout: TableLayout,
  point: number,
  values: Float32Array,
  tables: QuantizerTables,
  options: CalibrationOptions,
): void {
  requireFinite(layout.points[point].tensor, values);
  const powers = powerTable(options.norm);
  for (const symmetry of SYMMETRIES) {
    let hint = 0;
    for (const bits of ALL_BITS.toReversed()) {
      const entry = layout.activationEntry(point, symmetry, bits);
      const { step, offset, shrink } = searchStep(values, bits, layout.signed[point], symmetry, options, { powers, hint });
      tables.logSteps[entry] = Math.log(step);
      tables.offsets[entry] = offset;
      hint = shrink;
    }
  }
}

/** At most `atMost` values (but two at least), evenly spaced, the smallest and the largest always among them. */
export function subsample(values: Float32Array, atMost: number): Float32Array {
  if (values.length <= atMost) return values;
  const count = Math.max(atMost, 2);
  const picked = new Float32Array(count);
  const stride = values.length / (count - 2);
  for (let i = 0; i < count - 2; i++) picked[i] = values[Math.floor(i * stride)];
  let min = values[0];
  let max = values[0];
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  picked[count - 2] = min;
  picked[count - 1] = max;
  return picked;
}
