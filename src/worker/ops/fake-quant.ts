import type { CodeGrid, GraphBuilder } from '../engine/builder.ts';
import type { Value } from '../engine/graph.ts';

/** A learned activation quantizer; all values are scalars. */
export interface ActivationQuantizer extends CodeGrid {
  /** p with step size s = exp(p): relative moves, never negative. */
  logStep: Value;
  /** gradient scale g */
  scale: Value;
}

/** What is quantized: where a ReLU comes before it, the ReLU's input, since the op takes it along. */
const reluTakenAlong = (x: Value): [input: Value, relu: boolean] => (x.node.op === 'Relu' ? [x.node.inputs[0], true] : [x, false]);

/**
 * Fake quantization of an activation (LSQ+ with s = exp(p)): y = s * round(clip((x - offset) / s, Qn, Qp)) + offset, with
 * the straight-through gradients of `GraphBuilder.fakeQuantGrad`, times g for the quantizer.
 */
export function quantizeActivation(b: GraphBuilder, x: Value, q: ActivationQuantizer): Value {
  const [input, relu] = reluTakenAlong(x);
  return b.within({ purpose: 'activation-quantization' }, () =>
    b.composite(
      [input, q.logStep, q.offset],
      () => b.fakeQuant(input, q, relu),
      (dy) => {
        const { dx, sums } = b.fakeQuantGrad(dy, input, q, relu);
        const [logStep, offset] = b.unpack(b.mul(q.scale, sums));
        return [dx, logStep, offset];
      },
    ),
  );
}

/** A learned weight quantizer; logStep, step and offset have one entry for each output channel. */
export interface WeightQuantizer extends CodeGrid {
  logStep: Value;
  /** gradient scale g, a scalar */
  scale: Value;
}

/**
 * Fake quantization of a weight tensor whose last axis is the output channel, same formulae as `quantizeActivation`
 * per channel. A per-tensor quantizer has the same table entry in every channel; the sum of the channel gradients is
 * taken where the table is updated.
 */
export function quantizeWeights(b: GraphBuilder, w: Value, q: WeightQuantizer): Value {
  return b.within({ purpose: 'weight-quantization' }, () =>
    b.composite(
      [w, q.logStep, q.offset],
      () => b.channelFakeQuant(w, q),
      (dy) => {
        const { dw, logStep, offset } = b.channelFakeQuantGrad(dy, w, q);
        return [dw, b.mul(q.scale, logStep), b.mul(q.scale, offset)];
      },
    ),
  );
}

/** Quantizers with given steps and snapped offsets; no gradient. For evaluation and re-calibration. */
export function quantizeActivationFixed(b: GraphBuilder, x: Value, q: CodeGrid): Value {
  const [input, relu] = reluTakenAlong(x);
  return b.fakeQuant(input, q, relu);
}

export function quantizeWeightsFixed(b: GraphBuilder, w: Value, q: CodeGrid): Value {
  return b.channelFakeQuant(w, q);
}
