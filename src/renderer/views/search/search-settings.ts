/** How the Search screen is set; stored with the project. */
import { FORM_KEYS, MAX_BITS, MIN_BITS, type FormKey } from '../../../shared/domain/form.ts';
import { TARGETS } from '../../../shared/domain/targets/index.ts';
import type { Limits } from '../../charts/range-text.ts';
import type { SortOrder } from '../../ui/types.ts';
import { AXES, MEASURES, noConstraints, type Axis, type Constraints } from './measures.ts';
import { PICKS, type LimitedPick } from './picks.ts';
import type { FoundCandidate } from './search-rows.ts';

export const SCOPES = ['front', 'proposed', 'measured', 'all'] as const;
export type Scope = (typeof SCOPES)[number];

export interface SearchSettings {
  axis: Axis;
  scope: Scope;
  constraints: Constraints;
  /** limits of the picks; null = fitted to the front */
  picks: Record<LimitedPick, number | null>;
  filter: string;
  sort: SortOrder | null;
  /** by run: keys of pinned configurations */
  pinned: Record<string, string[]>;
  /** by run and fit of its predictor: what searches on demand found */
  found: Record<string, FoundCandidate[]>;
  /** by run: jobs whose result is among `found` */
  adopted: Record<string, string[]>;
  /** id of the runtime whose facts are shown */
  target: string;
  /** of the next search on demand; null = all forms of the space */
  more: { weights: number; activations: number; forms: FormKey[] | null };
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
const numberOr = <Fallback>(value: unknown, fallback: Fallback): number | Fallback =>
  typeof value === 'number' && Number.isFinite(value) ? value : fallback;
const among = <Value>(value: unknown, choices: readonly Value[], fallback: Value): Value =>
  choices.includes(value as Value) ? (value as Value) : fallback;
const strings = (value: unknown): string[] => (Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []);
const byRun = <Value>(value: unknown, read: (entry: unknown) => Value): Record<string, Value> =>
  Object.fromEntries(Object.entries(record(value)).map(([run, entry]) => [run, read(entry)]));

function readLimits(value: unknown): Limits {
  const { low, high } = record(value);
  return { low: numberOr(low, null), high: numberOr(high, null) };
}
function readFound(value: unknown): FoundCandidate[] {
  return (Array.isArray(value) ? value : []).flatMap((each) => {
    const { key, predicted } = record(each);
    return typeof key === 'string' && typeof predicted === 'number' ? [{ key, predicted }] : [];
  });
}
function readBits(value: unknown): number {
  const bits = numberOr(value, 3);
  return bits >= MIN_BITS && bits <= MAX_BITS ? bits : 3;
}

/** Stored facts as settings; what is missing or unknown gets its default. */
export function readSettings(stored: unknown): SearchSettings {
  const found = record(stored);
  const constraints = record(found.constraints);
  const picks = record(found.picks);
  const sort = record(found.sort);
  const more = record(found.more);
  const forms = strings(more.forms).filter((form): form is FormKey => FORM_KEYS.includes(form as FormKey));
  return {
    axis: among(found.axis, AXES, 'bitops'),
    scope: among<Scope>(found.scope, SCOPES, 'front'),
    constraints: {
      ...noConstraints(),
      ...(Object.fromEntries(MEASURES.map((measure) => [measure, readLimits(constraints[measure])])) as Constraints),
    },
    picks: Object.fromEntries(
      PICKS.filter((pick) => pick !== 'knee').map((pick) => [pick, numberOr(picks[pick], null)]),
    ) as SearchSettings['picks'],
    filter: typeof found.filter === 'string' ? found.filter : '',
    sort:
      found.sort === null
        ? null
        : {
            key: typeof sort.key === 'string' ? sort.key : 'predicted',
            descending: typeof sort.descending === 'boolean' ? sort.descending : true,
          },
    pinned: byRun(found.pinned, strings),
    found: byRun(found.found, readFound),
    adopted: byRun(found.adopted, strings),
    target: TARGETS.find(({ id }) => id === found.target)?.id ?? TARGETS[0].id,
    more: { weights: readBits(more.weights), activations: readBits(more.activations), forms: forms.length > 0 ? forms : null },
  };
}
