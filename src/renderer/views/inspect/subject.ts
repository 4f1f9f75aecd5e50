/** The configuration that Inspect shows: an entry of the shelf, or one of a run by its key. */
import type { ReportedCandidate, RunView, ShelfEntry } from '../../../shared/contract/api/views.ts';
import { configurationKey, layersInOrder, parseConfigurationKey } from '../../../shared/domain/configuration.ts';
import type { LayerFacts } from '../../../shared/domain/layer-graph.ts';
import { shortName } from '../../../shared/domain/short-name.ts';
import type { Configuration } from '../../../shared/schema/configuration.ts';

export interface Subject {
  run: RunView;
  facts: readonly LayerFacts[];
  /** null for one that is not on the shelf yet */
  entry: ShelfEntry | null;
  /** the candidate of the run with exactly this configuration */
  candidate: ReportedCandidate | null;
  /** layers in network order */
  configuration: Configuration;
  key: string;
  name: string;
}

export type SubjectProblem = 'noEntry' | 'noRun' | 'noNetwork' | 'badKey';

/** Where a configuration is found; `shelf` stands before `run` and `key`. */
export interface SubjectPlace {
  shelf?: string;
  run?: string;
  key?: string;
}

function candidateOf(run: RunView, key: string, id: string | null): ReportedCandidate | null {
  const fitting = run.candidates.filter(({ configuration }) => configurationKey(configuration) === key);
  return fitting.find((each) => each.id === id) ?? fitting.find(({ measured }) => measured !== null) ?? fitting[0] ?? null;
}

/** @returns the subject, or why there is none */
export function findSubject(place: SubjectPlace, runs: readonly RunView[], shelf: readonly ShelfEntry[]): Subject | SubjectProblem {
  const named = place.shelf === undefined ? null : (shelf.find(({ id }) => id === place.shelf) ?? null);
  if (place.shelf !== undefined && !named && place.key === undefined) return 'noEntry';
  const run = runs.find(({ id }) => id === (named?.run ?? place.run));
  if (!run) return 'noRun';
  const facts = run.network?.layers;
  if (!facts) return 'noNetwork';
  let configuration: Configuration;
  try {
    configuration = named ? { layers: [...layersInOrder(named.configuration, facts)] } : parseConfigurationKey(place.key ?? '', facts);
  } catch {
    return 'badKey';
  }
  const key = configurationKey(configuration);
  const same = shelf.filter((entry) => entry.run === run.id && configurationKey(entry.configuration) === key);
  const entry = named ?? same.find(({ compare }) => compare !== null) ?? same[0] ?? null;
  const candidate = candidateOf(run, key, entry?.candidateId ?? null);
  return { run, facts, entry, candidate, configuration, key, name: entry?.name ?? shortName(key) };
}

/** Accuracy of the test images with its 95 % interval, 0..1. */
export interface Measured {
  accuracy: number;
  images: number;
  interval: readonly [number, number];
}

/** What was measured of a subject, on demand or in its run. */
export function measuredOf({ entry, candidate }: Subject): Measured | null {
  if (entry?.measured) return entry.measured;
  if (!candidate || candidate.measured === null) return null;
  const { measured, measuredImages, interval } = candidate;
  return { accuracy: measured, images: measuredImages ?? 0, interval: interval ?? [measured, measured] };
}
