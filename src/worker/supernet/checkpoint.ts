import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fromErrorPayload, toErrorPayload, WorkbenchError } from '../../shared/contract/errors.ts';
import { damagedCheckpoint, decodeSafetensors, encodeSafetensors, type TensorArray } from '../formats/safetensors.ts';

export interface Checkpoint {
  tensors: Map<string, TensorArray>;
  /** training steps done */
  step: number;
  done: boolean;
}

/** Below a file that is taken for a folder even removing fails, which must not hide why writing did. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // it is not there
  }
}

function readCheckpoint(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw damagedCheckpoint(path, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** The folder of the run is the host's; when it is gone it was moved, and to make it anew would leave half of the run there. */
function makeFolder(folder: string): void {
  if (!existsSync(folder)) mkdirSync(folder);
}

/** Checkpoints of one run: `checkpoints/<name>.safetensors`, replaced as a whole, bound to the run by its fingerprint. */
export class CheckpointStore {
  constructor(
    private readonly directory: string,
    private readonly fingerprint: string,
  ) {
    // A worker that was killed while it wrote leaves its temporary file; the host lets only one worker in at a time.
    const folder = join(directory, 'checkpoints');
    for (const name of existsSync(folder) ? readdirSync(folder) : [])
      if (name.endsWith('.tmp')) rmSync(join(folder, name), { force: true });
  }

  path(name: string): string {
    return join(this.directory, 'checkpoints', `${name}.safetensors`);
  }

  /**
   * Writes to a temporary name, syncs, renames: a reader sees the old checkpoint or the new one, never a part.
   * @throws WorkbenchError `disk-full` or `project-readonly` with the path
   */
  save(name: string, { tensors, step, done }: Checkpoint, shapes?: ReadonlyMap<string, readonly number[]>): void {
    const path = this.path(name);
    const temporary = `${path}.${process.pid}.tmp`;
    const bytes = encodeSafetensors(tensors, { fingerprint: this.fingerprint, step: String(step), done: String(done) }, shapes);
    try {
      makeFolder(dirname(path));
      const file = openSync(temporary, 'w');
      try {
        let written = 0;
        while (written < bytes.length) written += writeSync(file, bytes, written);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, path);
    } catch (error) {
      discard(temporary);
      throw fromErrorPayload(toErrorPayload(error, path));
    }
  }

  /** @returns null when there is none. @throws WorkbenchError when it is damaged, or belongs to another recipe, data set or engine */
  load(name: string): Checkpoint | null {
    const path = this.path(name);
    if (!existsSync(path)) return null;
    const { tensors, metadata } = decodeSafetensors(readCheckpoint(path), path);
    if (metadata.fingerprint !== this.fingerprint) {
      throw new WorkbenchError(
        'fingerprint-mismatch',
        `Checkpoint ${path} belongs to another recipe, data set or engine version; start a new run instead of resuming this one.`,
      );
    }
    const step = Number(metadata.step ?? Number.NaN);
    if (!Number.isInteger(step) || step < 0) {
      throw damagedCheckpoint(path, 'does not say how many steps it has done');
    }
    return { tensors, step, done: metadata.done === 'true' };
  }
}
