/**
 * The one contract between the interface and its host (desktop: MessagePort; browser host: WebSocket). Inputs are
 * validated by the host with these schemas; both ends derive their types from it.
 */
import { eventIterator, type } from '@orpc/contract';
import { z } from 'zod';
import { EXPORT_FORMAT_IDS } from '../../domain/export-formats.ts';
import { FORM_KEYS, MAX_BITS, MIN_BITS, GRANULARITIES, SYMMETRIES } from '../../domain/form.ts';
import { CURVE_GROUPS } from '../../domain/thinning.ts';
import { configurationSchema } from '../../schema/configuration.ts';
import { recipeSchema } from '../../schema/recipe.ts';
import { MAX_PROFILE_REPEAT, PROFILE_REPEAT } from '../profile.ts';
import { settingsSchema, type Settings } from '../../schema/settings.ts';
import { data } from './data.ts';
import { base, pathSchema, phaseSchema, projectRef, runRef } from './common.ts';
import { models } from './models.ts';
import type { DataPreview, LayerView, NetworkView, SearchPoints, SensitivityView } from '../look.ts';
import type {
  AppInfo,
  CurveBlock,
  EngineView,
  FolderListing,
  HostEvent,
  JobView,
  MetricBlock,
  ProjectView,
  RecentProject,
  RunView,
  SampleLabel,
  SampleView,
  ShelfEntry,
} from './views.ts';

const windowId = z.string().min(1).max(64);
/** What the interface keeps of a project in ui.json goes to every window with each change of the project. */
const uiFacts = z
  .record(z.string().max(200), z.unknown())
  .refine((facts) => JSON.stringify(facts).length <= 2 ** 20, 'holds more than 1 MB');
const bits = z.number().int().min(MIN_BITS).max(MAX_BITS);
const average = z.number().min(MIN_BITS).max(MAX_BITS);
const formKey = z.enum(FORM_KEYS as [string, ...string[]]);
const name = z.string().trim().min(1).max(200);
const jobRef = z.strictObject({ job: z.string().min(1).max(64) });
const shelfId = z.string().min(1).max(64);
const shelfRef = projectRef.extend({ id: shelfId });

const app = {
  info: base.output(type<AppInfo>()),
  /** one stream for each window; it starts with the jobs and, for each open project, its view */
  events: base.input(z.strictObject({ window: windowId })).output(eventIterator(type<HostEvent>())),
  /** opens a https address in the person's browser; desktop only */
  openExternal: base.input(z.strictObject({ url: z.url({ protocol: /^https$/ }).max(2048) })).output(type<void>()),
  /** shows a file or folder in the system's file manager; desktop only */
  reveal: base.input(z.strictObject({ path: pathSchema })).output(type<void>()),
};

const settings = {
  get: base.output(type<Settings>()),
  set: base.input(settingsSchema.partial()).output(type<Settings>()),
};

const dialogs = {
  /** a dialog of the system; null when it was cancelled. Fails where `nativeDialogs` is false */
  open: base
    .input(
      z.strictObject({ kind: z.enum(['project', 'folder', 'recipe', 'configuration', 'model', 'images']), title: z.string().max(200) }),
    )
    .output(type<string | null>()),
  /** asks for a place and writes the text there; null when it was cancelled. Fails where `nativeDialogs` is false */
  saveText: base
    .input(z.strictObject({ name: name, content: z.string().max(64 * 2 ** 20), title: z.string().max(200) }))
    .output(type<string | null>()),
};

const files = {
  list: base.input(z.strictObject({ path: pathSchema.optional() })).output(type<FolderListing>()),
  /** whether a new project may lie there; null = yes, else the sentence why not */
  checkNewProject: base.input(z.strictObject({ path: pathSchema })).output(type<string | null>()),
};

