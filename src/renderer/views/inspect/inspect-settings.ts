import { ROW_ORDERS, type RowOrder } from './layer-rows.ts';

/** What an edited copy was made of. */
export interface Origin {
  key: string;
  name: string;
  /** the entry, where it was one */
  shelf: string | null;
}

export interface InspectSettings {
  /** shown last, for when the screen is opened without a configuration */
  last: { shelf?: string; run?: string; key?: string };
  order: RowOrder;
  /** whether a form is set for the whole network or for one layer */
  scope: 'network' | 'layer';
  /** by id of the edited copy */
  origins: Record<string, Origin>;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

function readOrigins(value: unknown): Record<string, Origin> {
  return Object.fromEntries(
    Object.entries(record(value)).flatMap(([id, stored]) => {
      const { key, name, shelf } = record(stored);
      return typeof key === 'string' && typeof name === 'string' ? [[id, { key, name, shelf: text(shelf) ?? null }] as const] : [];
    }),
  );
}

/** Settings of what was stored with the project; what is missing or unknown gets its default. */
export function readInspectSettings(stored: unknown): InspectSettings {
  const { last, order, scope, origins } = record(stored);
  const place = record(last);
  return {
    last: { shelf: text(place.shelf), run: text(place.run), key: text(place.key) },
    order: ROW_ORDERS.find((each) => each === order) ?? 'network',
    scope: scope === 'layer' ? 'layer' : 'network',
    origins: readOrigins(origins),
  };
}
