import { createHash } from 'node:crypto';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { OpenedInfo, WorkerOptions } from '../../shared/contract/job-protocol.ts';
import { parseForm, type FormKey } from '../../shared/domain/form.ts';
import { parameterCount } from '../../shared/domain/layer-graph.ts';
import { requireSpace } from '../../shared/domain/layer-space.ts';
import { buildSearchSpace } from '../../shared/domain/space.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import type { DataSplits, ImageSet } from '../data/dataset.ts';
import { loadDataSplits } from '../data/load.ts';
import { hasFusedOps } from '../engine/binding.ts';
import type { Executor } from '../engine/executor.ts';
import type { HostArray, Program } from '../engine/graph.ts';
import { createExecutor, mlpEngine, type EngineOptions } from '../engine/index.ts';
import { initialParameters, parameterSpecs } from '../models/parameters.ts';
import { modelOf, type RecipeModel } from '../models/project-model.ts';
import type { PredictorEngine } from '../predictor/inference.ts';
import { drawSamples } from '../predictor/split.ts';
import { TableLayout } from '../quant/table-layout.ts';
import { requireFeasible, targetWindows } from '../search/window.ts';
import { CheckpointStore, type Checkpoint } from '../supernet/checkpoint.ts';
import { evaluatorOf, type Evaluator } from '../supernet/evaluator.ts';
import { readSupernet } from '../supernet/measuring.ts';
import { damagedCheckpoint } from '../formats/safetensors.ts';
import { TABLE_NAMES } from '../supernet/program-scope.ts';
import { buildProgram, trainingOptions, trainingVariables, type ProgramSizes } from '../supernet/program.ts';
import { engineFacts, threadsOf } from './engine-facts.ts';
import { availableBytes, requireMemory } from './memory-check.ts';
import type { Reporter } from './reporter.ts';
import type { RunControl } from './run-control.ts';

/** Names of the checkpoints of a run. */
export type CheckpointName = 'pretrain' | 'calibrate' | 'supernet';

function requireImages(set: ImageSet, wanted: number, field: string, split: string): void {
  if (wanted > set.count) {
    throw new WorkbenchError(
      'data-invalid',
      `'${field}' is ${wanted}, but the ${split} split has only ${set.count} images: lower it or use more images.`,
    );
  }
}

function checkSizes(recipe: Recipe, data: DataSplits): void {
  if (recipe.pretrain.epochs > 0) requireImages(data.train, recipe.pretrain.batch, 'pretrain.batch', 'training');
  requireImages(data.train, recipe.supernet.batch, 'supernet.batch', 'training');
  requireImages(data.train, recipe.calibration.images, 'calibration.images', 'training');
  requireImages(data.train, recipe.evaluation.recalibrationImages, 'evaluation.recalibrationImages', 'training');
  requireImages(data.train, recipe.predictor.recalibrationImages, 'predictor.recalibrationImages', 'training');
  requireImages(data.validation, recipe.predictor.sampleImages, 'predictor.sampleImages', 'validation');
  requireImages(data.validation, recipe.supernet.evaluateImages, 'supernet.evaluateImages', 'validation');
  if (recipe.evaluation.gridImages) requireImages(data.test, recipe.evaluation.gridImages, 'evaluation.gridImages', 'test');
  if (recipe.search.measureImages) requireImages(data.test, recipe.search.measureImages, 'search.measureImages', 'test');
}

/** What later phases would refuse is refused before hours of training. */
export function checkFeasible(recipe: Recipe, layout: TableLayout): void {
  requireSpace(recipe.space, layout.facts, layout.points);
  drawSamples(layout.facts, layout.points, recipe);
  const space = buildSearchSpace(layout.facts, layout.points, recipe.space);
  for (const form of recipe.search.forms as FormKey[])
    for (const target of recipe.search.targets) requireFeasible(space, targetWindows(target), parseForm(form));
}

function sizesOf({ pretrain, supernet, evaluation, predictor, calibration }: Recipe): ProgramSizes {
  return {
    pretrainBatch: pretrain.epochs > 0 ? pretrain.batch : 0,
    trainBatch: supernet.batch,
    evaluationBatch: evaluation.batch,
    recalibration: [evaluation.recalibrationImages, predictor.recalibrationImages],
    calibration: calibration.images,
  };
}
const ONE_IMAGE = { pretrainBatch: 1, trainBatch: 1, evaluationBatch: 1, recalibration: [1], calibration: 0 };

