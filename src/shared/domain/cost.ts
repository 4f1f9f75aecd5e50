import type { Costs } from '../contract/job-protocol.ts';
import type { Configuration, LayerConfiguration } from '../schema/configuration.ts';
import { averageBits, layersInOrder, type AverageBits } from './configuration.ts';
import type { LayerFacts } from './layer-graph.ts';

/** `packed`: every weight takes its own bits; `runtime`: every weight lies in an 8-bit container, as runtimes need it. */
export type Container = 'packed' | 'runtime';

const FLOAT_BITS = 32;
const BIAS_BITS = 32;
const SCALE_BITS = 32;
const CONTAINER_BITS = 8;

/** Costs of one layer. Names that end in Bits or Bytes carry that unit; MACs and BitOps are those of one image. */
export interface LayerCost {
  name: string;
  macs: number;
  /** MACs x weight bits x activation bits. */
  bitOps: number;
  /** Weights x weight bits. */
  weightBits: number;
  /** float32 scales of the weights: one, or one for each output channel. */
  scaleBits: number;
  /** Zero points of asymmetric weights, each as wide as a weight. */
  zeroPointBits: number;
  /** int32 biases, one for each output channel (a folded BN gives every layer a bias). */
  biasBits: number;
  /** Weights alone in each container, rounded up to whole bytes. */
  containerBytes: Readonly<Record<Container, number>>;
  /** Packed weights + scales + zero points + biases, weights and zero points rounded up to whole bytes. */
  sizeBytes: number;
  /** The same in 8-bit containers. */
  runtimeBytes: number;
  /** Weights and biases as float32. */
  floatBytes: number;
}

export interface ConfigurationCost {
  layers: LayerCost[];
  total: Omit<LayerCost, 'name'>;
  /** Over the free layers. */
  averageBits: AverageBits;
  /** Bits for each weight with scales, zero points and biases counted in, all layers. */
  bitsPerWeight: number;
  /** sqrt(BitOps / MACs): the uniform bit-width that costs as many BitOps. */
  equivalentBits: number;
  /** See `compressionRatio`. */
  compression: number;
}

/**
 * Costs of one layer. Every output channel has a scale of its own in both granularities, because a folded BN multiplies
 * each channel; per-tensor weights save zero points only. The scale and zero point of the activations (one each for a
 * tensor) are not counted: a few bytes for a whole network.
 */
export function layerCost(layer: LayerConfiguration, facts: LayerFacts): LayerCost {
  const groups = layer.granularity === 'channel' ? facts.outputChannels : 1;
  const zeroPoints = layer.weightSymmetry === 'asymmetric' ? groups : 0;
  const weightBits = facts.weights * layer.weightBits;
  const scaleBits = facts.outputChannels * SCALE_BITS;
  const zeroPointBits = zeroPoints * layer.weightBits;
  const biasBits = facts.outputChannels * BIAS_BITS;
  const containerBytes = { packed: Math.ceil(weightBits / 8), runtime: (facts.weights * CONTAINER_BITS) / 8 };
  const parameterBytes = (scaleBits + biasBits) / 8;
  return {
    name: layer.name,
    macs: facts.macs,
    bitOps: facts.macs * layer.weightBits * layer.activationBits,
    weightBits,
    scaleBits,
    zeroPointBits,
    biasBits,
    containerBytes,
    sizeBytes: containerBytes.packed + Math.ceil(zeroPointBits / 8) + parameterBytes,
    runtimeBytes: containerBytes.runtime + (zeroPoints * CONTAINER_BITS) / 8 + parameterBytes,
    floatBytes: (facts.weights * FLOAT_BITS + biasBits) / 8,
  };
}

/**
 * Compression of the weights against float32: `32 * sum(N_l) / sum(N_l * b_l)` over all quantized layers, the first and
 * last at their 8 bits; scales, zero points and biases left out. This is the rule behind the paper's 14.11 and 12.88
 * (eqnet-spec section 7.1).
 */
export function compressionRatio(configuration: Configuration, facts: readonly LayerFacts[]): number {
  const layers = layersInOrder(configuration, facts);
  const weights = facts.reduce((sum, fact) => sum + fact.weights, 0);
  const bits = facts.reduce((sum, fact, index) => sum + fact.weights * layers[index].weightBits, 0);
  return (FLOAT_BITS * weights) / bits;
}

/** All costs of a configuration, for each layer and in total. */
export function configurationCost(configuration: Configuration, facts: readonly LayerFacts[]): ConfigurationCost {
  const layers = layersInOrder(configuration, facts).map((layer, index) => layerCost(layer, facts[index]));
  const sum = (value: (layer: LayerCost) => number) => layers.reduce((total, layer) => total + value(layer), 0);
  const total = {
    macs: sum((layer) => layer.macs),
    bitOps: sum((layer) => layer.bitOps),
    weightBits: sum((layer) => layer.weightBits),
    scaleBits: sum((layer) => layer.scaleBits),
    zeroPointBits: sum((layer) => layer.zeroPointBits),
    biasBits: sum((layer) => layer.biasBits),
    containerBytes: { packed: sum((layer) => layer.containerBytes.packed), runtime: sum((layer) => layer.containerBytes.runtime) },
    sizeBytes: sum((layer) => layer.sizeBytes),
    runtimeBytes: sum((layer) => layer.runtimeBytes),
    floatBytes: sum((layer) => layer.floatBytes),
  };
  const weights = facts.reduce((count, fact) => count + fact.weights, 0);
  return {
    layers,
    total,
    averageBits: averageBits(configuration, facts),
    bitsPerWeight: (total.weightBits + total.scaleBits + total.zeroPointBits + total.biasBits) / weights,
    equivalentBits: Math.sqrt(total.bitOps / total.macs),
    compression: compressionRatio(configuration, facts),
  };
}

/** The costs that go with every accuracy: BitOps, packed size in bytes, average bits. */
export function costsOf(configuration: Configuration, facts: readonly LayerFacts[]): Costs {
  const average = averageBits(configuration, facts);
  let [bitops, sizeBytes] = [0, 0];
  layersInOrder(configuration, facts).forEach((layer, index) => {
    const cost = layerCost(layer, facts[index]);
    bitops += cost.bitOps;
    sizeBytes += cost.sizeBytes;
  });
  return { bitops, sizeBytes, averageWeightBits: average.weights, averageActivationBits: average.activations };
}
