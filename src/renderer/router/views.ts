/** The screens of the window. */
export const VIEWS = [
  'home',
  'data',
  'space',
  'train',
  'predictor',
  'search',
  'inspect',
  'compare',
  'export',
  'runs',
  'engine',
  'settings',
] as const;
export type ViewName = (typeof VIEWS)[number];

/** Screens that can be shown without an open project. */
export const FREE_VIEWS: ReadonlySet<ViewName> = new Set<ViewName>(['home', 'engine', 'settings']);

export interface Route {
  view: ViewName;
  params: Readonly<Record<string, string>>;
}

/** Reads `#/inspect?run=a-1&id=x`; anything else is Home. */
export function parseHash(hash: string): Route {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
  const view = VIEWS.find((name) => name === path);
  return view ? { view, params: Object.fromEntries(new URLSearchParams(query)) } : { view: 'home', params: {} };
}

/** The address of a route; parameters in alphabetical order. */
export function formatHash({ view, params }: Route): string {
  const query = new URLSearchParams(Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1))).toString();
  return `#/${view}${query && `?${query}`}`;
}
