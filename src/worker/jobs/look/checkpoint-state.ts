import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WorkbenchError } from '../../../shared/contract/errors.ts';
import type { LayerView } from '../../../shared/contract/look.ts';
import type { LayerGraph } from '../../../shared/domain/layer-graph.ts';
import type { Recipe } from '../../../shared/schema/recipe.ts';
import { elementCount } from '../../engine/graph.ts';
import { parameterSpecs } from '../../models/parameters.ts';
import { calibrateWeights, emptyTables } from '../../quant/calibrate.ts';
import type { TableLayout } from '../../quant/table-layout.ts';
import type { QuantizerTables } from '../../quant/tables.ts';
import { TABLE_NAMES } from '../../supernet/program-scope.ts';
import { damagedCheckpoint, decodeSafetensors, type TensorArray } from '../../formats/safetensors.ts';

/** A checkpoint that another process may be about to replace. */
export interface CheckpointState {
  phase: LayerView['phase'];
  step: number;
  done: boolean;
  path: string;
  tensors: ReadonlyMap<string, TensorArray>;
}

const NEWEST_FIRST = ['supernet', 'calibrate', 'pretrain'] as const;

/**
 * Reads a checkpoint without touching the folder, whose owner may be writing. It is replaced as a whole, so what is read
 * is the old one or the new one; some systems refuse to open it in that moment, and then a second look finds the new one.
 * @returns null when there is none
 */
export function readCheckpointState(runDirectory: string, phase: LayerView['phase']): CheckpointState | null {
  const path = join(runDirectory, 'checkpoints', `${phase}.safetensors`);
  const read = (): CheckpointState | null => {
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return null;
      throw damagedCheckpoint(path, `cannot be read (${code})`);
    }
    const { tensors, metadata } = decodeSafetensors(bytes, path);
    return { phase, step: Number(metadata.step ?? 0), done: metadata.done === 'true', path, tensors };
  };
  try {
    return read();
  } catch {
    return read();
  }
}

/** The newest state of a run. @throws WorkbenchError `checkpoint-invalid` when it has none yet, or the file is damaged */
export function newestState(runDirectory: string): CheckpointState {
  for (const phase of NEWEST_FIRST) {
    const state = readCheckpointState(runDirectory, phase);
    if (state) return state;
  }
  throw new WorkbenchError(
    'checkpoint-invalid',
    `The run in ${runDirectory} has no checkpoint yet: let it train for a while, or take a snapshot of it.`,
  );
}

function tensor({ path, tensors }: CheckpointState, name: string, size: number): Float32Array {
  const found = tensors.get(name);
  if (found instanceof Float32Array && found.length === size) return found;
  throw damagedCheckpoint(path, found ? `holds ${found.length} values of '${name}' instead of ${size}` : `lacks the tensor '${name}'`);
}

/** Float weights of a quantized layer, [..., Cout]. @throws WorkbenchError `checkpoint-invalid` */
export function layerWeights(layout: TableLayout, state: CheckpointState, layer: number): Float32Array {
  const { name, weights } = layout.facts[layer];
  return tensor(state, `${name}/weights`, weights);
}

/** Every float variable of a network. @throws WorkbenchError `checkpoint-invalid` */
export function floatParameters(graph: LayerGraph, state: CheckpointState): Map<string, Float32Array> {
  return new Map(parameterSpecs(graph).map(({ name, shape }) => [name, tensor(state, name, elementCount(shape))]));
}

/**
 * The quantizers of a state. A float network has none yet: its weights get those that calibration would choose.
 * @param layers which layers will be looked at
 * @throws WorkbenchError `checkpoint-invalid`
 */
export function quantizerTables(layout: TableLayout, recipe: Recipe, state: CheckpointState, layers: readonly number[]): QuantizerTables {
  if (state.phase !== 'pretrain')
    return { logSteps: tensor(state, TABLE_NAMES.steps, layout.size), offsets: tensor(state, TABLE_NAMES.offsets, layout.size) };
  const tables = emptyTables(layout);
  for (const layer of layers) calibrateWeights(layout, layer, layerWeights(layout, state, layer), tables, recipe.calibration);
  return tables;
}
