import type { Granularity, Symmetry } from '../../../shared/domain/form.ts';
import type { Configuration } from '../../../shared/schema/configuration.ts';
import { integerCode, offsetsOf } from '../../quant/fold.ts';
import type { TableLayout } from '../../quant/table-layout.ts';
import type { IntegerQuantizer } from '../../quant/tables.ts';

/** One choice for every layer, the pinned ones included: not a configuration to be measured, only to look up quantizers. */
export function sameForAll(
  layout: TableLayout,
  bits: number,
  granularity: Granularity,
  weightSymmetry: Symmetry,
  activationSymmetry: Symmetry = weightSymmetry,
): Configuration {
  return {
    layers: layout.facts.map(({ name }) => ({
      name,
      weightBits: bits,
      activationBits: bits,
      granularity,
      weightSymmetry,
      activationSymmetry,
    })),
  };
}

/** Code of every value on the grid that is exported. @param values [..., channels]; channels = length of the step sizes */
export function codesOf(values: Float32Array, { steps, zeroPoints, low, high }: IntegerQuantizer): Int16Array {
  const offsets = offsetsOf(steps, zeroPoints);
  const channels = steps.length;
  return Int16Array.from(values, (value, i) => {
    const c = i % channels;
    return integerCode(value, steps[c], offsets[c], low, high);
  });
}

/**
 * Signal-to-quantization-noise ratio, dB: 10 log10(sum x^2 / sum (x - x~)^2).
 * @returns null without a signal, or without noise (the ratio has no number)
 */
export function quantizationSnr(values: Float32Array, quantizer: IntegerQuantizer): number | null {
  const { steps, zeroPoints } = quantizer;
  const channels = steps.length;
  const codes = codesOf(values, quantizer);
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < values.length; i++) {
    const c = i % channels;
    signal += values[i] ** 2;
    noise += (values[i] - steps[c] * (codes[i] - zeroPoints[c])) ** 2;
  }
  return signal > 0 && noise > 0 ? 10 * Math.log10(signal / noise) : null;
}
