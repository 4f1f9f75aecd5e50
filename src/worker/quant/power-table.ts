/** Points of the table in a unit of its argument, for arguments below 1: rounding errors, at most a half, lie there. */
const FINE = 4096;
/** Points between a power of two and the next. */
const MANTISSA = 2048;
/** Powers of two; larger arguments are computed. */
const OCTAVES = 16;

/**
 * |x|^p by linear interpolation, because `**` is what calibration would spend its time on. Relative error: below 1e-7 for
 * x >= 1; below 1e-4 of the mean over rounding errors.
 */
export interface PowerTable {
  readonly norm: number;
  /** of i / FINE, 0..1 */
  readonly fine: Float64Array;
  /** of 1 + i / MANTISSA, 1..2 */
  readonly mantissa: Float64Array;
  /** of 2^i */
  readonly octave: Float64Array;
}

export function powerTable(norm: number): PowerTable {
  return {
    norm,
    fine: Float64Array.from({ length: FINE + 2 }, (_, i) => (i / FINE) ** norm),
    mantissa: Float64Array.from({ length: MANTISSA + 2 }, (_, i) => (1 + i / MANTISSA) ** norm),
    octave: Float64Array.from({ length: OCTAVES }, (_, i) => 2 ** (i * norm)),
  };
}

/** x^p for x >= 1. */
function largePower(x: number, { norm, mantissa, octave }: PowerTable): number {
  if (x >= 2 ** OCTAVES) return x ** norm;
  const exponent = 31 - Math.clz32(x);
  const position = (x / (1 << exponent) - 1) * MANTISSA;
  const cell = position | 0;
  return octave[exponent] * (mantissa[cell] + (mantissa[cell + 1] - mantissa[cell]) * (position - cell));
}

/** Values after which a sum is compared with its bound. */
const STRETCH = 256;

/**
 * Sum of |x - x~|^p in units of step^p, where x~ is x rounded to the nearest code low..high.
 * @param inverse 1 / step
 * @param bound   the sum is given up as soon as it is larger
 */
export function roundingError(
  values: Float32Array,
  offset: number,
  inverse: number,
  low: number,
  high: number,
  powers: PowerTable,
  bound: number,
): number {
  const { fine } = powers;
  let error = 0;
  for (let i = 0; i < values.length && error <= bound;) {
    const end = Math.min(i + STRETCH, values.length);
    for (; i < end; i++) {
      const ratio = (values[i] - offset) * inverse;
      const distance = ratio < low ? low - ratio : ratio > high ? ratio - high : Math.abs(ratio - Math.floor(ratio + 0.5));
      if (distance < 1) {
        const position = distance * FINE;
        const cell = position | 0;
        error += fine[cell] + (fine[cell + 1] - fine[cell]) * (position - cell);
      } else error += largePower(distance, powers);
    }
  }
  return error;
}
