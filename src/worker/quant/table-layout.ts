import { MAX_BITS, MIN_BITS, type Granularity, type Symmetry } from '../../shared/domain/form.ts';
import {
  inferShapes,
  layerFacts,
  quantizationPoints,
  type LayerFacts,
  type LayerGraph,
  type QuantizationPoint,
} from '../../shared/domain/layer-graph.ts';
import { isSigned } from './signedness.ts';

const BIT_COUNT = MAX_BITS - MIN_BITS + 1;

/**
 * Where every step size and offset of the network lies in two flat tables (log step sizes and offsets, float32 [size]).
 * For each layer and bit-width: per-channel symmetric and asymmetric (Cout entries each), per-tensor symmetric and
 * asymmetric (one entry each); for each activation quantizer: symmetric and asymmetric. Entry 0 is a dummy that stays 0:
 * symmetric quantizers take their offset from it.
 */
export class TableLayout {
  readonly facts: readonly LayerFacts[];
  readonly points: readonly QuantizationPoint[];
  /** Whether each activation quantizer has signed codes. */
  readonly signed: readonly boolean[];
  /** Elements of each quantized tensor, for one image. */
  readonly pointElements: readonly number[];
  readonly size: number;
  /** Sum of the output channels of all quantized layers. */
  readonly channels: number;
  private readonly weightBases: Map<string, number>[] = [];
  private readonly activationBases: Map<string, number>[] = [];

  constructor(readonly graph: LayerGraph) {
    this.facts = layerFacts(graph);
    this.points = quantizationPoints(graph);
    this.signed = this.points.map((point) => isSigned(graph, point.tensor));
    const shapes = inferShapes(graph);
    this.pointElements = this.points.map((point) => shapes.get(point.tensor)!.reduce((a, b) => a * b, 1));
    let next = 1;
    for (const layer of this.facts) {
      const bases = new Map<string, number>();
      for (const granularity of ['channel', 'tensor'] as const)
        for (const symmetry of ['symmetric', 'asymmetric'] as const) {
          bases.set(granularity + symmetry, next);
          next += BIT_COUNT * (granularity === 'channel' ? layer.outputChannels : 1);
        }
      this.weightBases.push(bases);
    }
    for (let i = 0; i < this.points.length; i++) {
      const bases = new Map<string, number>();
      for (const symmetry of ['symmetric', 'asymmetric'] as const) {
        bases.set(symmetry, next);
        next += BIT_COUNT;
      }
      this.activationBases.push(bases);
    }
    this.size = next;
    this.channels = this.facts.reduce((sum, layer) => sum + layer.outputChannels, 0);
  }

  /** First entry of a weight quantizer; per-channel ones hold Cout consecutive entries. */
  weightEntry(layer: number, granularity: Granularity, symmetry: Symmetry, bits: number): number {
    const width = granularity === 'channel' ? this.facts[layer].outputChannels : 1;
    return this.weightBases[layer].get(granularity + symmetry)! + (bits - MIN_BITS) * width;
  }

  /** Entry of an activation quantizer. */
  activationEntry(point: number, symmetry: Symmetry, bits: number): number {
    return this.activationBases[point].get(symmetry)! + (bits - MIN_BITS);
  }
}

/** Whether there are BN statistics to re-estimate; networks of exporters that fold BN into the convolutions have none. */
export const hasStatistics = ({ graph }: TableLayout): boolean => graph.layers.some(({ kind }) => kind === 'batchnorm');
