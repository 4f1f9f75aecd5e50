/** What the host tells the interface: plain JSON, derived from what is stored. Accuracies are 0..1, sizes bytes, times ms since 1970. */
import type { Configuration } from '../../schema/configuration.ts';
import type { Recipe } from '../../schema/recipe.ts';
import type { DoctorReport } from '../engine-report.ts';
import type { ErrorPayload } from '../errors.ts';
import type {
  Candidate,
  ExportResult,
  GridCell,
  MeasuredCandidate,
  OpenedInfo,
  Phase,
  PredictorResult,
  Sample,
  SupernetResult,
} from '../job-protocol.ts';
import type { SearchPoints } from '../look.ts';

export type RunState = 'running' | 'stopped' | 'failed' | 'done';
export type PhaseState = 'pending' | 'running' | 'done' | 'failed' | 'stopped';
export type ExecutorName = 'session' | 'eager' | 'portable';

/** A candidate with what was measured of it; everything here is null while it is not measured. */
export interface ReportedCandidate extends Candidate {
  /** test accuracy, 0..1 */
  measured: number | null;
  measuredImages: number | null;
  /** 95 % interval of `measured` */
  interval: MeasuredCandidate['interval'] | null;
  /** 0..1; the front and the best of a target are chosen by it */
  validationAccuracy: number | null;
  /** `measured` less that of the uniform configuration of its target and form, image by image; null also without one */
  versusUniform: MeasuredCandidate['versusUniform'];
}

export interface ReportedExport extends Omit<ExportResult, 'candidateId'> {
  /** the candidate that was exported; null for a configuration of the user's own */
  candidateId: string | null;
  configuration: Configuration | null;
  /** ISO 8601, UTC; null for a file that the run itself wrote */
  createdAt: string | null;
}

/** One run as `eqnet show --json` prints it; the shape is documented in docs/cli.md. */
export interface RunReport {
  id: string;
  recipe: string;
  title: string;
  state: RunState;
  createdAt: string;
  /** why the last attempt ended early */
  error: { code: ErrorPayload['code']; message: string } | null;
  engine: { executor: ExecutorName; version: string; threads: number | null; gpu: boolean | null };
  images: OpenedInfo['images'] | null;
  network: { architecture: string; parameters: number; layers: OpenedInfo['layers'] } | null;
  phases: Record<Phase, { state: PhaseState; seconds: number }>;
  digest: string | null;
  float: { accuracy: number; images: number } | null;
  calibrationOnly: GridCell[];
  supernet: SupernetResult | null;
  grid: GridCell[];
  predictor: PredictorResult | null;
  /** measured candidates that no other beats in validation accuracy, BitOps and size at once; ascending BitOps */
  front: ReportedCandidate[];
  /** everything the search proposed, the uniform baselines included */
  candidates: ReportedCandidate[];
  exports: ReportedExport[];
}

/** A measurement for the predictor, without its configuration. */
export type SampleLabel = Omit<Sample, 'configuration'>;

/** A run with what only the interface needs. */
export interface RunView extends RunReport {
  /** what it was started with */
  settings: Recipe;
  /** slot 1..7 of the palette of runs; stays with the run for ever */
  slot: number;
  /** a name that a person gave it; empty = none */
  label: string;
  /** last log lines, oldest first */
  log: { time: string; text: string }[];
}

/** A configuration that a person keeps: edited by hand, picked from a search, or chosen for Compare. */
export interface ShelfEntry {
  id: string;
  run: string;
  name: string;
  configuration: Configuration;
  /** the candidate of the run that it is or came from; null for one made by hand */
  candidateId: string | null;
  /** from CQAP; null while unknown */
  predicted: number | null;
  measured: {
    accuracy: number;
    images: number;
    interval: [number, number];
    /** correct answers and images of each class, in class order; null when it was measured before classes were counted */
    classes: { correct: number; images: number }[] | null;
  } | null;
  /** in Compare, with its slot there */
  compare: 'A' | 'B' | 'C' | 'D' | null;
  createdAt: string;
}

/** An open project as the interface sees it. */
export interface ProjectView {
  folder: string;
  name: string;
  createdAt: string;
  /** the recipe that is being edited (recipe.json in the project); every run keeps the one it was started with */
  draft: Recipe;
  /** grows by one with every stored draft */
  revision: number;
  savedAt: number;
  /** newest last */
  runs: RunView[];
  shelf: ShelfEntry[];
  /** small facts of the interface that belong to the project: chosen run, chart settings, baseline of Compare */
  ui: Record<string, unknown>;
}

export interface RecentProject {
  folder: string;
  name: string;
  openedAt: number;
  /** null when the folder is gone or cannot be read; `problem` says why */
  summary: {
    state: 'empty' | RunState;
    phase: Phase | null;
    recipe: string;
    /** best measured accuracy of any configuration */
    bestAccuracy: number | null;
    /** packed size of the smallest and largest measured configuration on the front */
    sizes: [number, number] | null;
    /** weight bits by layer of the last chosen configuration */
    bits: number[] | null;
  } | null;
  problem: string | null;
}