const recipes = {
  samples: base.output(type<SampleView[]>()),
  /** reads a recipe from JSON text, or from a file: defaults filled in, or a sentence for every problem */
  parse: base
    .input(z.union([z.strictObject({ text: z.string().max(2 ** 20) }), z.strictObject({ path: pathSchema })]))
    .output(type<{ recipe: z.infer<typeof recipeSchema> | null; problems: string[] }>()),
  /** `project`: where imported networks lie, which a recipe names */
  network: base.input(z.strictObject({ recipe: recipeSchema, project: pathSchema.optional() })).output(type<NetworkView>()),
  preview: base
    .input(
      z.strictObject({
        recipe: recipeSchema,
        split: z.enum(['train', 'validation', 'test']),
        offset: z.number().int().min(0),
        count: z.number().int().min(1).max(512),
        /** only images of this class */
        label: z.number().int().min(0).optional(),
        /** with the random changes of training applied (shift and the list `augment`; mixup is not shown) */
        augmented: z.boolean().default(false),
      }),
    )
    .output(type<DataPreview>()),
};

const projects = {
  recent: base.output(type<RecentProject[]>()),
  forget: base.input(z.strictObject({ folder: pathSchema })).output(type<void>()),
  /** makes the folder with this recipe as its draft, and opens it */
  create: base.input(z.strictObject({ folder: pathSchema, recipe: recipeSchema, window: windowId })).output(type<ProjectView>()),
  open: base.input(z.strictObject({ folder: pathSchema, window: windowId })).output(type<ProjectView>()),
  close: base.input(projectRef.extend({ window: windowId })).output(type<void>()),
  view: base.input(projectRef).output(type<ProjectView>()),
  /**
   * Stores the recipe that is being edited. `revision` is the one it was based on: another window's newer draft makes it
   * fail with `stale`, and the caller shows the newer one.
   */
  saveDraft: base
    .input(projectRef.extend({ recipe: recipeSchema, revision: z.number().int(), window: windowId }))
    .output(type<{ revision: number; savedAt: number }>()),
  saveUi: base.input(projectRef.extend({ ui: uiFacts, window: windowId })).output(type<void>()),
};

const seriesChoice = {
  series: z.array(z.string().max(200)).max(500).optional(),
  prefixes: z.array(z.string().max(200)).max(100).optional(),
};

const runs = {
  /**
   * Queues a run of the recipe. `until` ends it after that phase; it can go on later.
   * @returns the job, and the run's id
   */
  start: base
    .input(projectRef.extend({ recipe: recipeSchema, until: phaseSchema.optional() }))
    .output(type<{ job: string; run: string }>()),
  /**
   * Goes on with a stopped, failed or partly done run; `from` does that phase and all later ones again, with `recipe` in
   * another way: only what the phases before `from` rest on has to be the same
   */
  resume: base
    .input(runRef.extend({ from: phaseSchema.optional(), until: phaseSchema.optional(), recipe: recipeSchema.optional() }))
    .output(type<{ job: string; run: string }>()),
  /** the run's own later sections (predictor, search, export) may change before a phase that they steer is done */
  amend: base.input(runRef.extend({ recipe: recipeSchema })).output(type<void>()),
  /** whole series: the named ones, those whose names begin in one of the ways, or all */
  metrics: base.input(runRef.extend(seriesChoice)).output(type<MetricBlock[]>()),
  /**
   * The same series as curves, thinned where they have more points than a chart can show. With `range`, in steps, only what lies
   * there, with the points before it that smoothing remembers
   */
  curves: base
    .input(
      runRef.extend({
        ...seriesChoice,
        /** groups of neighbours that a long series is cut into */
        groups: z.number().int().min(1).max(4096).default(CURVE_GROUPS),
        range: z.strictObject({ from: z.number(), to: z.number() }).optional(),
      }),
    )
    .output(type<CurveBlock[]>()),
  log: base.input(runRef).output(type<RunView['log']>()),
  label: base.input(runRef.extend({ label: z.string().max(200) })).output(type<void>()),
  /** deletes the run with its checkpoints and exports */
  remove: base.input(runRef).output(type<void>()),
  /** what was measured for the predictor so far, in the order of the measurements */
  samples: base.input(runRef).output(type<SampleLabel[]>()),
  /** what the search has looked at, newest search last */
  explored: base.input(runRef).output(type<SearchPoints[]>()),
  layer: base
    .input(
      runRef.extend({
        layer: z.string().min(1).max(200),
        bits,
        granularity: z.enum(GRANULARITIES),
        symmetry: z.enum(SYMMETRIES),
        bins: z.number().int().min(8).max(256).default(80),
      }),
    )
    .output(type<LayerView>()),
  sensitivity: base.input(runRef.extend({ activations: z.boolean().default(false) })).output(type<SensitivityView>()),
  predict: base
    .input(runRef.extend({ configurations: z.array(configurationSchema).min(1).max(5000) }))
    .output(type<{ predicted: number[]; rmse: number }>()),
};

