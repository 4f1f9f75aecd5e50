import { WorkbenchError } from '../../../shared/contract/errors.ts';
import type { ProfileRequest } from '../../../shared/contract/job-protocol.ts';
import type { StepProfile } from '../../../shared/contract/profile.ts';
import { inferShapes, parameterCount } from '../../../shared/domain/layer-graph.ts';
import { hasFusedOps } from '../../engine/binding.ts';
import type { Executor } from '../../engine/executor.ts';
import type { Program } from '../../engine/graph.ts';
import { createExecutor, type EngineOptions } from '../../engine/index.ts';
import { programToRun } from '../../engine/program-to-run.ts';
import { TimedKernels } from '../../engine/timed-kernels.ts';
import { encodePass } from '../../quant/encode-pass.ts';
import { TableLayout } from '../../quant/table-layout.ts';
import { functionNames } from '../../supernet/program-scope.ts';
import { trainingOptions, trainingProgram } from '../../supernet/program.ts';
import { drawSubnet, stepRoles } from '../../supernet/subnets.ts';
import { elasticStep, floatStep, type Batch, type StepRecord } from '../../supernet/trainer.ts';
import { networkOf } from '../look/network.ts';
import { engineFacts } from '../engine-facts.ts';
import { availableBytes, neededBytes, requireMemory, type MemoryPlan } from '../memory-check.ts';
import type { Reporter } from '../reporter.ts';
import { firstState, noiseBatch } from './first-state.ts';
import { leastOf, summarize, type PassTimes } from './summarize.ts';

const BYTES_PER_KIB = 1024;

/** What all measurements of one profile share. */
interface Bench {
  recipe: ProfileRequest['recipe'];
  layout: TableLayout;
  program: Program;
  batch: Batch;
  repeat: number;
  engine: EngineOptions;
  /** after each unit of work */
  worked: () => Promise<void>;
}

const millisecondsOf = ({ passes, updateMilliseconds }: StepRecord): number =>
  passes.reduce((sum, { milliseconds }) => sum + milliseconds, updateMilliseconds);

/** Steps as training does them. @returns the least float step, ms, and the least elastic one */
async function measureSteps(executor: Executor, bench: Bench): Promise<{ float: number; elastic: StepRecord }> {
  const { recipe, layout, batch, repeat, worked } = bench;
  let float = Infinity;
  let elastic: StepRecord | null = null;
  for (let step = 0; step <= repeat; step++) {
    const started = performance.now();
    await floatStep(executor, recipe, batch, step, repeat + 1);
    const floatMilliseconds = performance.now() - started;
    const record = await elasticStep(executor, layout, recipe, batch, step, repeat + 1);
    await worked();
    // the first step warms up
    if (step === 0) continue;
    float = Math.min(float, floatMilliseconds);
    if (!elastic || millisecondsOf(record) < millisecondsOf(elastic)) elastic = record;
  }
  return { float, elastic: elastic! };
}

/** The passes of a step op by op, as an engine with the same kernels runs them. */
async function measureOps(bench: Bench, fused: boolean): Promise<{ passes: PassTimes[]; dispatch: number }> {
  const { recipe, layout, batch, repeat, engine, worked } = bench;
  let timed: Pick<TimedKernels<unknown>, 'take' | 'dispatch'> | null = null;
  const program = programToRun(bench.program, fused);
  const executor = await createExecutor(program, {
    ...engine,
    kind: engine.kind === 'portable' ? 'portable' : 'eager',
    wrap: (library) => {
      const kernels = new TimedKernels(library);
      timed = kernels;
      return kernels;
    },
  });
  const kernels = timed! as Pick<TimedKernels<unknown>, 'take' | 'dispatch'>;
  try {
    await executor.write(firstState(program, layout, recipe.seed));
    const { images, labels, targets } = batch;
    const teacher = new Float32Array(targets.length);
    const lambda = Float32Array.of(recipe.supernet.gpg.enabled ? recipe.supernet.gpg.lambda : 0);
    const feeds = stepRoles(recipe.supernet.randomSubnets).map((role, index) => {
      const subnet = drawSubnet(layout, recipe.space, recipe.supernet.forms, role, recipe.seed, 0, index);
      return { images, labels: targets, teacher, lambda, ...encodePass(layout, subnet, labels.length) };
    });
    const passes: PassTimes[] = [];
    for (let round = 0; round <= repeat; round++) {
      for (const [index, feed] of feeds.entries()) {
        await executor.run(functionNames.pass, feed);
        const found = kernels.take();
        if (round > 0) passes[index] = passes[index] ? leastOf(passes[index], found) : found;
      }
      await worked();
    }
    return { passes, dispatch: kernels.dispatch() };
  } finally {
    executor.dispose();
  }
}

