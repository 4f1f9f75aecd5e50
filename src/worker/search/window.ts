import { WorkbenchError } from '../../shared/contract/errors.ts';
import { formKey, type Form } from '../../shared/domain/form.ts';
import { averageRange, fillMiddle, type GeneAxis, type SearchSpace, WINDOW_BITS } from '../../shared/domain/space.ts';
import { fitWindow, type SumWindow } from './repair.ts';

/** Average bits wanted on one axis: low < average <= high. */
export interface Window {
  low: number;
  high: number;
}

/** Windows of both axes. */
export interface Windows {
  weights: Window;
  activations: Window;
}

/** Average-bit target of a search; a plain number stands for both axes. */
export type Target = number | { weights: number; activations: number };

/** target - 0.5 < average <= target, on each axis. */
export function targetWindows(target: Target): Windows {
  const { weights, activations } = typeof target === 'number' ? { weights: target, activations: target } : target;
  return {
    weights: { low: weights - WINDOW_BITS, high: weights },
    activations: { low: activations - WINDOW_BITS, high: activations },
  };
}

/** Keeps rounding of `target * total` from shutting out, or letting in, a sum that lies on an edge. */
const EDGE = 1e-9;

/** A window of average bits in units of `axisSum`. */
export function sumWindow(axis: GeneAxis, window: Window): SumWindow {
  return { low: (window.low + EDGE) * axis.total, high: (window.high + EDGE) * axis.total };
}

/**
 * Checks that some configuration lies in the windows.
 * @throws WorkbenchError `recipe-invalid` whose sentence names the feasible range
 */
export function requireFeasible(space: SearchSpace, windows: Windows, form: Form): void {
  if (space.weights.layers.length === 0) {
    throw new WorkbenchError(
      'recipe-invalid',
      'The network has no layer between its first and its last, so there is nothing to search: choose a deeper network.',
    );
  }
  for (const axis of [space.weights, space.activations]) {
    const window = axis.what === 'weight' ? windows.weights : windows.activations;
    const genes = fillMiddle(axis, new Uint8Array(space.length));
    if (fitWindow(axis, sumWindow(axis, window), genes)) continue;
    const { low, high } = averageRange(axis);
    const reach =
      window.low >= high || window.high < low
        ? 'the space reaches'
        : 'with so few layers no mixture falls between, though the space reaches';
    throw new WorkbenchError(
      'recipe-invalid',
      `No configuration of form ${formKey(form)} has average ${axis.what} bits above ${window.low} and at most ${window.high}: ${reach} ${low.toFixed(2)} to ${high.toFixed(2)}; choose a target of at least ${(Math.ceil(low * 100) / 100).toFixed(2)} and below ${(high + WINDOW_BITS).toFixed(2)}, or allow more bit-widths.`,
      { window, range: { low, high } },
    );
  }
}
