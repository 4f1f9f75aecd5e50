/** What `eqnet profile` measures: where the time of one elastic training step goes. */

/** Kinds of work in the order in which they are listed. */
export const PROFILE_KINDS = [
  'convolution',
  'depthwise',
  'matmul',
  'normalization',
  'activation-quantization',
  'weight-quantization',
  'pooling',
  'elementwise',
  'loss',
  'update',
  'dispatch',
] as const;
export type ProfileKind = (typeof PROFILE_KINDS)[number];

/** Repetitions when nobody says how many, and the most that are taken. */
export const PROFILE_REPEAT = 5;
export const MAX_PROFILE_REPEAT = 1000;

/** Times are milliseconds, the least of `repeat` repetitions after a warm-up. */
export interface StepProfile {
  network: { name: string; parameters: number; image: number[]; classes: number };
  batch: number;
  repeat: number;
  /** `fused`: computes with the program's own ops, which take fake quantization into batch normalization */
  engine: { executor: 'session' | 'portable'; version: string; threads: number; fused: boolean };
  /** one elastic step as training does it */
  step: { milliseconds: number; passes: { role: 'highest' | 'random' | 'lowest'; milliseconds: number }[]; update: number };
  /** one float step of the same batch; `ratio`: the elastic step over as many of these as it has passes */
  float: { milliseconds: number; ratio: number };
  /**
   * the passes once more, op by op, and the update of the step: `milliseconds` is what the kinds add up to. The step is
   * faster where independent ops overlap in it, and slower where dispatching them takes longer
   */
  ops: { milliseconds: number; count: number; stepLess: number };
  /** kinds that the step has, each with its share of `ops.milliseconds` */
  kinds: { kind: ProfileKind; milliseconds: number; share: number; ops: number }[];
  /** share of `ops.milliseconds` that fake quantization takes, of weights and activations */
  quantizationShare: number;
  /** layers that take any time, in the order of the network */
  layers: ProfileLayer[];
  /** bytes of the computing process: before the program was loaded, the most until the last step, and what was expected of it */
  memory: { before: number; peak: number; estimated: number };
}

export interface ProfileLayer {
  name: string;
  /** of the layer graph: conv, batchnorm, add, ... */
  kind: string;
  forward: number;
  backward: number;
  /** of both: fake quantization of its weights, and of its result */
  quantization: number;
  milliseconds: number;
  share: number;
}
