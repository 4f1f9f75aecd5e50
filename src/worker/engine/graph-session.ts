import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { SessionHandle, SessionModule, TfBinding } from './binding.ts';
import { configWithoutGrappler, savedModel, type GraphWriter } from './graph-def.ts';
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
  /**
   * Runs what the fetched ops and the targets need, all by their names. Returns one array for each fetch.
   * @param targets of `GraphWriter.targets`
   */
  run(feeds: readonly SessionFeed[], fetches: readonly string[], targets?: readonly string[]): HostArray[];
  dispose(): void;
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
/** The node that is fetched where a target is to be run through the addon. */
const ran = (target: string) => `ran/${target}`;
const REFUSED = 'TensorFlow refused the graph';
const STOPPED = 'TensorFlow stopped';

/** Through our own native module. */
class NativeSession implements GraphSession {
  feedMilliseconds = 0;
  private readonly session: SessionHandle;

  constructor(
    private readonly module: SessionModule,
    graph: GraphWriter,
  ) {
    this.session = engine(REFUSED, () => module.openSession(graph.finish(), configWithoutGrappler()));
  }

  run(feeds: readonly SessionFeed[], fetches: readonly string[], targets: readonly string[] = []): HostArray[] {
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
      return module.runSession(session, outputs(fetches), targets);
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
    // What it runs must give something.
    const given = { data: Float32Array.of(1), shape: [] };
    for (const target of graph.targets)
      graph.node(ran(target), 'Const', [`^${target}`], { dtype: { kind: 'type', value: TF_TYPE.float32 } }, given);
    const directory = mkdtempSync(join(tmpdir(), 'eqnet-graph-'));
    try {
      // A full disk is not the engine's fault and has its own way out.
      writeFileSync(join(directory, 'saved_model.pb'), savedModel(graph.finish()));
      this.model = engine(REFUSED, () => binding.loadSavedModel(directory, 'serve'));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  run(feeds: readonly SessionFeed[], fetches: readonly string[], targets: readonly string[] = []): HostArray[] {
    const { binding } = this;
    const started = performance.now();
    const ids = feeds.map(({ shape, data }) =>
      binding.createTensor(shape, data instanceof Float32Array ? TF_TYPE.float32 : TF_TYPE.int32, data),
    );
    this.feedMilliseconds += performance.now() - started;
    try {
      const names = outputs(feeds.map(({ name }) => name)).join(',');
      const wanted = outputs([...fetches, ...targets.map(ran)]).join(',');
      const results = engine(STOPPED, () => binding.runSavedModel(this.model, ids, names, wanted));
      try {
        return results.slice(0, fetches.length).map(({ id }) => binding.tensorDataSync(id) as HostArray);
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
