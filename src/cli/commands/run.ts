import type { Command } from 'commander';
import { loadRecipe } from '../../host/recipes.ts';
import { requireOrder } from '../../host/run-plan.ts';
import { runRecipe } from '../../host/run-recipe.ts';
import type { PipelineEvent } from '../../host/pipeline.ts';
import type { RunReport } from '../../host/project-report.ts';
import { eqnet, shellArguments } from '../../shared/contract/command-line.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { PHASES, type OpenedInfo, type Phase } from '../../shared/contract/job-protocol.ts';
import { formatSeconds } from '../../shared/domain/progress.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { launchEngine, printJson, type CliContext } from '../context.ts';
import { integer, percent } from '../format.ts';
import { engineOption, fromOption, jsonOption, parseFolder, untilOption } from '../options.ts';

interface RunOptions {
  project: string;
  resume?: boolean;
  from?: Phase;
  until?: Phase;
  json?: boolean;
  engine?: Recipe['engine']['executor'];
}

const PHASE_HELP: Readonly<Record<Phase, string>> = {
  pretrain: 'trains the float network',
  calibrate: 'sets the first step sizes of every quantizer',
  supernet: 'trains all bit-widths and forms together',
  grid: 'measures the uniform configurations',
  sample: 'measures random configurations for the predictor',
  predictor: 'trains the accuracy predictor on them',
  search: 'searches the best predicted ones for each average of bits',
  measure: 'measures what the search found',
  export: 'writes the files for other runtimes, with a proof',
};

const HELP = `
A recipe states a whole pipeline in one JSON file: data, network, the space of
bit-widths and forms, training, predictor, search, exports. Its phases, in order:
${PHASES.map((phase) => `  ${phase.padEnd(11)}${PHASE_HELP[phase]}`).join('\n')}

Everything is stored in the project folder as it is done. Ctrl-C finishes the
current step, writes a checkpoint and says how to go on; a second Ctrl-C ends at
once. After that, or after a crash, add --resume: nothing that is stored is done
again, and the result is the same as without the interruption.

The native engine (TensorFlow) is set up at its first use, where it can be;
otherwise the portable one computes the same, much slower.

Examples:
  $ eqnet run tiny --project try.eqnet                         half a minute
  $ eqnet run mnist-quick --project digits.eqnet
  $ eqnet run mnist-quick --project digits.eqnet --resume      go on
  $ eqnet run mnist-quick --project digits.eqnet --from search once more
  $ eqnet run mnist-quick --project digits.eqnet --until grid  train and measure
  $ eqnet recipes mnist-quick > mine.json                      a recipe to change
  $ eqnet run mine.json --project mine.eqnet --json > result.json
`;

function describeOpened({ images, parameters, layers, engine }: OpenedInfo): string {
  const threads = engine.threads === null ? '' : `, ${engine.threads} thread${engine.threads === 1 ? '' : 's'}`;
  return (
    `${integer(images.train)} training, ${integer(images.validation)} validation and ${integer(images.test)} test images; ` +
    `${integer(parameters)} parameters in ${layers.length} quantized layers; engine ${engine.executor} (${engine.version}${threads}${engine.gpu ? ', GPU' : ''})`
  );
}

/** Follows a run on the terminal. */
function follower({ view }: CliContext): (event: PipelineEvent) => void {
  const title = (phase: Phase) => `[${PHASES.indexOf(phase) + 1}/${PHASES.length}] ${phase}`;
  let current = '';
  return (event) => {
    switch (event.type) {
      case 'opened':
        view.line(describeOpened(event.info));
        break;
      case 'phase':
        current = title(event.phase);
        break;
      case 'phase-skipped':
        view.line(`${title(event.phase)} was done before (${formatSeconds(event.seconds)})`);
        break;
      case 'phase-done':
        view.line(`${title(event.phase)} done in ${formatSeconds(event.seconds)}`);
        break;
      case 'progress':
        view.update({ ...event.progress, label: current || event.progress.phase });
        break;
      case 'log':
        view.line(`  ${event.text}`);
        break;
      default:
        break;
    }
  };
}

function summary(run: RunReport, project: string, goOn: string): string {
  const best = run.front.at(-1);
  const left = PHASES.filter((phase) => run.phases[phase].state !== 'done');
  return [
    left.length ? `Run ${run.id} has not done ${left.join(', ')} yet; go on with: ${goOn}` : `Run ${run.id} is done; digest ${run.digest}`,
    ...(run.float ? [`float accuracy ${percent(run.float.accuracy)} % on ${integer(run.float.images)} images`] : []),
    ...(best ? [`most accurate on the front: ${best.id} with ${percent(best.measured!)} %`] : []),
    ...run.exports.map(({ file }) => `exported ${file}`),
    `See everything with: ${eqnet(shellArguments(['show', project]))}`,
    '',
  ].join('\n');
}

/** The command that does what is left of a run. */
function resumeCommand(name: string, { project, engine }: RunOptions, until?: Phase): string {
  const argv = [
    'run',
    name,
    '--project',
    project,
    ...(engine ? ['--engine', engine] : []),
    '--resume',
    ...(until ? ['--until', until] : []),
  ];
  return eqnet(shellArguments(argv));
}

async function run(context: CliContext, name: string, options: RunOptions): Promise<void> {
  requireOrder(options.from, options.until);
  const recipe = loadRecipe(name);
  const engine = await launchEngine(context, options.engine ?? recipe.engine.executor);
  const { project } = options;
  try {
    const report = await runRecipe({
      project,
      recipe,
      engine,
      resume: options.resume,
      from: options.from,
      until: options.until,
      signal: context.signal,
      workerPath: context.workerPath,
      onEvent: follower(context),
      onPlan: (kind, id) => {
        const words = { new: 'starts', resume: 'goes on', redo: `is done again from ${options.from}`, finished: 'is finished already' };
        context.view.line(`Run ${id} of recipe ${recipe.name} in ${project} ${words[kind]}`);
      },
    });
    context.view.settle();
    if (options.json) printJson(context, { project, run: report });
    else context.out(summary(report, project, resumeCommand(name, options)));
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code !== 'stopped') throw error;
    const goOn = resumeCommand(name, options, options.until);
    throw new WorkbenchError('stopped', `Stopped; what was finished is stored. Go on with: ${goOn}`, {}, error);
  }
}

export function registerRun(program: Command, context: CliContext): void {
  program
    .command('run')
    .summary('run a recipe in a project, or go on with it')
    .description('Runs every phase of a recipe and stores the results in a project folder.')
    .argument('<recipe>', "name of a recipe that comes with the program (see 'eqnet recipes'), or path of a JSON file")
    .requiredOption('--project <dir>', 'project folder, e.g. digits.eqnet; made when it does not exist', parseFolder)
    .option('--resume', 'go on with the unfinished run of this recipe; starts one when there is none')
    .addOption(fromOption())
    .addOption(untilOption())
    .addOption(engineOption('that of the recipe'))
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((name: string, options: RunOptions) => run(context, name, options));
}