/** Everything that the phases of one run share: data, network, engine, checkpoints, and the way to the host. */
export class RunContext {
  readonly recipe: Recipe;
  readonly checkpoints: CheckpointStore;
  readonly program: Program;
  /** Called between units of work: lets messages in, holds while paused. @throws WorkbenchError `stopped` */
  readonly breathe: () => Promise<void>;
  private executorPromise: Promise<Executor> | null = null;
  private executorNow: Executor | null = null;
  private stateName: CheckpointName | null = null;
  private lastEvaluator: Evaluator | null = null;
  /** Always a number: sums are split among the threads, so their count is part of what makes a digest. */
  readonly threads: number;

  private constructor(
    readonly options: WorkerOptions,
    readonly reporter: Reporter,
    readonly control: RunControl,
    readonly data: DataSplits,
    readonly layout: TableLayout,
    private readonly model: RecipeModel,
  ) {
    this.breathe = control.breathe;
    this.recipe = options.recipe;
    this.threads = threadsOf(options.engine);
    this.checkpoints = new CheckpointStore(
      options.runDirectory,
      [options.fingerprint, data.digest, model.digest].filter(Boolean).join('-'),
    );
    this.program = buildProgram(layout, sizesOf(this.recipe), trainingOptions(this.recipe));
  }

  /** Loads the data and writes the network. @throws WorkbenchError when the recipe asks for more images than there are */
  static async open(options: WorkerOptions, reporter: Reporter, control: RunControl): Promise<RunContext> {
    const { recipe } = options;
    const data = await loadDataSplits(
      recipe.data,
      (done, total) => reporter.report({ phase: 'data', unit: 'image', done, total }),
      control.insideStep,
    );
    checkSizes(recipe, data);
    const { height, width, channels, classes } = data.train;
    const model = modelOf(recipe, [height, width, channels], classes, options.models);
    const layout = new TableLayout(model.graph);
    checkFeasible(recipe, layout);
    const context = new RunContext(options, reporter, control, data, layout, model);
    // a GPU has its own memory, of which nothing is known here
    if (!context.info().engine.gpu) {
      requireMemory({
        program: context.program,
        recipe,
        layers: layout.facts.length,
        fused: options.engine.executor === 'session' && hasFusedOps(),
        available: availableBytes(),
        single: () => buildProgram(layout, { ...sizesOf(recipe), ...ONE_IMAGE }, trainingOptions(recipe)),
        checkpointed: () => buildProgram(layout, sizesOf(recipe), { ...trainingOptions(recipe), checkpointing: true }),
      });
    }
    return context;
  }

  /** What float training begins with: the weights of an imported network, random ones for the rest. */
  firstParameters(): Map<string, Float32Array> {
    return new Map([...initialParameters(this.layout.graph, this.recipe.seed), ...(this.model.weights?.() ?? [])]);
  }

  info(): OpenedInfo {
    return {
      layers: [...this.layout.facts],
      points: [...this.layout.points],
      parameters: parameterCount(this.layout.graph),
      images: { train: this.data.train.count, validation: this.data.validation.count, test: this.data.test.count },
      dataDigest: this.data.digest,
      engine: engineFacts(this.options.engine),
    };
  }

  /** Tensors that the engine holds; 0 before it is started and on engines that do not count them. */
  liveTensors(): number {
    return this.executorNow?.memory().tensors ?? 0;
  }

  /** Milliseconds that went into feeding the engine so far, see `Executor`. */
  feedMilliseconds(): number {
    return this.executorNow?.feedMilliseconds ?? 0;
  }

  private readonly createExecutor = (program: Program): Promise<Executor> => createExecutor(program, this.engineOptions());

  private engineOptions(): EngineOptions {
    const { executor, addonPath, opsPath } = this.options.engine;
    return { kind: executor, addonPath, opsPath, threads: this.threads };
  }

  /** What the accuracy predictor is trained and asked with. */
  predictorEngine(): PredictorEngine {
    return { createExecutor: this.createExecutor, mlp: mlpEngine(this.engineOptions()) };
  }

