import type { Recipe } from '../../shared/schema/recipe.ts';
import type { Program } from '../engine/graph.ts';
import { hasStatistics, type TableLayout } from '../quant/table-layout.ts';
import { apply, momentsOnly, pass } from './elastic-functions.ts';
import { evaluate, probe, recalibrate } from './evaluation-functions.ts';
import { floatEvaluate, floatStep } from './float-functions.ts';
import { ProgramScope, type TrainingOptions } from './program-scope.ts';

export interface ProgramSizes {
  /** images in a float training step; 0 leaves the function out */
  pretrainBatch: number;
  /** images in an elastic pass; 0 leaves training out */
  trainBatch: number;
  /** images in an evaluation call */
  evaluationBatch: number;
  /** sizes of the BN re-calibration batches */
  recalibration: readonly number[];
  /** images in the calibration batch; 0 leaves it out */
  calibration: number;
}

/** Every variable that a checkpoint holds for training on. */
export function trainingVariables(program: Program): string[] {
  return program.variables.map((variable) => variable.name).filter((name) => !name.startsWith('accumulator/'));
}

/** How a recipe wants its training functions. */
export const trainingOptions = ({ supernet, engine }: Recipe): TrainingOptions => ({
  freezeBn: supernet.freezeBn,
  checkpointing: engine.checkpointing,
});

/** The float network alone, for networks of which nothing is trained. @param batch images in a call */
export function floatProgram(layout: TableLayout, batch: number): Program {
  const scope = new ProgramScope(layout);
  floatEvaluate(scope, batch);
  return scope.b.build();
}

/** What a training step runs, and nothing else. @param batch images of a step, float or elastic */
export function trainingProgram(layout: TableLayout, batch: number, options: TrainingOptions = {}): Program {
  const scope = new ProgramScope(layout, options);
  floatStep(scope, batch);
  pass(scope, batch);
  apply(scope);
  return scope.b.build();
}

/** Writes every function of a run's network over one set of variables. */
export function buildProgram(layout: TableLayout, sizes: ProgramSizes, options: TrainingOptions = {}): Program {
  const scope = new ProgramScope(layout, options);
  if (sizes.pretrainBatch) floatStep(scope, sizes.pretrainBatch);
  floatEvaluate(scope, sizes.evaluationBatch);
  if (sizes.trainBatch) {
    pass(scope, sizes.trainBatch);
    apply(scope);
  }
  momentsOnly(scope);
  if (hasStatistics(layout)) for (const images of new Set(sizes.recalibration)) recalibrate(scope, images);
  if (sizes.calibration) probe(scope, sizes.calibration);
  evaluate(scope, sizes.evaluationBatch);
  return scope.b.build();
}
