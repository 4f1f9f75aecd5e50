/** The configurations of a run that the Search screen knows: explored, proposed, measured, made by hand. */
import type { ReportedCandidate, ShelfEntry } from '../../../shared/contract/api/views.ts';
import type { Costs } from '../../../shared/contract/job-protocol.ts';
import type { SearchPoints } from '../../../shared/contract/look.ts';
import { commonForm, configurationKey, parseConfigurationKey } from '../../../shared/domain/configuration.ts';
import { costsOf } from '../../../shared/domain/cost.ts';
import type { FormKey } from '../../../shared/domain/form.ts';
import type { LayerFacts } from '../../../shared/domain/layer-graph.ts';
import { nonDominated } from '../../../shared/domain/pareto.ts';
import type { Configuration } from '../../../shared/schema/configuration.ts';
import { shortName } from '../../../shared/domain/short-name.ts';

/** What a key alone tells. Bits are in network order, averages over the free layers. */
export interface RowFacts extends Costs {
  /** null where layers differ in form */
  form: FormKey | null;
  weights: readonly number[];
  activations: readonly number[];
}

/** One configuration; accuracies are 0..1, sizes bytes. */
export interface SearchRow extends RowFacts {
  key: string;
  name: string;
  predicted: number | null;
  measured: { accuracy: number; images: number; interval: readonly [number, number] } | null;
  /** id among the candidates of the run */
  candidateId: string | null;
  /** the search proposed it as one of the best of a target */
  proposed: boolean;
  /** the same bits in every free layer: the baseline of a target */
  uniform: boolean;
  /** the shelf entry that holds it */
  shelf: string | null;
}

/** What a search on demand found; kept with the project because its job does not last. */
export interface FoundCandidate {
  key: string;
  predicted: number;
}

/** @throws WorkbenchError `config-invalid` when the key does not fit the network */
function rowFacts(key: string, facts: readonly LayerFacts[]): RowFacts {
  const configuration = parseConfigurationKey(key, facts);
  return {
    ...costsOf(configuration, facts),
    form: commonForm(configuration),
    weights: configuration.layers.map(({ weightBits }) => weightBits),
    activations: configuration.layers.map(({ activationBits }) => activationBits),
  };
}

const keys = new WeakMap<Configuration, string>();

/** `configurationKey`, worked out once for each object that the host sent. */
function keyOf(configuration: Configuration): string {
  let key = keys.get(configuration);
  if (key === undefined) keys.set(configuration, (key = configurationKey(configuration)));
  return key;
}

/** Most configurations that are held; a search that goes on longer loses old dominated ones. */
export const MOST_ROWS = 6000;

/** Keys, costs and predictions of one run's configurations, gathered piece by piece. */
export class RowBook {
  private readonly predictions = new Map<string, number>();
  private readonly taken = new WeakSet<SearchPoints>();

  constructor(
    private readonly layers: readonly LayerFacts[],
    private readonly facts = new Map<string, RowFacts>(),
  ) {}

  /** @returns a book that has looked at nothing yet, but knows what keys cost */
  another(): RowBook {
    return new RowBook(this.layers, this.facts);
  }

  /** Rounds that were not taken yet. */
  fresh(rounds: readonly SearchPoints[]): SearchPoints[] {
    return rounds.filter((round) => !this.taken.has(round));
  }

  /** Takes what a search looked at. */
  take(round: SearchPoints): void {
    if (this.taken.has(round)) return;
    this.taken.add(round);
    for (const { key, predicted } of round.points) {
      if (this.of(key)) this.predictions.set(key, predicted);
    }
    if (this.predictions.size > MOST_ROWS * 1.2) this.thin();
  }

  /** Facts of a key; null for one of another network. */
  of(key: string): RowFacts | null {
    const known = this.facts.get(key);
    if (known) return known;
    try {
      const found = rowFacts(key, this.layers);
      this.facts.set(key, found);
      return found;
    } catch {
      return null;
    }
  }

  /**
   * All of them, each configuration once. What was measured in the run stands before what was measured on demand; a
   * prediction of a candidate before one of the trail.
   */
  rows(candidates: readonly ReportedCandidate[], found: readonly FoundCandidate[], shelf: readonly ShelfEntry[]): SearchRow[] {
    const rows = new Map<string, SearchRow>();
    const enter = (key: string): SearchRow | null => {
      const known = rows.get(key);
      if (known) return known;
      const facts = this.of(key);
      if (!facts) return null;
      const row: SearchRow = {
        ...facts,
        key,
        name: shortName(key),
        predicted: this.predictions.get(key) ?? null,
        measured: null,
        candidateId: null,
        proposed: false,
        uniform: false,
        shelf: null,
      };
      rows.set(key, row);
      return row;
    };
    for (const candidate of candidates) {
      const row = enter(keyOf(candidate.configuration));
      if (!row) continue;
      const { measured, measuredImages, interval } = candidate;
      row.predicted = candidate.predicted ?? row.predicted;
      row.proposed ||= candidate.rank !== 'uniform';
      row.uniform ||= candidate.rank === 'uniform';
      if (row.candidateId === null || (measured !== null && !row.measured)) row.candidateId = candidate.id;
      if (measured !== null && !row.measured)
        row.measured = { accuracy: measured, images: measuredImages ?? 0, interval: interval ?? [measured, measured] };
    }
    for (const { key, predicted } of found) {
      const row = enter(key);
      if (!row) continue;
      row.predicted ??= predicted;
      row.proposed = true;
    }
    for (const entry of shelf) {
      const row = enter(keyOf(entry.configuration));
      if (!row) continue;
      row.predicted ??= entry.predicted;
      row.shelf ??= entry.id;
      if (row.candidateId === null && entry.candidateId === null) row.name = entry.name;
      row.measured ??= entry.measured && {
        accuracy: entry.measured.accuracy,
        images: entry.measured.images,
        interval: entry.measured.interval,
      };
    }
    for (const key of this.predictions.keys()) enter(key);
    return [...rows.values()];
  }

  private thin(): void {
    const keys = [...this.predictions.keys()];
    const front = new Set(
      nonDominated(
        keys.map((key) => {
          const { bitops, sizeBytes } = this.facts.get(key)!;
          return [bitops, sizeBytes, -this.predictions.get(key)!];
        }),
      ).map((index) => keys[index]),
    );
    const surplus = this.predictions.size - MOST_ROWS;
    for (const key of keys.filter((each) => !front.has(each)).slice(0, surplus)) {
      this.predictions.delete(key);
      this.facts.delete(key);
    }
  }
}
