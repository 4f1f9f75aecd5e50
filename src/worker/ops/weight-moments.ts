import type { GraphBuilder } from '../engine/builder.ts';
import type { Value } from '../engine/graph.ts';

/** Standard deviation, relative to the root mean square, below which single precision leaves no digits of the moments. */
const NOISE = 1e-5;

/** WDR of one weight tensor: its moments (scalars) and the gradient of its loss term. */
export type WeightMoments = {
  skewness: Value;
  /** not excess kurtosis: 1.8 for a uniform, 3 for a normal distribution */
  kurtosis: Value;
  /** skewCoefficient * skewness^2 + kurtosisCoefficient * (kurtosis - target)^2 */
  loss: Value;
  /** d loss / d w, the shape of w */
  gradient: Value;
};

export interface WdrCoefficients {
  skewness: Value;
  kurtosis: Value;
  target: Value;
}

/**
 * Weight distribution regularization of one tensor (EQ-Net equations 4 to 6; standard deviation unbiased as in the
 * published code). Gradient by hand: with d = (w - mean) / sigma and h = dL/dd, dw = (h - mean(h) - d sum(h d)/(n-1)) / sigma.
 */
export function weightMoments(b: GraphBuilder, weights: Value, coefficients: WdrCoefficients): WeightMoments {
  const { skewness, kurtosis, target } = coefficients;
  return b.union('WeightMoments', [weights, skewness, kurtosis, target], () => written(b, weights, coefficients));
}

function written(b: GraphBuilder, weights: Value, coefficients: WdrCoefficients): WeightMoments {
  const n = weights.shape.reduce((a, size) => a * size, 1);
  const w = b.reshape(weights, [n]);
  const centred = b.sub(w, b.mean(w, [0], true));
  const deviation = b.sqrt(b.mul(b.sum(b.square(centred)), b.scalar(1 / Math.max(n - 1, 1))));
  // A tensor that is constant up to rounding (as a depthwise kernel can be) has no distribution: what is left of it is
  // rounding noise, and its gradient would be noise times 1 / sigma. Its moments count as 0 and it gets no gradient.
  const noise = b.plus(b.mul(b.sqrt(b.mean(b.square(w))), b.scalar(NOISE)), b.scalar(1e-12));
  const sigma = b.maximum(deviation, noise);
  const live = b.equalMask(sigma, deviation);
  const d = b.mul(b.div(centred, sigma), live);
  const d2 = b.square(d);
  const d3 = b.mul(d2, d);
  const skewness = b.mean(d3);
  const kurtosis = b.mean(b.square(d2));
  const distance = b.sub(kurtosis, coefficients.target);
  const loss = b.plus(b.mul(coefficients.skewness, b.square(skewness)), b.mul(coefficients.kurtosis, b.square(distance)));
  const skewPart = b.mul(d2, b.mul(b.mul(coefficients.skewness, skewness), b.scalar(6 / n)));
  const kurtosisPart = b.mul(d3, b.mul(b.mul(coefficients.kurtosis, distance), b.scalar(8 / n)));
  const h = b.plus(skewPart, kurtosisPart);
  const projection = b.mul(b.sum(b.mul(h, d)), b.scalar(1 / Math.max(n - 1, 1)));
  const gradient = b.mul(b.div(b.sub(b.sub(h, b.mean(h)), b.mul(d, projection)), sigma), live);
  return { skewness, kurtosis, loss, gradient: b.reshape(gradient, weights.shape) };
}
