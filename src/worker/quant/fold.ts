import type { BatchNormLayer, LayerGraph } from '../../shared/domain/layer-graph.ts';
import { quantizedLayers } from '../../shared/domain/layer-graph.ts';
import type { Configuration } from '../../shared/schema/configuration.ts';
import { biasFractionBits, foldChannel, integerBias, roundHalfEven, type IntegerLayer, type IntegerView } from './integer-view.ts';
import type { TableLayout } from './table-layout.ts';
import type { SnappedQuantizers } from './tables.ts';

/** Re-calibrated statistics of one configuration: all BN layers one after the other, in network order. */
export interface BatchNormStatistics {
  mean: Float32Array;
  variance: Float32Array;
}

export type Parameters = ReadonlyMap<string, Float32Array>;

/** BN of layer `name` as y = x * multiplier + bias; identity where no BN follows. */
function affineOf(graph: LayerGraph, name: string, channels: number, parameters: Parameters, statistics: BatchNormStatistics) {
  let start = 0;
  let found: BatchNormLayer | undefined;
  for (const layer of graph.layers) {
    if (layer.kind !== 'batchnorm') continue;
    if (layer.inputs[0] === name) {
      found = layer;
      break;
    }
    start += parameters.get(`${layer.name}/gamma`)!.length;
  }
  const own = parameters.get(`${name}/bias`);
  if (!found) return { multiplier: new Float32Array(channels).fill(1), bias: own ?? new Float32Array(channels) };
  const { epsilon, name: bn } = found;
  const gamma = parameters.get(`${bn}/gamma`)!;
  const beta = parameters.get(`${bn}/beta`)!;
  const multiplier = Float32Array.from(gamma, (g, c) => g / Math.sqrt(statistics.variance[start + c] + epsilon));
  const bias = Float32Array.from(beta, (shift, c) => shift + ((own?.[c] ?? 0) - statistics.mean[start + c]) * multiplier[c]);
  return { multiplier, bias };
}

/** The code of a value, in float32 exactly as the evaluation graph computes it: rint(clip((x - offset) / step)), the zero point within the offset. */
export function integerCode(value: number, step: number, offset: number, low: number, high: number): number {
  const ratio = Math.fround(Math.fround(value - offset) / step);
  return roundHalfEven(Math.min(Math.max(ratio, low), high));
}

function integerCodes(
  weights: Float32Array,
  channels: number,
  steps: Float32Array,
  zeroPoints: Int32Array,
  low: number,
  high: number,
): Int8Array {
  const offsets = offsetsOf(steps, zeroPoints);
  return Int8Array.from(weights, (w, i) => {
    const c = i % channels;
    return integerCode(w, steps[c], offsets[c], low, high);
  });
}

/** Offsets that stand for the zero points: -step * z, float32. */
export function offsetsOf(steps: Float32Array, zeroPoints: Int32Array): Float32Array {
  return Float32Array.from(steps, (step, c) => (zeroPoints[c] === 0 ? 0 : -step * zeroPoints[c]));
}

/**
 * The integers of one configuration: weight codes, zero points, folded BN and int32 biases. What is evaluated, costed
 * and exported is this (one definition of a quantized layer).
 */
export function integerView(
  layout: TableLayout,
  configuration: Configuration,
  quantizers: SnappedQuantizers,
  parameters: Parameters,
  statistics: BatchNormStatistics,
): IntegerView {
  const { graph } = layout;
  const activations = layout.points.map(({ tensor }, q) => {
    const { bits, low, high, steps, zeroPoints } = quantizers.activations[q];
    return { tensor, bits, signed: layout.signed[q], step: steps[0], zeroPoint: zeroPoints[0], qn: low, qp: high };
  });
  const inputSteps = new Map(activations.map((activation) => [activation.tensor, activation.step]));
  const layers = quantizedLayers(graph).map((layer, i): IntegerLayer => {
    const channels = layout.facts[i].outputChannels;
    const { low, high, steps, zeroPoints, bits } = quantizers.weights[i];
    const { multiplier, bias } = affineOf(graph, layer.name, channels, parameters, statistics);
    const codes = integerCodes(parameters.get(`${layer.name}/weights`)!, channels, steps, zeroPoints, low, high);
    const [input] = layer.inputs;
    const view = {
      name: layer.name,
      weightBits: bits,
      codes,
      weightStep: steps,
      weightZeroPoint: zeroPoints,
      qn: low,
      qp: high,
      granularity: configuration.layers[i].granularity,
      input,
      multiplier,
      bias,
    };
    return { ...view, biasInt: integerBias(view, inputSteps.get(input)!) };
  });
  return { graph, configuration, layers, activations };
}

/** Feeds of the functions that work on the grid of one configuration. */
export function fixedFeeds(layout: TableLayout, { weights, activations }: SnappedQuantizers): Record<string, Float32Array | Int32Array> {
  const join = (parts: readonly Float32Array[]) => {
    const all = new Float32Array(layout.channels);
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  };
  return {
    weightSteps: join(weights.map((q) => q.steps)),
    weightOffsets: join(weights.map((q) => offsetsOf(q.steps, q.zeroPoints))),
    weightLow: Float32Array.from(weights, (q) => q.low),
    weightHigh: Float32Array.from(weights, (q) => q.high),
    activationLow: Float32Array.from(activations, (q) => q.low),
    activationHigh: Float32Array.from(activations, (q) => q.high),
    activationSteps: Float32Array.from(activations, (q) => q.steps[0]),
    activationOffsets: Float32Array.from(activations, (q) => offsetsOf(q.steps, q.zeroPoints)[0]),
  };
}

/** Value of one bias unit of every output channel before the BN: input step * weight step * 2^-f. */
export function biasUnits(layout: TableLayout, { weights, activations }: SnappedQuantizers): Float32Array {
  const steps = new Map(layout.points.map(({ tensor }, q) => [tensor, activations[q].steps[0]]));
  return Float32Array.from(
    quantizedLayers(layout.graph).flatMap((layer, i) => {
      const factor = steps.get(layer.inputs[0])! / 2 ** biasFractionBits(weights[i].bits);
      return Array.from(weights[i].steps, (step) => step * factor);
    }),
  );
}

/** Multipliers and biases of an integer view as the evaluation graph takes them. */
export function foldedFeeds(layout: TableLayout, view: IntegerView): { multiplier: Float32Array; bias: Float32Array } {
  const multiplier = new Float32Array(layout.channels);
  const bias = new Float32Array(layout.channels);
  const inputSteps = new Map(view.activations.map((activation) => [activation.tensor, activation.step]));
  let at = 0;
  for (const layer of view.layers) {
    const inputStep = inputSteps.get(layer.input)!;
    for (let c = 0; c < layer.multiplier.length; c++, at++) {
      const { unit, dead } = foldChannel(layer.weightStep[c], layer.weightBits, layer.multiplier[c], layer.bias[c], inputStep);
      multiplier[at] = dead ? 0 : layer.multiplier[c];
      bias[at] = layer.biasInt[c] * unit;
    }
  }
  return { multiplier, bias };
}
