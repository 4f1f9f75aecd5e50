/** The space section of a recipe as text, both ways. */
import { recipeSchema } from '../../../shared/schema/recipe.ts';
import { spaceProblems } from '../../../shared/domain/layer-space.ts';
import { lineOf, readJson, type JsonProblem } from './json-lines.ts';
import type { Space, SpaceNet } from './space-edits.ts';

/** `{"space": {…}}` with sets on one line, as people write it. */
export function formatSpace(space: Space): string {
  const list = (values: readonly unknown[]): string => `[${values.map((value) => JSON.stringify(value)).join(', ')}]`;
  const fields = (object: object, indent: string): string =>
    Object.entries(object)
      .map(([key, value]) => `${indent}${JSON.stringify(key)}: ${Array.isArray(value) ? list(value) : layers(value as object, indent)}`)
      .join(',\n');
  const layers = (object: object, indent: string): string => {
    const entries = Object.entries(object);
    if (entries.length === 0) return '{}';
    const body = entries
      .map(([name, own]) => {
        const inner = fields(own as object, `${indent}    `);
        return `${indent}  ${JSON.stringify(name)}: ${inner ? `{\n${inner}\n${indent}  }` : '{}'}`;
      })
      .join(',\n');
    return `{\n${body}\n${indent}}`;
  };
  return `{\n  "space": {\n${fields(space, '    ')}\n  }\n}`;
}

export interface TextProblem {
  /** from 1 */
  line: number;
  /** a sentence, or what the reader of JSON found */
  text: string | JsonProblem;
}
export interface SpaceText {
  /** null while the text is not a space */
  space: Space | null;
  problems: TextProblem[];
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads `{"space": {…}}` or the section alone.
 * @param net the network that it is for; null while unknown
 * @param beside what to say of a section beside `space`
 */
export function readSpace(text: string, net: SpaceNet | null, beside: (name: string) => string): SpaceText {
  const read = readJson(text);
  if (!read.ok) return { space: null, problems: [{ line: read.problem.line, text: read.problem }] };
  const wrapped = isObject(read.value) && 'space' in read.value;
  const base = wrapped ? ['space'] : [];
  if (wrapped) {
    const others = Object.keys(read.value as object).filter((name) => name !== 'space');
    if (others.length) return { space: null, problems: others.map((name) => ({ line: lineOf(read.lines, [name]), text: beside(name) })) };
  }
  const parsed = recipeSchema.shape.space.safeParse(wrapped ? (read.value as { space: unknown }).space : read.value);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue): TextProblem[] => {
      const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
      const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path];
      return paths.map((each) => ({
        line: lineOf(read.lines, [...base, ...each]),
        text: `${['space', ...each].join('.')}: ${issue.message}`,
      }));
    });
    return { space: null, problems };
  }
  const space = parsed.data;
  const problems = net ? spaceProblems(space, net.facts, net.points) : [];
  return {
    space,
    problems: problems.map((sentence) => {
      const name = Object.keys(space.layers).find((layer) => sentence.includes(`'${layer}'`));
      return { line: lineOf(read.lines, name === undefined ? [...base] : [...base, 'layers', name]), text: sentence };
    }),
  };
}
