import type { BatchNormLayer, LayerGraph } from '../../shared/domain/layer-graph.ts';
import { quantizedLayers } from '../../shared/domain/layer-graph.ts';
import type { Configuration } from '../../shared/schema/configuration.ts';
import {
  biasFractionBits,
  foldChannel,
  integerBias,
  roundHalfEven,
  type IntegerActivation,
  type IntegerLayer,
  type IntegerView,
} from './integer-view.ts';
import type { TableLayout } from './table-layout.ts';
import type { IntegerQuantizer, SnappedQuantizers } from './tables.ts';

/** Re-calibrated statistics of one configuration: all BN layers one after the other, in network order. */
export interface BatchNormStatistics {
  mean: Float32Array;
  variance: Float32Array;
}

export type Parameters = ReadonlyMap<string, Float32Array>;

/** The batch normalization behind layer `name`, if any. */
export const batchNormBehind = ({ layers }: LayerGraph, name: string): BatchNormLayer | undefined =>
  layers.find((layer): layer is BatchNormLayer => layer.kind === 'batchnorm' && layer.inputs[0] === name);

/** What is known of a layer before its BN is folded. */
export type UnfoldedLayer = Omit<IntegerLayer, 'multiplier' | 'bias' | 'biasInt'>;

/**
 * Folds the BN behind a layer, if any: y = x * multiplier + bias, and the bias in its integer units.
 * @param statistics of the layer's outputs, its own bias included; one entry for each output channel
 */
export function foldLayer(
  { graph }: TableLayout,
  layer: UnfoldedLayer,
  inputStep: number,
  parameters: Parameters,
  statistics: BatchNormStatistics,
): IntegerLayer {
  const channels = layer.weightStep.length;
  const found = batchNormBehind(graph, layer.name);
  const own = parameters.get(`${layer.name}/bias`);
  let multiplier = new Float32Array(channels).fill(1);
  let bias = own ?? new Float32Array(channels);
  if (found) {
    const gamma = parameters.get(`${found.name}/gamma`)!;
    const beta = parameters.get(`${found.name}/beta`)!;
    const factor = gamma.map((g, c) => g / Math.sqrt(statistics.variance[c] + found.epsilon));
    multiplier = factor;
    bias = beta.map((shift, c) => shift + ((own?.[c] ?? 0) - statistics.mean[c]) * factor[c]);
  }
  const folded = { ...layer, multiplier, bias };
  return { ...folded, biasInt: integerBias(folded, inputStep) };
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
  // A loop: `from` goes through an iterator, at a multiple of the time.
  const codes = new Int8Array(weights.length);
  for (let start = 0; start < weights.length; start += channels)
    for (let c = 0; c < channels; c++) codes[start + c] = integerCode(weights[start + c], steps[c], offsets[c], low, high);
  return codes;
}

/** Offsets that stand for the zero points: -step * z, float32. */
export function offsetsOf(steps: Float32Array, zeroPoints: Int32Array): Float32Array {
  return Float32Array.from(steps, (step, c) => (zeroPoints[c] === 0 ? 0 : -step * zeroPoints[c]));
}

/** The activation quantizers of one configuration. */
export function integerActivations(layout: TableLayout, { activations }: SnappedQuantizers): IntegerActivation[] {
  return layout.points.map(({ tensor }, q) => {
    const { bits, low, high, steps, zeroPoints } = activations[q];
    return { tensor, bits, signed: layout.signed[q], step: steps[0], zeroPoint: zeroPoints[0], qn: low, qp: high };
  });
}

/** The weight codes of one configuration, BN not folded yet; in network order. */
export function unfoldedLayers(
  layout: TableLayout,
  configuration: Configuration,
  { weights }: SnappedQuantizers,
  codes: WeightCodes,
): UnfoldedLayer[] {
  return quantizedLayers(layout.graph).map(({ name, inputs: [input] }, i) => {
    const { low, high, steps, zeroPoints, bits } = weights[i];
    const { granularity, weightSymmetry } = configuration.layers[i];
    return {
      name,
      weightBits: bits,
      codes: codes.of(name, `${granularity}/${weightSymmetry}/${bits}`, weights[i]),
      weightStep: steps,
      weightZeroPoint: zeroPoints,
      qn: low,
      qp: high,
      granularity,
      input,
    };
  });
}

