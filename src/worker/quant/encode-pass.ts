import type { Configuration } from '../../shared/schema/configuration.ts';
import type { Symmetry } from '../../shared/domain/form.ts';
import { isQuantized, layerByName, type LayerGraph } from '../../shared/domain/layer-graph.ts';
import { codeRange } from './code-range.ts';
import type { TableLayout } from './table-layout.ts';

/** Branches that only feed a residual Add stay at 8 bits. */
const BRANCH_BITS = 8;

/** The choice of one activation quantizer. */
export interface ActivationChoice {
  bits: number;
  symmetry: Symmetry;
}

/**
 * Index of the quantized layer whose result the tensor carries: for a branch, the convolution before its BN; the first
 * layer of the network where there is none before it.
 */
function producer(graph: LayerGraph, layout: TableLayout, tensor: string): number {
  let layer = layerByName(graph, tensor);
  while (!isQuantized(layer) && layer.inputs.length) layer = layerByName(graph, layer.inputs[0]);
  return Math.max(
    layout.facts.findIndex((facts) => facts.name === layer.name),
    0,
  );
}

/**
 * Bits and symmetry of each activation quantizer: those of the layers that read the tensor (which agree, see
 * `validateConfiguration`); for a residual branch 8 bits and the symmetry of the convolution that makes it.
 */
export function activationChoices(layout: TableLayout, configuration: Configuration): ActivationChoice[] {
  return layout.points.map(({ tensor, readers }) => {
    if (!readers.length)
      return { bits: BRANCH_BITS, symmetry: configuration.layers[producer(layout.graph, layout, tensor)].activationSymmetry };
    const { activationBits, activationSymmetry } = configuration.layers[readers[0]];
    return { bits: activationBits, symmetry: activationSymmetry };
  });
}

/** What one training pass is fed: which table entries it uses and the code ranges. C = sum of Cout, L layers, Q points. */
export interface PassFeeds {
  /** int32 [C + Q]: entries of the log step sizes, channel by channel, then point by point */
  stepIndex: Int32Array;
  /** int32 [C + Q]: entries of the offsets; 0 where symmetric */
  offsetIndex: Int32Array;
  /** float32 [L] each: smallest and largest code, gradient scale */
  weightLow: Float32Array;
  weightHigh: Float32Array;
  weightScale: Float32Array;
  /** float32 [Q] each */
  activationLow: Float32Array;
  activationHigh: Float32Array;
  activationScale: Float32Array;
  [feed: string]: Float32Array | Int32Array;
}

/**
 * @param batch images in the pass; the activations' gradient scale 1/sqrt(Qp * N) counts all their elements
 *   (eqnet-spec 1.4; per-channel weights use the elements of one output channel)
 */
export function encodePass(layout: TableLayout, configuration: Configuration, batch: number): PassFeeds {
  const { facts, points, channels } = layout;
  const feeds: PassFeeds = {
    stepIndex: new Int32Array(channels + points.length),
    offsetIndex: new Int32Array(channels + points.length),
    weightLow: new Float32Array(facts.length),
    weightHigh: new Float32Array(facts.length),
    weightScale: new Float32Array(facts.length),
    activationLow: new Float32Array(points.length),
    activationHigh: new Float32Array(points.length),
    activationScale: new Float32Array(points.length),
  };
  let at = 0;
  facts.forEach((layer, i) => {
    const { granularity, weightSymmetry, weightBits } = configuration.layers[i];
    const entry = layout.weightEntry(i, granularity, weightSymmetry, weightBits);
    const { low, high } = codeRange(weightBits, true);
    const perChannel = granularity === 'channel';
    for (let c = 0; c < layer.outputChannels; c++, at++) {
      feeds.stepIndex[at] = perChannel ? entry + c : entry;
      feeds.offsetIndex[at] = weightSymmetry === 'asymmetric' ? feeds.stepIndex[at] : 0;
    }
    feeds.weightLow[i] = low;
    feeds.weightHigh[i] = high;
    feeds.weightScale[i] = 1 / Math.sqrt((high * layer.weights) / (perChannel ? layer.outputChannels : 1));
  });
  activationChoices(layout, configuration).forEach(({ bits, symmetry }, q) => {
    const entry = layout.activationEntry(q, symmetry, bits);
    const { low, high } = codeRange(bits, layout.signed[q]);
    feeds.stepIndex[channels + q] = entry;
    feeds.offsetIndex[channels + q] = symmetry === 'asymmetric' ? entry : 0;
    feeds.activationLow[q] = low;
    feeds.activationHigh[q] = high;
    feeds.activationScale[q] = 1 / Math.sqrt(high * batch * layout.pointElements[q]);
  });
  return feeds;
}
