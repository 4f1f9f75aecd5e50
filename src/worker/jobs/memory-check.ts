import { freemem } from 'node:os';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { elementCount, type Program } from '../engine/graph.ts';
import { peakBytes } from '../engine/nodes-to-run.ts';
import { functionNames } from '../supernet/program-scope.ts';

/** What the engine takes before the first tensor, and for each quantized layer of a program; measured, see `npm run bench:large`. */
const ENGINE_BYTES = 320e6;
const LAYER_BYTES = 4e6;
/** Of kernels while they work, relative to the tensors. */
const WORKSPACE = 1.05;

/** Functions with gradients. */
const TRAINING: readonly string[] = [functionNames.floatStep, functionNames.pass];

/** The setting behind each function whose memory grows with it, and its value. */
function batchFields({ pretrain, supernet, evaluation, predictor }: Recipe): [fn: string, field: string, images: number][] {
  return [
    [functionNames.floatStep, 'pretrain.batch', pretrain.batch],
    [functionNames.pass, 'supernet.batch', supernet.batch],
    [functionNames.evaluate, 'evaluation.batch', evaluation.batch],
    [functionNames.floatEvaluate, 'evaluation.batch', evaluation.batch],
    [functionNames.recalibrate(evaluation.recalibrationImages), 'evaluation.recalibrationImages', evaluation.recalibrationImages],
    [functionNames.recalibrate(predictor.recalibrationImages), 'predictor.recalibrationImages', predictor.recalibrationImages],
  ];
}

/** Bytes that a process needs for calls of one function, data sets left out. @param layers quantized layers of the network */
export function neededBytes(program: Program, name: string, layers: number, fused: boolean): number {
  const variables = program.variables.reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0);
  return ENGINE_BYTES + layers * LAYER_BYTES + variables + WORKSPACE * peakBytes(program.functions.get(name)!, fused);
}

/** What this process may still take, bytes: of the machine, or of the container it runs in. */
export const availableBytes = (): number => process.availableMemory?.() ?? freemem();

const inGigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`;
/** Down to a number that people choose as a batch. */
const rounded = (images: number): number => (images >= 16 ? images - (images % 8) : images);

export interface MemoryPlan {
  program: Program;
  recipe: Recipe;
  /** quantized layers of the network */
  layers: number;
  /** whether the session has our own ops */
  fused: boolean;
  available: number;
  /** the same program with every batch one image */
  single: () => Program;
  /** the same program with gradient checkpointing */
  checkpointed: () => Program;
}

/**
 * Refuses a recipe of which one call would not fit into memory, before hours of work end in it.
 * @throws WorkbenchError `recipe-invalid` naming the setting, what it needs, what is free, the largest value that fits, and
 *   gradient checkpointing where it fits with that
 */
export function requireMemory({ program, recipe, layers, fused, available, single, checkpointed }: MemoryPlan): void {
  for (const [name, field, images] of batchFields(recipe)) {
    if (!program.functions.has(name)) continue;
    const needed = neededBytes(program, name, layers, fused);
    if (needed <= available) continue;
    const smallest = single();
    const one = neededBytes(smallest, name.startsWith('recalibrate') ? functionNames.recalibrate(1) : name, layers, fused);
    const most = rounded(images > 1 ? Math.floor(1 + (available - one) / ((needed - one) / (images - 1))) : 0);
    const lean = TRAINING.includes(name) && !recipe.engine.checkpointing ? neededBytes(checkpointed(), name, layers, fused) : Infinity;
    const ways = [
      ...(most >= 1 ? [`lower it to ${most.toLocaleString('en-US')} or less`] : []),
      ...(lean <= available ? [`turn 'engine.checkpointing' on, which needs about ${inGigabytes(lean)} and more time`] : []),
    ];
    const way = ways.length
      ? `${ways.join(', ')}, or close other programs`
      : 'even a single image does not fit, so choose a smaller network or smaller images';
    const value = images.toLocaleString('en-US');
    throw new WorkbenchError(
      'recipe-invalid',
      `'${field}' is ${value}, which needs about ${inGigabytes(needed)} of memory, and ${inGigabytes(available)} are free: ${way}.`,
    );
  }
}
