import { shallowRef, type ShallowRef } from 'vue';

/** Design tokens at run time. Reading one inside an effect ties the effect to the theme. */
export interface Tokens {
  /** @param name `--text-3`, `var(--text-3)` or a colour that needs no look-up */
  color(name: string): string;
  readonly font: string;
}

// Single quotes: ECharts writes the list into an attribute as it is.
export const FONT = "'Inter Variable', Inter, system-ui, 'Segoe UI', 'Helvetica Neue', sans-serif";

const version: ShallowRef<number> = shallowRef(0);
const known = new Map<string, string>();
let watching = false;

function refresh(): void {
  known.clear();
  version.value++;
}

function watchTheme(): void {
  watching = true;
  new MutationObserver(refresh).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class'] });
  // Charts that were drawn before the font was there have their labels measured in another one.
  void document.fonts?.load(`11px ${FONT}`).then(refresh, () => undefined);
}

function color(name: string): string {
  void version.value;
  const variable = /^(?:var\()?(--[\w-]+)\)?$/.exec(name)?.[1];
  if (!variable) return name;
  let value = known.get(variable);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
    known.set(variable, value);
  }
  return value;
}

/** The tokens of the theme that is shown; what reads them is drawn again when the theme changes. */
export function useTokens(): Tokens {
  if (!watching) watchTheme();
  return { color, font: FONT };
}

/** Text with every `var(--name)` replaced by its present value, for pictures that leave the page. */
export function withoutVariables(text: string): string {
  return text.replace(/var\((--[\w-]+)\)/g, (whole, variable: string) => color(variable) || whole);
}

/** A mix of two `#rrggbb` colours; share 0 gives the first, 1 the second. */
export function mix(first: string, second: string, share: number): string {
  const part = (hex: string, at: number) => Number.parseInt(hex.slice(at, at + 2), 16);
  const channel = (at: number) =>
    Math.round(part(first, at) + (part(second, at) - part(first, at)) * share)
      .toString(16)
      .padStart(2, '0');
  return first.length === 7 && second.length === 7 ? `#${channel(1)}${channel(3)}${channel(5)}` : first;
}