export type JobKind = 'run' | 'measure' | 'search' | 'export' | 'install' | 'data' | 'import' | 'export-model' | 'profile';
export type JobState = 'queued' | 'starting' | 'running' | 'pausing' | 'paused' | 'stopping' | 'done' | 'stopped' | 'failed';

/** Something that takes time. Jobs of a run carry its id. */
export interface JobView {
  id: string;
  kind: JobKind;
  state: JobState;
  project: string | null;
  run: string | null;
  /** one line for people, e.g. `mnist-quick-1` */
  title: string;
  phase: Phase | null;
  /** place of the phase, from 1 */
  phaseNumber: number;
  phases: number;
  /** the last phase that it does; null = all of them */
  until: Phase | null;
  progress: {
    unit: string;
    done: number;
    total: number;
    note: string;
    /** units a second; 0 while unknown */
    rate: number;
    /** seconds left in this phase: low and high; null while unknown */
    left: [number, number] | null;
  } | null;
  /** bytes of the worker's memory; null while unknown */
  rss: number | null;
  /** most of it so far, also of an ended job */
  mostRss: number | null;
  /** step of the newest checkpoint of the running phase, with its time */
  checkpoint: { step: number; at: number } | null;
  startedAt: number | null;
  endedAt: number | null;
  error: ErrorPayload | null;
}

/** A piece of one metric series. Base64 of little-endian Float64 steps and times (ms since 1970), Float32 values (NaN = no value). */
export interface MetricBlock {
  series: string;
  count: number;
  /** the first and their distance, where all are equally far apart */
  steps: string | { first: number; stride: number };
  times: string;
  values: string;
}

/** A curve with as many points as a chart can show: the points are those of the series that keep its shape. */
export interface CurveBlock extends MetricBlock {
  /** points that it stands for */
  total: number;
  /**
   * Null where every point is there. Else the series in groups of neighbours: mean step, time and value of each, and the base64 of
   * Uint32 counts of its points.
   */
  means: (Omit<MetricBlock, 'series'> & { counts: string }) | null;
}

export type HostEvent =
  | { type: 'jobs'; jobs: JobView[] }
  | { type: 'project'; view: ProjectView; /** the window that caused it, if one did */ origin: string | null }
  | { type: 'metrics'; project: string; run: string; blocks: MetricBlock[] }
  | { type: 'search'; project: string; run: string; rounds: SearchPoints[] }
  /** this window read too slowly, so points and log lines of the run were left out: read what is shown of it anew */
  | { type: 'gap'; project: string; run: string }
  | { type: 'log'; project: string; run: string; lines: { time: string; text: string }[] }
  | { type: 'settings'; settings: unknown }
  | { type: 'notice'; level: 'info' | 'ok' | 'warn' | 'error'; text: string; project: string | null; run: string | null }
  /** a menu, a shortcut of the system or another start of the program asks for an action of the interface */
  | { type: 'action'; action: string; argument: string | null };

export interface EngineView {
  executor: 'session' | 'portable';
  /** one sentence */
  summary: string;
  version: string;
  gpu: boolean;
  cores: number;
  memoryBytes: number;
  /** what can be set up on this machine; empty where there is no native engine for it */
  setups: EngineSetup[];
  /** as `eqnet engine doctor --json` prints it; null until it was asked */
  doctor: DoctorReport | null;
}

/** A native engine that this machine can have. Sizes in bytes. */
export interface EngineSetup {
  device: 'cpu' | 'gpu';
  tensorflow: string;
  downloadBytes: number;
  diskBytes: number;
  /** whether this very combination has been installed and run by us */
  proven: boolean;
}

export interface AppInfo {
  host: 'desktop' | 'browser';
  version: string;
  platform: string;
  arch: string;
  node: string;
  /** versions of Electron and Chromium; null in the browser host */
  electron: { electron: string; chrome: string } | null;
  cores: number;
  memoryBytes: number;
  /** whether `dialogs` opens dialogs of the system; else the interface shows its own picker over `files.list` */
  nativeDialogs: boolean;
  /** folder that is offered for new projects */
  projectsFolder: string;
  /** folders below which the path picker may look; empty = everywhere */
  roots: string[];
  licences: string;
}

export interface SampleView {
  recipe: Recipe;
  title: string;
  /** seconds that the whole recipe took on a machine like this when it was measured; null = not measured */
  estimateSeconds: [number, number] | null;
  network: string;
}

export interface FolderListing {
  path: string;
  parent: string | null;
  entries: { name: string; kind: 'folder' | 'project' | 'file'; bytes: number | null; modifiedAt: number | null }[];
  truncated: boolean;
}
