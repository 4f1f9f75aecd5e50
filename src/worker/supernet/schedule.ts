export { stepsOf } from '../../shared/domain/steps.ts';

/** Cosine from `peak` at step 0 to 0 at `total` (no warm-up, eqnet-spec section 2). */
export function cosineRate(peak: number, step: number, total: number): number {
  return 0.5 * peak * (1 + Math.cos((Math.PI * step) / total));
}
