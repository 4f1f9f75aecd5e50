import type { Value } from '../engine/graph.ts';
import { forward, type ForwardHooks } from '../models/forward.ts';
import { quantizeActivationFixed, quantizeWeightsFixed } from '../ops/fake-quant.ts';
import { functionNames, type ProgramScope } from './program-scope.ts';

/** Weights and activations on the integer grid of one configuration, its steps and snapped offsets fed. */
function fixedHooks(scope: ProgramScope, weights: (i: number, quantized: Value) => Value): Pick<ForwardHooks, 'activation' | 'weights'> {
  const { b, layout } = scope;
  const { channels } = layout;
  const quantizers = layout.points.length;
  const perChannel = (name: string) => b.split(b.feed(name, [channels]), scope.channelCounts);
  const [steps, offsets] = [perChannel('weightSteps'), perChannel('weightOffsets')];
  const [weightLow, weightHigh] = ['weightLow', 'weightHigh'].map((name) => b.unpack(b.feed(name, [scope.layers.length])));
  const scalars = (name: string) => b.unpack(b.feed(name, [quantizers]));
  const [activationSteps, activationOffsets, lows, highs] = ['Steps', 'Offsets', 'Low', 'High'].map((part) => scalars(`activation${part}`));
  return {
    activation: (q, x) =>
      quantizeActivationFixed(b, x, { step: activationSteps[q], offset: activationOffsets[q], low: lows[q], high: highs[q] }),
    weights: (layer, i) =>
      weights(
        i,
        quantizeWeightsFixed(b, b.read(scope.parameter(`${layer.name}/weights`)), {
          step: steps[i],
          offset: offsets[i],
          low: weightLow[i],
          high: weightHigh[i],
        }),
      ),
  };
}

/**
 * BN statistics from one batch. Every layer passes on exactly what the folded integer net will compute, its bias
 * rounded to the accumulator's unit: statistics of a layer must come from the inputs that it will really get.
 */
export function recalibrate(scope: ProgramScope, batch: number): void {
  const { b } = scope;
  b.function(functionNames.recalibrate(batch), () => {
    const means: Value[] = [];
    const variances: Value[] = [];
    const units = new Map(scope.layers.map((layer, i) => [layer.name, i]));
    const folded = new Set(scope.graph.layers.flatMap((layer) => (layer.kind === 'batchnorm' ? layer.inputs : [])));
    /** A bias in whole units. A dead channel has no unit of its own; its bias keeps 24 bits, as in `foldChannel`. */
    const rounded = (bias: Value, exact: Value): Value => {
      const unit = b.maximum(exact, b.plus(b.mul(b.abs(bias), b.scalar(2 ** -24)), b.scalar(2 ** -100)));
      return b.mul(b.rint(b.div(bias, unit)), unit);
    };
    const perChannel = b.split(b.feed('biasUnit', [scope.layout.channels]), scope.channelCounts);
    forward(b, scope.graph, scope.images(batch), {
      ...fixedHooks(scope, (_, w) => w),
      // A convolution in front of a BN gets its bias there.
      bias: (layer, i) => {
        const own = scope.plainBias(layer, i);
        return own && !folded.has(layer.name) ? rounded(own, perChannel[i]) : null;
      },
      batchNorm: (layer, x) => {
        const index = units.get(layer.inputs[0])!;
        const own = scope.plainBias(scope.layers[index], index);
        const [gamma, beta] = ['gamma', 'beta'].map((part) => b.read(scope.parameter(`${layer.name}/${part}`)));
        const { mean, variance } = b.batchNormTrain(x, gamma, beta, layer.epsilon);
        means.push(own ? b.plus(mean, own) : mean);
        variances.push(variance);
        const multiplier = b.div(gamma, b.sqrt(b.plus(variance, b.scalar(layer.epsilon))));
        const bias = b.sub(beta, b.mul(mean, multiplier));
        return b.biasAdd(b.mul(x, multiplier), rounded(bias, b.mul(perChannel[index], b.abs(multiplier))));
      },
    });
    return { mean: b.concat(means), variance: b.concat(variances) };
  });
}

/** The tensor in front of every activation quantizer, the layers before it quantized; for calibration. */
export function probe(scope: ProgramScope, batch: number): void {
  const { b } = scope;
  b.function(functionNames.probe, () => {
    const seen: Record<string, Value> = {};
    const fixed = fixedHooks(scope, (_, w) => w);
    forward(b, scope.graph, scope.images(batch), {
      ...fixed,
      activation: (q, x) => {
        seen[`point-${q}`] = x;
        return fixed.activation(q, x);
      },
      bias: scope.plainBias,
      batchNorm: scope.trainingBatchNorm(() => undefined),
    });
    return seen;
  });
}

/** Logits of the folded integer net. */
export function evaluate(scope: ProgramScope, batch: number): void {
  const { b } = scope;
  b.function(functionNames.evaluate, () => {
    const multipliers = b.split(b.feed('multiplier', [scope.layout.channels]), scope.channelCounts);
    const biases = b.split(b.feed('bias', [scope.layout.channels]), scope.channelCounts);
    const logits = forward(b, scope.graph, scope.images(batch), {
      ...fixedHooks(scope, (i, w) => b.mul(w, multipliers[i])),
      bias: (_, i) => biases[i],
      batchNorm: (_, x) => x,
    });
    return { logits };
  });
}
