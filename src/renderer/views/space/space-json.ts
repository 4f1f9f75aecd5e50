/** The space section of a recipe as text, both ways. */
import type { z } from 'zod';
import { recipeSchema } from '../../../shared/schema/recipe.ts';
import { spaceProblems } from '../../../shared/domain/layer-space.ts';
import { lineOf, readJson, type JsonProblem } from './json-lines.ts';
import type { Space, SpaceNet } from './space-edits.ts';

const WIDTH = 46;

/** JSON with lists on one line where they fit, `at` columns after the start of their line. */
function print(value: unknown, indent: string, at: number): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((item) => JSON.stringify(item)).join(', ');
    return at + items.length + 3 <= WIDTH ? `[${items}]` : `[\n${inner}${items}\n${indent}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, own]) => {
    const start = `${inner}${JSON.stringify(key)}: `;
    return start + print(own, inner, start.length);
  });
  return entries.length ? `{\n${entries.join(',\n')}\n${indent}}` : '{}';
}

/** `{"space": {…}}` with sets on one line, as people write it. */
export const formatSpace = (space: Space): string => print({ space }, '', 0);

/** What is wrong with a value: a key of the sentence below `space.json.issue`, and what it says. */
export interface ValueProblem {
  issue: 'above' | 'below' | 'whole' | 'empty' | 'choose' | 'unknown' | 'type' | 'other';
  path: string;
  found: string;
  allowed: string;
}
export interface TextProblem {
  /** from 1 */
  line: number;
  /** a sentence, or what was found */
  text: string | JsonProblem | ValueProblem;
}
export interface SpaceText {
  /** null while the text is not a space */
  space: Space | null;
  problems: TextProblem[];
}

type Path = readonly (string | number)[];
type Issue = z.core.$ZodIssue;
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const valueAt = (root: unknown, path: Path): unknown =>
  path.reduce<unknown>((at, key) => (at as Record<string | number, unknown> | undefined)?.[key], root);

function explain(issue: Issue, path: Path, value: unknown): ValueProblem {
  const found = value === undefined ? '' : JSON.stringify(value);
  const problem = (name: ValueProblem['issue'], allowed = ''): ValueProblem => ({
    issue: name,
    path: ['space', ...path].join('.'),
    found,
    allowed,
  });
  switch (issue.code) {
    case 'too_big':
      return problem('above', String(issue.maximum));
    case 'too_small':
      return issue.origin === 'array' ? problem('empty') : problem('below', String(issue.minimum));
    case 'invalid_value':
      return problem('choose', issue.values.map((each) => JSON.stringify(each)).join(', '));
    case 'unrecognized_keys':
      return problem('unknown');
    case 'invalid_type':
      return typeof value === 'number' ? problem('whole') : problem('type', issue.expected);
    default:
      return problem('other', issue.message);
  }
}

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
  const section = wrapped ? (read.value as { space: unknown }).space : read.value;
  const parsed = recipeSchema.shape.space.safeParse(section);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue): TextProblem[] => {
      const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
      const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path];
      return paths.map((each) => ({ line: lineOf(read.lines, [...base, ...each]), text: explain(issue, each, valueAt(section, each)) }));
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
