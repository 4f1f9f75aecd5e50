import { inferShapes, quantizedLayers, type LayerGraph, type QuantizedLayer } from '../../shared/domain/layer-graph.ts';
import { GraphBuilder } from '../engine/builder.ts';
import type { Value, Variable } from '../engine/graph.ts';
import type { ForwardHooks } from '../models/forward.ts';
import { parameterSpecs } from '../models/parameters.ts';
import type { TableLayout } from '../quant/table-layout.ts';

/** Names of the functions that a run's program has. */
export const functionNames = {
  /** images, labels, rate, beta1Power, beta2Power -> loss */
  floatStep: 'float-step',
  /** images -> logits, with running BN statistics */
  floatEvaluate: 'float-evaluate',
  /** one of H, R, L into the gradient accumulators: images, labels, teacher, lambda, PassFeeds -> loss, crossEntropy, divergence, logits */
  pass: 'pass',
  /** WDR, clip, Adam and the masked table update; empties the accumulators */
  apply: 'apply',
  /** moments of every weight tensor, without changing anything */
  moments: 'moments',
  /** images, FixedFeeds, biasUnit -> mean, variance of every BN input, one vector each */
  recalibrate: (images: number) => `recalibrate-${images}`,
  /** images, FixedFeeds, multiplier, bias -> logits of the folded integer net */
  evaluate: 'evaluate',
  /** images, FixedFeeds -> point-<q>: the tensor in front of each activation quantizer */
  probe: 'probe',
} as const;

export const TABLE_NAMES = { steps: 'tables/log-steps', offsets: 'tables/offsets' } as const;
const ADAM = { m: (name: string) => `adam/m/${name}`, v: (name: string) => `adam/v/${name}` };

export interface TrainingOptions {
  /** the elastic passes take every BN as the float net has it, and leave it so */
  freezeBn?: boolean;
  /** gradients compute the forward pass again instead of keeping it: see `withRecomputation` */
  checkpointing?: boolean;
}

/** What the functions of a program share: the builder, the network's variables, and hooks of its forward pass. */
export class ProgramScope {
  readonly b = new GraphBuilder();
  private readonly parameters = new Map<string, Variable>();
  readonly trainable: Variable[] = [];
  private readonly image: readonly number[];
  readonly layers: readonly QuantizedLayer[];
  readonly channelCounts: number[];

  readonly freezeBn: boolean;
  readonly checkpointing: boolean;

  constructor(
    readonly layout: TableLayout,
    { freezeBn = false, checkpointing = false }: TrainingOptions = {},
  ) {
    this.freezeBn = freezeBn;
    this.checkpointing = checkpointing;
    const { graph } = layout;
    this.image = inferShapes(graph).get(graph.layers[0].name)!;
    this.layers = quantizedLayers(graph);
    this.channelCounts = layout.facts.map((facts) => facts.outputChannels);
    for (const spec of parameterSpecs(graph)) {
      const variable = this.b.variable(spec.name, spec.shape);
      this.parameters.set(spec.name, variable);
      if (spec.trainable) this.trainable.push(variable);
    }
  }

  /** What elastic training changes, besides the tables. */
  get elastic(): Variable[] {
    return this.freezeBn ? this.trainable.filter(({ name }) => !/\/(gamma|beta)$/.test(name)) : this.trainable;
  }

  get graph(): LayerGraph {
    return this.layout.graph;
  }

  parameter(name: string): Variable {
    return this.parameters.get(name)!;
  }

  images(batch: number): Value {
    return this.b.feed('images', [batch, ...this.image]);
  }

  readonly plainBias: ForwardHooks['bias'] = (layer) => (layer.bias ? this.b.read(this.parameter(`${layer.name}/bias`)) : null);

  /** BN with batch statistics; hands them to `use`. */
  trainingBatchNorm(use: (layer: string, mean: Value, variance: Value) => void): ForwardHooks['batchNorm'] {
    const { b } = this;
    return (layer, x) => {
      const { y, mean, variance } = b.batchNormTrain(
        x,
        b.read(this.parameter(`${layer.name}/gamma`)),
        b.read(this.parameter(`${layer.name}/beta`)),
        layer.epsilon,
      );
      use(layer.name, mean, variance);
      return y;
    };
  }

  /** BN with the running statistics of the float net. */
  readonly runningBatchNorm: ForwardHooks['batchNorm'] = (layer, x) => {
    const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map((part) =>
      this.b.read(this.parameter(`${layer.name}/${part}`)),
    );
    return this.b.batchNormInference(x, gamma, beta, mean, variance, layer.epsilon);
  };

  adamState(variable: Variable): { variable: Variable; momentum: Variable; velocity: Variable } {
    return {
      variable,
      momentum: this.b.variable(ADAM.m(variable.name), variable.shape),
      velocity: this.b.variable(ADAM.v(variable.name), variable.shape),
    };
  }

  tables(): { steps: Variable; offsets: Variable } {
    const { b, layout } = this;
    return { steps: b.variable(TABLE_NAMES.steps, [layout.size]), offsets: b.variable(TABLE_NAMES.offsets, [layout.size]) };
  }

  accumulator(name: string, shape: readonly number[]): Variable {
    return this.b.variable(`accumulator/${name}`, shape);
  }
}
