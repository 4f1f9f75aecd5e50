import { createHash } from 'node:crypto';
import { WorkbenchError } from '../shared/contract/errors.ts';
import { PHASES, type Phase } from '../shared/contract/job-protocol.ts';
import { canonicalJson, jsonDifferences } from '../shared/domain/canonical-json.ts';
import type { Recipe } from '../shared/schema/recipe.ts';
import { programVersion } from './package-root.ts';
import type { RunEngine, RunRecord } from './run-record.ts';

/** Differences that a sentence can hold. */
const SHOWN = 5;

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Fields of `data` that only some data sets use. Runs of before there were such have none. */
const OWN_DATA_FIELDS = ['format', 'size', 'channels', 'resize', 'classes', 'split', 'skipCorrupt'] as const;

function dataIdentity({ root: _root, ...data }: Recipe['data']): Record<string, unknown> {
  const plain: readonly string[] = data.dataset === 'files' || data.dataset === 'digits' ? [] : OWN_DATA_FIELDS;
  const own = data.augment?.length ? plain : [...plain, 'augment'];
  return Object.fromEntries(Object.entries(data).filter(([field]) => !own.includes(field)));
}

/**
 * What may not change between the parts of one run. Left out: names and where defaults came from, the wish for an engine (what was really chosen
 * counts), what is exported afterwards, and where the images lie (the worker compares the images themselves).
 */
function identity(recipe: Recipe, engine: RunEngine): Record<string, unknown> {
  const { name: _name, title: _title, preset: _preset, export: _export, engine: _engine, ...rest } = recipe;
  const data = dataIdentity(recipe.data);
  // Runs of before layers could have sets of their own have no such field: none and nothing are the same.
  const { layers = {}, ...network } = recipe.space;
  const space = Object.keys(layers).length ? recipe.space : network;
  const program = programVersion.split('.').slice(0, 2).join('.');
  return { ...rest, data, space, engine: { executor: engine.executor, version: engine.version }, program };
}

/** Guards every resume: equal exactly when a run can go on with this recipe on this engine. sha256, hexadecimal. */
export function fingerprintOf(recipe: Recipe, engine: RunEngine): string {
  return sha256(canonicalJson(identity(recipe, engine)));
}

/**
 * The first phase that each part of a recipe steers; what is not listed steers all. The longest path decides, so that a part
 * of a section may steer a later or an earlier phase than the section.
 */
const FIRST_USE: Readonly<Record<string, Phase>> = {
  space: 'calibrate',
  calibration: 'calibrate',
  evaluation: 'calibrate',
  'evaluation.batch': 'pretrain',
  'evaluation.gridBits': 'grid',
  supernet: 'supernet',
  predictor: 'predictor',
  'predictor.trainSamples': 'sample',
  'predictor.heldOutSamples': 'sample',
  'predictor.sampleImages': 'sample',
  'predictor.recalibrationImages': 'sample',
  'predictor.noiseSamples': 'sample',
  'predictor.heldOut': 'sample',
  'predictor.heldOutBits': 'sample',
  'predictor.heldOutForms': 'sample',
  search: 'search',
  'search.samplerDraws': 'sample',
  'search.measureImages': 'measure',
};

/** The first phase whose result depends on a field of a recipe, e.g. of `predictor.hidden`. */
export function firstUse(path: string): Phase {
  for (let prefix = path; prefix; prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf('.'))))
    if (prefix in FIRST_USE) return FIRST_USE[prefix];
  return 'pretrain';
}

interface Difference {
  /** e.g. `supernet.epochs: 2 -> 3` */
  phrase: string;
  phase: Phase;
}

function differencesOf(run: RunRecord, recipe: Recipe, engine: RunEngine): Difference[] {
  const text = (value: unknown) => (value === undefined ? 'left out' : JSON.stringify(value));
  const differences = jsonDifferences(identity(run.recipe, run.engine), identity(recipe, engine));
  if (differences.length)
    return differences.map(({ path, from, to }) => ({ phrase: `${path}: ${text(from)} -> ${text(to)}`, phase: firstUse(path) }));
  return run.fingerprint === fingerprintOf(recipe, engine) ? [] : [{ phrase: 'the version of the program', phase: 'pretrain' }];
}

/** @returns one phrase for each thing that differs, e.g. `supernet.epochs: 2 -> 3`; empty when a resume is possible */
export function fingerprintDifferences(run: RunRecord, recipe: Recipe, engine: RunEngine): string[] {
  return differencesOf(run, recipe, engine).map(({ phrase }) => phrase);
}

/**
 * Makes sure that the results which a run keeps are also those of this recipe and engine.
 * @param last the last phase whose result is kept; null = none is
 * @throws WorkbenchError `fingerprint-mismatch` naming what differs
 */
export function assertSameRun(run: RunRecord, recipe: Recipe, engine: RunEngine, last: Phase | null = PHASES[PHASES.length - 1]): void {
  const place = (phase: Phase) => PHASES.indexOf(phase);
  const found = last === null ? [] : differencesOf(run, recipe, engine).filter(({ phase }) => place(phase) <= place(last));
  if (!found.length) return;
  const differences = found.map(({ phrase }) => phrase);
  const more = differences.length > SHOWN ? `; and ${differences.length - SHOWN} more` : '';
  const otherEngine = differences.every((difference) => difference.startsWith('engine.')) && run.engine.executor !== engine.executor;
  const earliest = PHASES[Math.min(...found.map(({ phase }) => place(phase)))];
  const again = place(earliest) > 0 ? `, or do it again from '${earliest}' with --from ${earliest}` : '';
  const remedy = otherEngine ? `add --engine ${run.engine.executor}` : `take back the change${again}`;
  throw new WorkbenchError(
    'fingerprint-mismatch',
    `Run ${run.id} cannot go on with this ${otherEngine ? 'engine' : 'recipe'} (${differences.slice(0, SHOWN).join('; ')}${more}): ${remedy}, or leave out --resume and --from to start a new run.`,
    { run: run.id, differences, earliest },
  );
}