/** Refuses what does not fit; the elastic pass takes the most. @returns bytes that it takes */
function requirePassMemory(plan: MemoryPlan): number {
  const { pass } = functionNames;
  const program = { ...plan.program, functions: new Map([[pass, plan.program.functions.get(pass)!]]) };
  requireMemory({ ...plan, program });
  return neededBytes(program, pass, plan.layers, plan.fused);
}

/**
 * Measures where the time of an elastic step of a recipe's network goes: the step as training does it, a float step of the same
 * batch, and every op of the passes by itself. Images and weights are random.
 * @throws WorkbenchError `usage` on a GPU, `recipe-invalid` where the batch does not fit into memory, what the engine and `networkOf` throw
 */
export async function profile(request: ProfileRequest, reporter: Reporter, breathe: () => Promise<void>): Promise<StepProfile> {
  const { recipe, repeat } = request;
  const graph = await networkOf(recipe, request.models);
  const layout = new TableLayout(graph);
  const image = inferShapes(graph).get(graph.layers[0].name)!;
  const size = recipe.supernet.batch;
  const portable = request.engine.executor === 'portable';
  const { version, threads, gpu } = engineFacts(request.engine);
  if (gpu)
    throw new WorkbenchError(
      'usage',
      'A profile measures every op on the processor, and this engine computes on a GPU: set the CPU build up, or choose the portable engine.',
    );
  const fused = !portable && hasFusedOps();
  const before = process.memoryUsage.rss();
  const options = trainingOptions(recipe);
  const programFor = (images: number) => trainingProgram(layout, images, options);
  const program = programFor(size);
  const estimated = requirePassMemory({
    program,
    recipe,
    layers: layout.facts.length,
    fused,
    available: availableBytes(),
    single: () => programFor(1),
    checkpointed: () => trainingProgram(layout, size, { ...options, checkpointing: true }),
  });

  const total = 2 * (repeat + 1);
  let done = 0;
  const worked = async (): Promise<void> => {
    done += 1;
    reporter.report({ phase: 'profile', unit: 'step', done, total });
    await breathe();
  };
  const { addonPath, opsPath } = request.engine;
  const engine: EngineOptions = { kind: portable ? 'portable' : 'session', addonPath, opsPath, threads };
  const bench: Bench = { recipe, layout, program, batch: noiseBatch(size, image, graph.classes, recipe.seed), repeat, engine, worked };
  const executor = await createExecutor(program, engine);
  let steps: Awaited<ReturnType<typeof measureSteps>>;
  try {
    await executor.write(firstState(program, layout, recipe.seed));
    steps = await measureSteps(executor, bench);
  } finally {
    executor.dispose();
  }
  const peak = process.resourceUsage().maxRSS * BYTES_PER_KIB;
  const { passes, dispatch } = await measureOps(bench, fused);

  const { float, elastic } = steps;
  const step = {
    milliseconds: millisecondsOf(elastic),
    passes: elastic.passes.map(({ role, milliseconds }) => ({ role, milliseconds })),
    update: elastic.updateMilliseconds,
  };
  return {
    network: { name: graph.name, parameters: parameterCount(graph), image: [...image], classes: graph.classes },
    batch: size,
    repeat,
    engine: { executor: portable ? 'portable' : 'session', version, threads, fused },
    step,
    float: { milliseconds: float, ratio: step.milliseconds / (step.passes.length * float) },
    ...summarize(passes, dispatch, step, graph),
    memory: { before, peak, estimated },
  };
}