const jobs = {
  list: base.output(type<JobView[]>()),
  /** holds the job at the end of its current step; nothing is lost and nothing is unloaded */
  pause: base.input(jobRef).output(type<void>()),
  resume: base.input(jobRef).output(type<void>()),
  /** finishes the step, writes a checkpoint and ends; `keep` takes the training as it is now for finished and does not go on to the next phase */
  stop: base.input(jobRef.extend({ keep: z.boolean().default(false) })).output(type<void>()),
  /** writes a checkpoint now and goes on */
  snapshot: base.input(jobRef).output(type<void>()),
  /** what an ended `measure`, `search` or `export` found; null for others, and before the end */
  result: base.input(jobRef).output(type<unknown>()),
  /** takes an ended job out of the list */
  dismiss: base.input(jobRef).output(type<void>()),
  /** measures configurations on the test images of a run; each lands on the shelf */
  measure: base
    .input(
      runRef.extend({
        entries: z
          .array(
            z.strictObject({
              configuration: configurationSchema,
              name: name,
              candidateId: z.string().max(200).nullable(),
              shelf: shelfId.optional(),
            }),
          )
          .min(1)
          .max(200),
      }),
    )
    .output(type<{ job: string }>()),
  /** searches with the run's predictor under one average-bit target */
  search: base
    .input(runRef.extend({ weights: average, activations: average, forms: z.array(formKey).min(1) }))
    .output(type<{ job: string }>()),
  /** writes a configuration for another runtime and proves it; `file` left out = the run's exports folder */
  export: base
    .input(
      runRef.extend({
        configuration: configurationSchema,
        name: name,
        candidateId: z.string().max(200).nullable(),
        format: z.enum(EXPORT_FORMAT_IDS),
        file: pathSchema.optional(),
      }),
    )
    .output(type<{ job: string }>()),
};

const shelf = {
  add: base
    .input(
      runRef.extend({
        name: name,
        configuration: configurationSchema,
        candidateId: z.string().max(200).nullable(),
        compare: z.boolean().default(false),
      }),
    )
    .output(type<ShelfEntry>()),
  update: base.input(shelfRef.extend({ name: name.optional(), configuration: configurationSchema.optional() })).output(type<ShelfEntry>()),
  /** puts it into Compare, at the first free letter or the given one, or takes it out (null) */
  compare: base.input(shelfRef.extend({ slot: z.enum(['A', 'B', 'C', 'D', 'free']).nullable() })).output(type<ShelfEntry>()),
  remove: base.input(shelfRef).output(type<void>()),
};

const engine = {
  view: base.output(type<EngineView>()),
  doctor: base.output(type<EngineView>()),
  /** queues the set-up of the native engine; progress comes with the job */
  install: base
    .input(z.strictObject({ gpu: z.boolean().default(false), force: z.boolean().default(false) }))
    .output(type<{ job: string }>()),
  /** measures where the time of a training step goes, on images of noise; the job's result is a `StepProfile`, which nothing stores */
  profile: base
    .input(projectRef.extend({ recipe: recipeSchema, repeat: z.number().int().min(1).max(MAX_PROFILE_REPEAT).default(PROFILE_REPEAT) }))
    .output(type<{ job: string }>()),
};

export const contract = { app, settings, dialogs, files, data, recipes, models, projects, runs, jobs, shelf, engine };
export type Contract = typeof contract;
