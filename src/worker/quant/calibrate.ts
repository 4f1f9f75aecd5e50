import { WorkbenchError } from '../../shared/contract/errors.ts';
import { ALL_BITS, SYMMETRIES, type Symmetry } from '../../shared/domain/form.ts';
import { allFinite } from '../../shared/domain/statistics.ts';
import { codeRange } from './code-range.ts';
import type { TableLayout } from './table-layout.ts';
import type { QuantizerTables } from './tables.ts';

export interface CalibrationOptions {
  /** shrink candidates: the range is shrunk by 0, 1, ..., n-1 percent */
  shrinkSteps: number;
  /** p of the error mean |x - x~|^p */
  norm: number;
}

const TABLE_SIZE = 2048;

/** |fraction|^p for 0 <= fraction <= 1/2 by linear interpolation: rounding errors lie there, and pow is slow. */
function powerTable(norm: number): Float64Array {
  return Float64Array.from({ length: TABLE_SIZE + 2 }, (_, i) => (i / (2 * TABLE_SIZE)) ** norm);
}

/** Smallest step that can be told from zero: a dead channel must still have a positive one. */
const MIN_STEP = 1e-8;

/**
 * Step size and offset with the least sum |x - x~|^p over a shrinking range (eqnet-spec 1.3).
 * Symmetric: +-k max|x| (0 .. k max|x| for unsigned codes); asymmetric: k min .. k max, the offset k min - step * Qn moved
 * to the nearest zero point among the codes, because that is what evaluation and export will use (see `snapQuantizers`).
 * The asymmetric range always holds 0 for the same reason: the range of values of one sign would move on to 0 with its
 * width unchanged, and lose the largest of them.
 */
export function searchStep(
  values: Float32Array,
  bits: number,
  signed: boolean,
  symmetry: Symmetry,
  { shrinkSteps, norm }: CalibrationOptions,
  table: Float64Array = powerTable(norm),
): { step: number; offset: number; error: number } {
  const { low, high } = codeRange(bits, signed);
  let min = 0;
  let max = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] < min) min = values[i];
    if (values[i] > max) max = values[i];
  }
  const magnitude = Math.max(Math.abs(min), Math.abs(max));
  let best = { step: MIN_STEP, offset: 0, error: Infinity };
  for (let shrink = 0; shrink < shrinkSteps; shrink++) {
    const k = 1 - shrink / 100;
    const range = symmetry === 'asymmetric' ? k * (max - min) : k * magnitude * (signed ? 2 : 1);
    const step = Math.max(range / (high - low), MIN_STEP);
    // On the grid already: what is judged here is what will be measured and exported.
    const zeroPoint = Math.min(Math.max(Math.round(low - (k * min) / step), low), high);
    const offset = symmetry === 'asymmetric' ? -step * zeroPoint : 0;
    const inverse = 1 / step;
    const scale = step ** norm;
    let error = 0;
    for (let i = 0; i < values.length && error * scale < best.error;) {
      // The bound is tested once for each stretch of values, not for each value.
      const end = Math.min(i + 4096, values.length);
      for (; i < end; i++) {
        const ratio = (values[i] - offset) * inverse;
        const code = ratio < low ? low : ratio > high ? high : Math.floor(ratio + 0.5);
        const distance = Math.abs(ratio - code);
        if (distance <= 0.5) {
          const position = distance * 2 * TABLE_SIZE;
          const cell = position | 0;
          error += table[cell] + (table[cell + 1] - table[cell]) * (position - cell);
        } else error += distance ** norm;
      }
    }
    if (error * scale < best.error) best = { step, offset, error: error * scale };
  }
  return best;
}

/** Values of output channel c of a tensor whose last axis is the output channel. */
function channelOf(weights: Float32Array, channels: number, c: number): Float32Array {
  return Float32Array.from({ length: weights.length / channels }, (_, i) => weights[i * channels + c]);
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
 * Fills the entries of one layer's weight quantizers, all bits and forms.
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
  const power = powerTable(options.norm);
  const groups = { tensor: [weights], channel: Array.from({ length: channels }, (_, c) => channelOf(weights, channels, c)) };
  for (const granularity of ['tensor', 'channel'] as const)
    for (const symmetry of SYMMETRIES)
      for (const bits of ALL_BITS) {
        const entry = layout.weightEntry(layer, granularity, symmetry, bits);
        groups[granularity].forEach((values, c) => {
          const { step, offset } = searchStep(values, bits, true, symmetry, options, power);
          tables.logSteps[entry + c] = Math.log(step);
          tables.offsets[entry + c] = offset;
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
  const power = powerTable(options.norm);
  for (const symmetry of SYMMETRIES)
    for (const bits of ALL_BITS) {
      const entry = layout.activationEntry(point, symmetry, bits);
      const { step, offset } = searchStep(values, bits, layout.signed[point], symmetry, options, power);
      tables.logSteps[entry] = Math.log(step);
      tables.offsets[entry] = offset;
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
