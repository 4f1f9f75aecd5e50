import type { Configuration } from '../../shared/schema/configuration.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import type { Executor } from '../engine/executor.ts';
import type { HostArray } from '../engine/graph.ts';
import { encodePass } from '../quant/encode-pass.ts';
import type { TableLayout } from '../quant/table-layout.ts';
import { functionNames } from './program-scope.ts';
import { cosineRate } from './schedule.ts';
import { drawSubnet, stepRoles, type SubnetRole } from './subnets.ts';

/** What one step learns from. */
export interface Batch {
  /** NHWC, float32 in [0, 1] */
  images: Float32Array;
  labels: Int32Array;
  /** probabilities of the classes, [batch, classes]; those of a blend of two images have two entries */
  targets: Float32Array;
}

const scalar = (value: number) => Float32Array.of(value);

/** beta^t of Adam's bias correction; `step` counts from 0. */
const powers = (step: number) => ({ beta1Power: scalar(0.9 ** (step + 1)), beta2Power: scalar(0.999 ** (step + 1)) });

/** One step of float training. @returns the cross-entropy */
export async function floatStep(executor: Executor, recipe: Recipe, batch: Batch, step: number, total: number): Promise<number> {
  const rate = scalar(cosineRate(recipe.pretrain.learningRate, step, total));
  const { loss } = await executor.run(functionNames.floatStep, {
    images: batch.images,
    labels: batch.targets,
    rate,
    ...powers(step),
  });
  return loss[0];
}

export interface PassRecord {
  role: SubnetRole;
  configuration: Configuration;
  /** what the pass minimises, and its parts */
  loss: number;
  crossEntropy: number;
  divergence: number;
  /** wall time of the forward and backward pass */
  milliseconds: number;
}

export interface StepRecord {
  passes: PassRecord[];
  wdrLoss: number;
  skewness: Float32Array;
  kurtosis: Float32Array;
  rate: number;
  /** wall time of WDR, clip and the optimizer step */
  updateMilliseconds: number;
}

/**
 * One elastic step (EQ-Net section 3): passes H, R, ..., L, each guided by the one before it, gradients accumulated, then
 * WDR, clip and one optimizer step.
 * @param between called before each native call, so that a caller can answer messages; may throw to give the step up,
 *   which changes nothing but the gradient accumulators (no checkpoint holds them; a restored one starts with zeros)
 */
export async function elasticStep(
  executor: Executor,
  layout: TableLayout,
  recipe: Recipe,
  batch: Batch,
  step: number,
  total: number,
  between: () => Promise<void> = async () => undefined,
): Promise<StepRecord> {
  const { supernet, space, seed } = recipe;
  let teacher: HostArray = new Float32Array(batch.targets.length);
  const passes: PassRecord[] = [];
  for (const [pass, role] of stepRoles(supernet.randomSubnets).entries()) {
    await between();
    const configuration = drawSubnet(layout, space, supernet.forms, role, seed, step, pass);
    const lambda = scalar(pass > 0 && supernet.gpg.enabled ? supernet.gpg.lambda : 0);
    const feeds = {
      images: batch.images,
      labels: batch.targets,
      teacher,
      lambda,
      ...encodePass(layout, configuration, batch.labels.length),
    };
    const started = performance.now();
    const out = await executor.run(functionNames.pass, feeds);
    const milliseconds = performance.now() - started;
    teacher = out.logits;
    passes.push({ role, configuration, loss: out.loss[0], crossEntropy: out.crossEntropy[0], divergence: out.divergence[0], milliseconds });
  }
  const started = performance.now();
  const rate = cosineRate(supernet.learningRate, step, total);
  const { enabled, skewness, kurtosis, target } = supernet.wdr;
  const applied = await executor.run(functionNames.apply, {
    rate: scalar(rate),
    tableRate: scalar(rate * supernet.tableRate),
    clip: scalar(supernet.clip || Infinity),
    skewness: scalar(enabled ? skewness : 0),
    kurtosis: scalar(enabled ? kurtosis : 0),
    target: scalar(target),
    ...powers(step),
  });
  return {
    passes,
    wdrLoss: applied.loss[0],
    skewness: applied.skewness as Float32Array,
    kurtosis: applied.kurtosis as Float32Array,
    rate,
    updateMilliseconds: performance.now() - started,
  };
}
