/** Fields of a section of the recipe as a form shows them. Units and limits are those of the recipe's schema. */
import { describeRecipe } from '../../shared/schema/recipe-fields.ts';

export type FieldKind = 'integer' | 'number' | 'choice' | 'switch' | 'integers' | 'numbers' | 'bits' | 'forms';

export interface FormField {
  /** below its section, e.g. `hidden` */
  name: string;
  kind: FieldKind;
  min?: number;
  max?: number;
  step?: number;
  /** text below `recipe.unit` */
  unit?: 'images' | 'configurations' | 'epochs' | 'bits' | 'networks' | 'draws';
  choices?: readonly string[];
  /** may be left out */
  optional?: boolean;
}

const LIMIT = /^(?:(>=|<=|>) ?)?(-?\d+(?:\.\d+)?)(?:\.\.(-?\d+(?:\.\d+)?))?(?:, <= (\d+(?:\.\d+)?))?/;

/** Limits as the schema's description writes them: `2..8`, `>= 1`, `> 0, <= 1`. */
export function limitsOf(range: string): { min?: number; max?: number } {
  const found = LIMIT.exec(range);
  if (!found) return {};
  const [, sign, first, second, most] = found;
  if (second !== undefined) return { min: Number(first), max: Number(second) };
  if (sign === '<=') return { max: Number(first) };
  if (sign === '>=' || sign === '>') return { min: Number(first), ...(most && { max: Number(most) }) };
  return {};
}

let described: ReturnType<typeof describeRecipe> | undefined;

/** A field with limits, choices and default of the schema. */
export function withSchema(section: string, field: FormField): FormField & { fallback: unknown } {
  described ??= describeRecipe();
  const found = described.fields.find(({ path }) => path === `${section}.${field.name}`);
  if (!found) throw new Error(`the recipe has no field ${section}.${field.name}`);
  const choices = field.kind === 'choice' ? found.range.split(' | ') : field.choices;
  return {
    ...limitsOf(found.range),
    ...field,
    choices,
    fallback: found.default === null ? undefined : (JSON.parse(found.default) as unknown),
  };
}

/**
 * Reads `64, 64` or `2.5 3 4`; a decimal comma is understood where a space or semicolon divides. Null where something is no
 * number, or lies outside.
 */
export function readNumbers(text: string, field: Pick<FormField, 'kind' | 'min' | 'max'>): number[] | null {
  const divider = field.kind === 'integers' || text.includes('.') ? /[\s,;]+/ : /[\s;]+|,\s+/;
  const numbers = text
    .trim()
    .split(divider)
    .filter((word) => word !== '')
    .map((word) => Number(word.replace(',', '.')));
  const fits = numbers.every(
    (value) =>
      Number.isFinite(value) &&
      (field.kind !== 'integers' || Number.isInteger(value)) &&
      value >= (field.min ?? -Infinity) &&
      value <= (field.max ?? Infinity),
  );
  return fits && numbers.length > 0 ? numbers : null;
}