/** Step of the quantizer that each layer reads, by the tensor's name. */
export const stepsByTensor = (activations: readonly IntegerActivation[]): ReadonlyMap<string, number> =>
  new Map(activations.map(({ tensor, step }) => [tensor, step]));

/** Memory for weight codes that are kept, bytes. */
const CODES_LIMIT = 128 * 2 ** 20;

/** Weight codes of a trained network, kept for every quantizer that was asked for: configurations share them. */
export class WeightCodes {
  private readonly known = new Map<string, Int8Array>();
  private bytes = 0;

  constructor(private readonly parameters: Parameters) {}

  /** @param quantizer names it among those of the layer @returns HWIO or [in, out]; not to be changed */
  of(layer: string, quantizer: string, { steps, zeroPoints, low, high }: IntegerQuantizer): Int8Array {
    const key = `${layer}/${quantizer}`;
    let codes = this.known.get(key);
    if (!codes) {
      codes = integerCodes(this.parameters.get(`${layer}/weights`)!, steps.length, steps, zeroPoints, low, high);
      if (this.bytes + codes.length > CODES_LIMIT) {
        this.known.clear();
        this.bytes = 0;
      }
      this.known.set(key, codes);
      this.bytes += codes.length;
    }
    return codes;
  }
}

/**
 * The integers of one configuration: weight codes, zero points, folded BN and int32 biases. What is evaluated, costed
 * and exported is this (one definition of a quantized layer).
 * @param codes kept ones, where several configurations are looked at
 */
export function integerView(
  layout: TableLayout,
  configuration: Configuration,
  quantizers: SnappedQuantizers,
  parameters: Parameters,
  statistics: BatchNormStatistics,
  codes = new WeightCodes(parameters),
): IntegerView {
  const { graph } = layout;
  const activations = integerActivations(layout, quantizers);
  const steps = stepsByTensor(activations);
  let start = 0;
  const spans = new Map(
    graph.layers.flatMap((layer) => {
      if (layer.kind !== 'batchnorm') return [];
      const from = start;
      start += parameters.get(`${layer.name}/gamma`)!.length;
      return [[layer.name, [from, start]] as const];
    }),
  );
  const layers = unfoldedLayers(layout, configuration, quantizers, codes).map((layer) => {
    const [from, to] = spans.get(batchNormBehind(graph, layer.name)?.name ?? '') ?? [0, 0];
    const own = { mean: statistics.mean.subarray(from, to), variance: statistics.variance.subarray(from, to) };
    return foldLayer(layout, layer, steps.get(layer.input)!, parameters, own);
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

/** Multiplier and bias of each output channel of a folded layer; a dead channel is only its bias. */
export function foldedAffine(layer: IntegerLayer, inputStep: number): { multiplier: Float32Array; bias: Float32Array } {
  const channels = Array.from(layer.multiplier, (multiplier, c) =>
    foldChannel(layer.weightStep[c], layer.weightBits, multiplier, layer.bias[c], inputStep),
  );
  return {
    multiplier: layer.multiplier.map((multiplier, c) => (channels[c].dead ? 0 : multiplier)),
    bias: Float32Array.from(channels, ({ unit }, c) => layer.biasInt[c] * unit),
  };
}

/** Multipliers and biases of an integer view as the evaluation graph takes them. */
export function foldedFeeds(layout: TableLayout, view: IntegerView): { multiplier: Float32Array; bias: Float32Array } {
  const feeds = { multiplier: new Float32Array(layout.channels), bias: new Float32Array(layout.channels) };
  const steps = stepsByTensor(view.activations);
  let at = 0;
  for (const layer of view.layers) {
    const { multiplier, bias } = foldedAffine(layer, steps.get(layer.input)!);
    feeds.multiplier.set(multiplier, at);
    feeds.bias.set(bias, at);
    at += bias.length;
  }
  return feeds;
}
