import type { Configuration } from '../../shared/schema/configuration.ts';
import type { ImageSet } from '../data/dataset.ts';
import type { Executor } from '../engine/executor.ts';
import { parameterSpecs } from '../models/parameters.ts';
import type { Parameters } from '../quant/fold.ts';
import type { IntegerView } from '../quant/integer-view.ts';
import type { TableLayout } from '../quant/table-layout.ts';
import type { QuantizerTables } from '../quant/tables.ts';
import { TABLE_NAMES } from './program-scope.ts';

/** A trained supernet, and the training images whose first ones re-calibrate its BN. */
export interface TrainedSupernet {
  layout: TableLayout;
  parameters: Parameters;
  tables: QuantizerTables;
  calibrationSet: ImageSet;
}

/** What an executor holds now. */
export async function readSupernet(executor: Executor, layout: TableLayout, calibrationSet: ImageSet): Promise<TrainedSupernet> {
  const names = parameterSpecs(layout.graph).map(({ name }) => name);
  const parameters = (await executor.read([...names, ...Object.values(TABLE_NAMES)])) as Map<string, Float32Array>;
  const tables = { logSteps: parameters.get(TABLE_NAMES.steps)!, offsets: parameters.get(TABLE_NAMES.offsets)! };
  return { layout, parameters, tables, calibrationSet };
}

/** One configuration, BN re-calibrated, ready to run images. */
export interface ReadyConfiguration {
  view: IntegerView;
  /** @returns float32 [count, classes] of images `start` .. `start + count - 1` of a set */
  logits(set: ImageSet, start: number, count: number): Promise<Float32Array>;
  /** Gives its memory back. */
  release(): void;
}

/** How configurations are computed. */
export interface Measuring {
  /** @param images first n training images of the one re-calibration batch */
  ready(configuration: Configuration, images: number): Promise<ReadyConfiguration>;
  /** Gives back the memory that is kept for the next configuration. */
  releaseMemory(): void;
}
