import { Argument, InvalidArgumentError, Option } from 'commander';
import { PHASES } from '../shared/contract/job-protocol.ts';
import { MAX_PROFILE_REPEAT } from '../shared/contract/profile.ts';
import { FORM_KEYS, GRANULARITIES, MAX_BITS, MIN_BITS, SYMMETRIES, type FormKey } from '../shared/domain/form.ts';

const MAX_SEED = 2 ** 32 - 1;
const MAX_THREADS = 1024;

function number(text: string, what: string, low: number, high: number, whole: boolean): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < low || value > high || (whole && !Number.isInteger(value))) {
    throw new InvalidArgumentError(`It must be ${what}.`);
  }
  return value;
}

export const parseBits = (text: string): number => number(text, `a whole number from ${MIN_BITS} to ${MAX_BITS}`, MIN_BITS, MAX_BITS, true);
export const parseAverage = (text: string): number => number(text, `a number from ${MIN_BITS} to ${MAX_BITS}`, MIN_BITS, MAX_BITS, false);
export const parseCount = (text: string): number => number(text, 'a whole number of at least 1', 1, Number.MAX_SAFE_INTEGER, true);

export const parseRepeat = (text: string): number =>
  number(text, `a whole number from 1 to ${MAX_PROFILE_REPEAT}`, 1, MAX_PROFILE_REPEAT, true);
export const parseThreads = (text: string): number => number(text, `a whole number from 1 to ${MAX_THREADS}`, 1, MAX_THREADS, true);

export const parseSeed = (text: string): number => number(text, `a whole number from 0 to ${MAX_SEED}`, 0, MAX_SEED, true);

/** A folder name; an empty one, say of a variable that is not set, would mean the current folder. */
export function parseFolder(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must not be empty.');
  return text;
}

function parseForms(text: string, previous: FormKey[] | undefined): FormKey[] {
  const forms = text.split(',').map((name) => name.trim());
  const wrong = forms.find((name) => !FORM_KEYS.includes(name as FormKey));
  if (wrong !== undefined) throw new InvalidArgumentError(`'${wrong}' is not one of ${FORM_KEYS.join(', ')}.`);
  return [...new Set([...(previous ?? []), ...(forms as FormKey[])])];
}

export const projectArgument = (): Argument => new Argument('<dir>', 'project folder').argParser(parseFolder);
export const jsonOption = (): Option =>
  new Option('--json', 'print one JSON object on standard output and nothing else there (docs/cli.md)');
export const runOption = (): Option =>
  new Option('--run <id>', "the run to use (see 'eqnet show'); default: the latest with a trained supernet");
export const fromOption = (): Option =>
  new Option('--from <phase>', 'do this phase and all later ones of the latest run again').choices(PHASES);
export const untilOption = (): Option =>
  new Option('--until <phase>', 'end after this phase; --resume does the rest later').choices(PHASES);
export const formOption = (): Option =>
  new Option(
    '--form <forms>',
    'forms to search, separated by commas (letters: t|c granularity, s|a weights, s|a activations); default: those of the recipe',
  ).argParser(parseForms);
export const granularityOption = (): Option =>
  new Option('--granularity <g>', 'one step size per weight tensor or per output channel').choices(GRANULARITIES);
export const formsOption = (): Option =>
  new Option('--forms <how>', 'with --random: one form for the network or one for each layer; default: network').choices([
    'network',
    'layer',
  ]);
export const symmetryOption = (what: 'weight' | 'activation'): Option =>
  new Option(`--${what}-symmetry <s>`, `symmetric or asymmetric quantization of the ${what}s`).choices(SYMMETRIES);
/** @param otherwise the engine without the option */
export const engineOption = (otherwise: string): Option =>
  new Option(
    '--engine <name>',
    `what computes: session or eager (TensorFlow), portable (WebAssembly), or auto for the fastest there is; default: ${otherwise}`,
  ).choices(['auto', 'session', 'eager', 'portable']);