  /** The executor of the run's program, with every variable zero until a checkpoint or a phase writes it. */
  executor(): Promise<Executor> {
    this.executorPromise ??= this.createExecutor(this.program).then(async (executor) => {
      await executor.write(this.zeros(() => true));
      this.executorNow = executor;
      return executor;
    });
    return this.executorPromise;
  }

  private zeros(wanted: (name: string) => boolean): Map<string, HostArray> {
    return new Map(
      this.program.variables
        .filter(({ name }) => wanted(name))
        .map(({ name, shape }) => [name, new Float32Array(shape.reduce((a, size) => a * size, 1))]),
    );
  }

  /** Empties gradients and optimizer moments, as at the start of a training phase. */
  async resetOptimizer(): Promise<void> {
    await (await this.executor()).write(this.zeros((name) => name.startsWith('adam/') || name.startsWith('accumulator/')));
  }

  async saveState(name: CheckpointName, step: number, done: boolean): Promise<void> {
    const started = performance.now();
    const executor = await this.executor();
    const tensors = await executor.read(trainingVariables(this.program));
    // whoever dies after this does these steps never again, so what was measured in them has to be gone to the host
    this.reporter.flush();
    this.checkpoints.save(
      name,
      { tensors, step, done },
      new Map(this.program.variables.map((variable) => [variable.name, variable.shape])),
    );
    this.stateName = done ? name : null;
    // so that a later window knows from where the run can go on
    this.reporter.metric(`${name}/checkpoint-ms`, step, performance.now() - started);
    this.reporter.send({ type: 'checkpoint', phase: name, step });
  }

  /** Puts a checkpoint into the executor. @throws WorkbenchError when it lacks a tensor of this network */
  async restore(checkpoint: Checkpoint, name: CheckpointName): Promise<void> {
    const executor = await this.executor();
    const names = trainingVariables(this.program);
    const missing = names.find((variable) => !checkpoint.tensors.has(variable));
    if (missing) throw damagedCheckpoint(this.checkpoints.path(name), `lacks the tensor '${missing}'`);
    await executor.write(new Map(names.map((variable) => [variable, checkpoint.tensors.get(variable)!])));
    await executor.write(this.zeros((variable) => variable.startsWith('accumulator/')));
    this.stateName = checkpoint.done ? name : null;
  }

  /** The executor holding the newest state of a training phase, finished or not. @throws WorkbenchError when there is none */
  async load(name: CheckpointName): Promise<Executor> {
    if (this.stateName === name) return this.executor();
    const checkpoint = this.checkpoints.load(name);
    if (!checkpoint)
      throw new WorkbenchError(
        'checkpoint-invalid',
        `The checkpoint of phase '${name}' is missing: run that phase again with --from ${name}.`,
      );
    await this.restore(checkpoint, name);
    return this.executor();
  }

  /** The executor holding the final state of a training phase. */
  async stateOf(name: CheckpointName): Promise<Executor> {
    if (this.stateName !== name) {
      const checkpoint = this.checkpoints.load(name);
      if (!checkpoint?.done)
        throw new WorkbenchError(
          'checkpoint-invalid',
          `The checkpoint of phase '${name}' is missing or unfinished: run that phase again with --from ${name}.`,
        );
      await this.restore(checkpoint, name);
    }
    return this.executor();
  }

  /** An evaluator of what the executor holds now; the one before gives its memory back, which a collector of garbage does not see. */
  async evaluator(): Promise<Evaluator> {
    const executor = await this.executor();
    const supernet = await readSupernet(executor, this.layout, this.data.train);
    this.lastEvaluator?.releaseMemory();
    this.lastEvaluator = evaluatorOf(executor, supernet, this.recipe.evaluation.batch, this.control.insideStep);
    return this.lastEvaluator;
  }

  /** sha256 of parameters and quantizer tables. */
  async weightsDigest(): Promise<string> {
    const executor = await this.executor();
    const names = [...parameterSpecs(this.layout.graph).map(({ name }) => name), TABLE_NAMES.steps, TABLE_NAMES.offsets].sort();
    const values = await executor.read(names);
    const hash = createHash('sha256');
    for (const name of names) hash.update(name).update(new Uint8Array(values.get(name)!.buffer));
    return hash.digest('hex');
  }
}
