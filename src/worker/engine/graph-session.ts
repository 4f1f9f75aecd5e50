import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { TfBinding } from './binding.ts';
import { message, type GraphWriter } from './graph-def.ts';
import type { HostArray, Shape } from './graph.ts';
import { TF_TYPE } from './lowering.ts';

export interface SessionFeed {
  readonly name: string;
  readonly shape: Shape;
  readonly data: HostArray;
}

/** A TensorFlow session with a graph of its own and the variables in it. */
export interface GraphSession {
  /** See `Executor.feedMilliseconds`. */
  readonly feedMilliseconds: number;
  /** Runs what the fetched ops need; feeds and fetches are names of ops. Returns one array for each fetch. */
  run(feeds: readonly SessionFeed[], fetches: readonly string[]): HostArray[];
  dispose(): void;
}

type Handle = object;

/** Exports of our own native module; see resources/engine/native/session_api.cc. */
export interface SessionModule {
  openSession(graph: Uint8Array, config: Uint8Array): Handle;
  /** Keeps copies for the next `runSession`. */
  feedSession(session: Handle, names: readonly string[], arrays: readonly HostArray[], shapes: readonly Shape[]): void;
  runSession(session: Handle, fetches: readonly string[]): HostArray[];
  closeSession(session: Handle): void;
}

/** The first output of each op. */
const outputs = (names: readonly string[]) => names.map((name) => `${name}:0`);

/** Runs `work`; what it throws becomes the engine's error. */
function engine<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new WorkbenchError('engine-failed', `${what}: ${(error as Error).message}`, {}, error);
  }
}
const REFUSED = 'TensorFlow refused the graph';
const STOPPED = 'TensorFlow stopped';

/**
 * A ConfigProto (tensorflow/core/protobuf/config.proto) without Grappler: our graphs are fused before they get here, and what it
 * does to them for each new kind of call takes up to a second. TensorFlow's older optimizer, which folds constants and takes equal
 * ops as one, stays.
 */
const WITHOUT_GRAPPLER = ((): Uint8Array => {
  const rewriterConfig = message((w) => w.uint32(19 << 3).bool(true)); // disable_meta_optimizer
  const graphOptions = message((w) => w.uint32((10 << 3) | 2).bytes(rewriterConfig));
  return message((w) => w.uint32((10 << 3) | 2).bytes(graphOptions));
})();

/** Through our own native module. */
class NativeSession implements GraphSession {
  feedMilliseconds = 0;
  private readonly session: Handle;

  constructor(
    private readonly module: SessionModule,
    graph: GraphWriter,
  ) {
    this.session = engine(REFUSED, () => module.openSession(graph.graphDef(), WITHOUT_GRAPPLER));
  }

  run(feeds: readonly SessionFeed[], fetches: readonly string[]): HostArray[] {
    const { module, session } = this;
    return engine(STOPPED, () => {
      const started = performance.now();
      module.feedSession(
        session,
        outputs(feeds.map(({ name }) => name)),
        feeds.map(({ data }) => data),
        feeds.map(({ shape }) => shape),
      );
      this.feedMilliseconds += performance.now() - started;
      return module.runSession(session, outputs(fetches));
    });
  }

  dispose(): void {
    this.module.closeSession(this.session);
  }
}

/** Through the addon, which opens nothing but a SavedModel on disk. */
class AddonSession implements GraphSession {
  feedMilliseconds = 0;
  private readonly model: number;

  constructor(
    private readonly binding: TfBinding,
    graph: GraphWriter,
  ) {
    const directory = mkdtempSync(join(tmpdir(), 'eqnet-graph-'));
    try {
      // A full disk is not the engine's fault and has its own way out.
      writeFileSync(join(directory, 'saved_model.pb'), graph.savedModel());
      this.model = engine(REFUSED, () => binding.loadSavedModel(directory, 'serve'));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  run(feeds: readonly SessionFeed[], fetches: readonly string[]): HostArray[] {
    const { binding } = this;
    const started = performance.now();
    const ids = feeds.map(({ shape, data }) =>
      binding.createTensor(shape, data instanceof Float32Array ? TF_TYPE.float32 : TF_TYPE.int32, data),
    );
    this.feedMilliseconds += performance.now() - started;
    try {
      const names = outputs(feeds.map(({ name }) => name)).join(',');
      const results = engine(STOPPED, () => binding.runSavedModel(this.model, ids, names, outputs(fetches).join(',')));
      try {
        return results.map(({ id }) => binding.tensorDataSync(id) as HostArray);
      } finally {
        for (const { id } of results) binding.deleteTensor(id);
      }
    } finally {
      for (const id of ids) binding.deleteTensor(id);
    }
  }

  dispose(): void {
    this.binding.deleteSavedModel(this.model);
  }
}

/**
 * Opens a session on a graph.
 * @param module our own native module, null where it is not loaded
 * @throws WorkbenchError `engine-failed` with TensorFlow's words where it refuses the graph
 */
export const openSession = (binding: TfBinding, module: SessionModule | null, graph: GraphWriter): GraphSession =>
  module ? new NativeSession(module, graph) : new AddonSession(binding, graph);
