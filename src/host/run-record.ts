import type { RunState, PhaseState, ExecutorName } from '../shared/contract/api/views.ts';
import type { ExportResult, OpenedInfo, Phase } from '../shared/contract/job-protocol.ts';
import type { ErrorPayload } from '../shared/contract/errors.ts';
import type { Configuration } from '../shared/schema/configuration.ts';
import type { Recipe } from '../shared/schema/recipe.ts';

export type { PhaseState, RunState };

/** What computed a run; `version` names the library, so that a run never goes on with another one. */
export interface RunEngine {
  executor: ExecutorName;
  version: string;
}

export interface RunRecord {
  id: string;
  recipe: Recipe;
  /** of the recipe and engine as they are now; see fingerprint.ts */
  fingerprint: string;
  /** Marks the checkpoints of the run; stays when the recipe of phases that are still to come changes. */
  guard: string;
  state: RunState;
  /** ISO 8601, UTC */
  createdAt: string;
  engine: RunEngine;
  /** Network, images and engine as the worker found them; null until it was opened once. */
  opened: OpenedInfo | null;
  /** sha256 over everything that the run found, without times; null until it is done. */
  digest: string | null;
  /** Why the last attempt ended early. */
  error: ErrorPayload | null;
  /** Name that a person gave it; empty = none. */
  label: string;
  /** Place in the palette of runs, 1..7. */
  slot: number;
}

export interface PhaseRecord {
  phase: Phase;
  state: PhaseState;
  /** Wall time in this phase, summed over resumes. */
  seconds: number;
}

/** A file that was written for one configuration on demand. */
export interface ManualExport extends Omit<ExportResult, 'candidateId'> {
  configuration: Configuration;
  /** the candidate of the run that it is; null or left out for a configuration of the user's own */
  candidateId?: string | null;
}
