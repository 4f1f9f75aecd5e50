/** The whole recipe as text, both ways. */
import { toWorkbenchError } from '../../../shared/contract/client.ts';
import { parseRecipe } from '../../../shared/schema/presets.ts';
import { recipeSchema, type Recipe } from '../../../shared/schema/recipe.ts';
import { lineOf, readJson, type JsonProblem } from '../space/json-lines.ts';

/** JSON as people write it: lists of plain values on one line. */
export function formatRecipe(value: unknown, indent = ''): string {
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null))
    return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const members = Array.isArray(value)
    ? value.map((item) => inner + formatRecipe(item, inner))
    : Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([key, member]) => `${inner}${JSON.stringify(key)}: ${formatRecipe(member, inner)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return members.length === 0 ? open + close : `${open}\n${members.join(',\n')}\n${indent}${close}`;
}

export interface TextProblem {
  /** from 1; null where no line is to blame */
  line: number | null;
  /** a sentence, or what the reader of JSON found */
  text: string | JsonProblem;
}

/** Reads a recipe from text: defaults filled in, or every problem with its line. */
export function readRecipeText(text: string): { recipe: Recipe | null; problems: TextProblem[] } {
  const read = readJson(text);
  if (!read.ok) return { recipe: null, problems: [{ line: read.problem.line, text: read.problem }] };
  try {
    return { recipe: parseRecipe(read.value, 'The text'), problems: [] };
  } catch (error) {
    const { message, details } = toWorkbenchError(error);
    const places = recipeSchema.safeParse(read.value).error?.issues ?? [];
    const problems = places.flatMap((issue): TextProblem[] => {
      const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
      if (issue.code === 'unrecognized_keys')
        return issue.keys.map((key) => ({ line: lineOf(read.lines, [...path, key]), text: `unknown field '${[...path, key].join('.')}'` }));
      return [{ line: lineOf(read.lines, path), text: `${path.join('.')}${path.length ? ': ' : ''}${issue.message}` }];
    });
    if (problems.length > 0) return { recipe: null, problems };
    // what a preset adds may contradict the text: that stands on no line
    const sentences = Array.isArray(details.problems) ? details.problems.map(String) : [message];
    return { recipe: null, problems: sentences.map((sentence) => ({ line: null, text: sentence })) };
  }
}
