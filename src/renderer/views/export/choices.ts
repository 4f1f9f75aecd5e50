/** The configurations of a run that can be exported: kept ones, those that the search proposed, uniform ones. */
import type { RunView, ShelfEntry } from '../../../shared/contract/api/views.ts';
import type { Costs } from '../../../shared/contract/job-protocol.ts';
import { commonForm, configurationKey } from '../../../shared/domain/configuration.ts';
import { costsOf } from '../../../shared/domain/cost.ts';
import { FORM_KEYS, parseForm, type FormKey } from '../../../shared/domain/form.ts';
import type { QuantizationPoint } from '../../../shared/domain/layer-graph.ts';
import { nearestUniform } from '../../../shared/domain/layer-space.ts';
import { shortName } from '../../../shared/domain/short-name.ts';
import type { Configuration } from '../../../shared/schema/configuration.ts';

/** Where a configuration comes from, nearest to the person first. */
export const SOURCES = ['compare', 'shelf', 'front', 'proposed', 'uniform', 'other'] as const;
export type ChoiceSource = (typeof SOURCES)[number];

export interface Choice extends Costs {
  /** as of `configurationKey` */
  key: string;
  source: ChoiceSource;
  name: string;
  letter: ShelfEntry['compare'];
  candidateId: string | null;
  /** bits of a uniform configuration; null for every other */
  uniform: number | null;
  configuration: Configuration;
  /** null where layers differ in form */
  form: FormKey | null;
  weights: readonly number[];
  activations: readonly number[];
  /** 0..1; null while unknown */
  predicted: number | null;
  measured: { accuracy: number; images: number } | null;
}

type ChoiceRun = Pick<RunView, 'candidates' | 'front' | 'grid' | 'network' | 'settings' | 'id'>;

/**
 * Each configuration once, under the source that is nearest to the person, in the order of `SOURCES`.
 * @param points of the run's network; empty while unknown, then there are no uniform ones
 * @param extra further configurations that are shown now or were exported
 * @param uniformName what a uniform configuration is called
 */
export function choicesOf(
  run: ChoiceRun,
  points: readonly QuantizationPoint[] | null,
  shelf: readonly ShelfEntry[],
  extra: readonly Configuration[],
  uniformName: (bits: number, form: FormKey) => string,
): Choice[] {
  const facts = run.network?.layers ?? [];
  if (facts.length === 0) return [];
  const found = new Map<string, Choice>();
  const enter = (source: ChoiceSource, configuration: Configuration, name?: string): Choice => {
    const key = configurationKey(configuration);
    const known = found.get(key);
    if (known) return known;
    const choice: Choice = {
      ...costsOf(configuration, facts),
      key,
      source,
      name: name ?? shortName(key),
      letter: null,
      candidateId: null,
      uniform: null,
      configuration,
      form: commonForm(configuration),
      weights: configuration.layers.map(({ weightBits }) => weightBits),
      activations: configuration.layers.map(({ activationBits }) => activationBits),
      predicted: null,
      measured: null,
    };
    found.set(key, choice);
    return choice;
  };

  const kept = shelf.filter((entry) => entry.run === run.id);
  for (const entry of [...kept].sort((a, b) => (a.compare ?? '~').localeCompare(b.compare ?? '~'))) {
    const choice = enter(entry.compare ? 'compare' : 'shelf', entry.configuration, entry.name);
    choice.letter ??= entry.compare;
    choice.candidateId ??= entry.candidateId;
    choice.predicted ??= entry.predicted;
    choice.measured ??= entry.measured && { accuracy: entry.measured.accuracy, images: entry.measured.images };
  }
  const onFront = new Set(run.front.map(({ id }) => id));
  const order = [...run.candidates].sort(
    (a, b) => Number(onFront.has(b.id)) - Number(onFront.has(a.id)) || a.costs.bitops - b.costs.bitops,
  );
  for (const candidate of order) {
    const uniform = candidate.rank === 'uniform' && Number.isInteger(candidate.target);
    const source = onFront.has(candidate.id) ? 'front' : uniform ? 'uniform' : 'proposed';
    const choice = enter(source, candidate.configuration, uniform ? uniformName(candidate.target, candidate.form) : undefined);
    if (uniform) choice.uniform ??= candidate.target;
    choice.candidateId ??= candidate.id;
    choice.predicted ??= candidate.predicted;
    if (candidate.measured !== null) choice.measured ??= { accuracy: candidate.measured, images: candidate.measuredImages ?? 0 };
  }
  if (points) {
    const { gridBits, gridForms } = run.settings.evaluation;
    for (const bits of [...gridBits].sort((a, b) => b - a)) {
      for (const form of FORM_KEYS.filter((key) => gridForms.includes(key))) {
        const configuration = nearestUniform(run.settings.space, facts, points, bits, parseForm(form));
        const choice = enter('uniform', configuration, uniformName(bits, form));
        choice.uniform ??= bits;
        const cell = run.grid.find((each) => each.weightBits === bits && each.form === form);
        if (cell) choice.measured ??= { accuracy: cell.accuracy, images: cell.images };
      }
    }
  }
  for (const configuration of extra) enter('other', configuration);
  return [...found.values()].sort((a, b) => SOURCES.indexOf(a.source) - SOURCES.indexOf(b.source));
}

/**
 * What is offered before anything was chosen: what was kept, else what was exported last, else the most accurate that is
 * measured on the front.
 * @param exported keys of the exported configurations, oldest first
 */
export function firstChoice(choices: readonly Choice[], exported: readonly string[]): Choice | null {
  const [first] = choices;
  if (!first || first.source === 'compare' || first.source === 'shelf') return first ?? null;
  const written = choices.find(({ key }) => key === exported.at(-1));
  const front = choices.filter(({ source }) => source === 'front');
  return written ?? [...front].sort((a, b) => (b.measured?.accuracy ?? 0) - (a.measured?.accuracy ?? 0))[0] ?? first;
}
