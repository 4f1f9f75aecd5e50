import type { Command } from 'commander';
import { configurationText, writeConfigurationFile } from '../../host/configuration-file.ts';
import { costsOf } from '../../shared/domain/cost.ts';
import { trainedRun } from '../../host/one-off.ts';
import { reportRun } from '../../host/project-report.ts';
import { ProjectStore } from '../../host/project-store.ts';
import { runPoints } from '../../host/run-points.ts';
import { eqnet, shellArguments } from '../../shared/contract/command-line.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { uniformConfiguration } from '../../shared/domain/configuration.ts';
import { formKey, formsOf, type Form } from '../../shared/domain/form.ts';
import { nearestUniform } from '../../shared/domain/layer-space.ts';
import { randomConfiguration } from '../../shared/domain/random-configuration.ts';
import { validateConfiguration } from '../../shared/domain/validate-configuration.ts';
import type { Configuration } from '../../shared/schema/configuration.ts';
import { printJson, type CliContext } from '../context.ts';
import {
  formsOption,
  granularityOption,
  jsonOption,
  parseBits,
  parseSeed,
  projectArgument,
  runOption,
  symmetryOption,
} from '../options.ts';

const HELP = `
Without --out the configuration itself is printed, ready to be redirected into a
file. --uniform takes the form from its options, or per channel and symmetric.
--random draws from the space of the run, every bit-width of a layer with the
same probability; parts of the form that an option names are not drawn. The same
seed gives the same configuration. Layers that read one tensor always agree on
its bits, and the first and last layer keep 8.

Examples:
  $ eqnet config digits.eqnet --uniform 4 --out four.json
  $ eqnet config digits.eqnet --uniform 3 --granularity tensor \\
      --activation-symmetry asymmetric > three.json
  $ eqnet config digits.eqnet --random 7 --forms layer --out mixed.json
  $ eqnet config digits.eqnet --from-front 3/uniform/css --out best.json
`;

interface ConfigOptions extends Partial<Form> {
  uniform?: number;
  random?: number;
  fromFront?: string;
  forms?: 'network' | 'layer';
  out?: string;
  run?: string;
  json?: boolean;
}

type Run = ReturnType<typeof trainedRun>;

function fromCandidates(store: ProjectStore, run: Run, id: string): Configuration {
  const { candidates, front } = reportRun(store, run);
  const found = candidates.find((candidate) => candidate.id === id);
  if (found) return found.configuration;
  const known = front.length ? `its front has ${front.map((candidate) => candidate.id).join(', ')}` : 'it has no measured front yet';
  throw new WorkbenchError('usage', `Run ${run.id} has no configuration '${id}': ${known}.`);
}

/** @throws WorkbenchError `usage` unless exactly one option says what to write, with no option that belongs to another */
function checkOptions({ uniform, random, fromFront, forms, ...form }: ConfigOptions): void {
  const fail = (sentence: string): never => {
    throw new WorkbenchError('usage', `${sentence} Run '${eqnet('config --help')}' for examples.`);
  };
  if ([uniform, random, fromFront].filter((value) => value !== undefined).length !== 1)
    fail('Give either --uniform BITS, --random SEED or --from-front ID: one says what to write.');
  if (forms && random === undefined) fail('--forms belongs to --random: it says whether a form is drawn for each layer.');
  const { granularity, weightSymmetry, activationSymmetry } = form;
  if (fromFront !== undefined && (granularity ?? weightSymmetry ?? activationSymmetry))
    fail('A configuration of the front has its form: leave out --granularity and the symmetries.');
}

/** The configuration that the options ask for, checked against the space of the run. */
async function choose(context: CliContext, store: ProjectStore, run: Run, options: ConfigOptions): Promise<Configuration> {
  const { uniform, random, fromFront, forms = 'network', granularity, weightSymmetry, activationSymmetry } = options;
  if (fromFront !== undefined) return fromCandidates(store, run, fromFront);
  const { space } = run.recipe;
  const { layers } = run.opened;
  const points = await runPoints(run, context.workerPath);
  const fixed = { granularity, weightSymmetry, activationSymmetry };
  if (uniform === undefined) {
    return validateConfiguration(randomConfiguration(layers, points, space, { seed: random!, forms, fixed }), layers, space, points);
  }
  const form: Form = {
    granularity: granularity ?? 'channel',
    weightSymmetry: weightSymmetry ?? 'symmetric',
    activationSymmetry: activationSymmetry ?? 'symmetric',
  };
  const isHeld =
    space.weightBits.includes(uniform) && space.activationBits.includes(uniform) && formsOf(space).map(formKey).includes(formKey(form));
  // Layers with sets of their own take what is nearest in them; what the network does not hold at all is refused.
  const configuration = isHeld ? nearestUniform(space, layers, points, uniform, form) : uniformConfiguration(layers, uniform, form, points);
  return validateConfiguration(configuration, layers, space, points);
}

async function config(context: CliContext, folder: string, options: ConfigOptions): Promise<void> {
  checkOptions(options);
  const { out } = options;
  const store = ProjectStore.openReadOnly(folder);
  try {
    const run = trainedRun(store, options.run);
    const configuration = await choose(context, store, run, options);
    if (out) writeConfigurationFile(out, configuration);
    if (options.json) printJson(context, { run: run.id, file: out ?? null, ...costsOf(configuration, run.opened.layers), configuration });
    else
      context.out(
        out
          ? `Wrote ${out}: measure it with '${eqnet(shellArguments(['eval', folder, '--config', out]))}'\n`
          : configurationText(configuration),
      );
  } finally {
    store.close();
  }
}

export function registerConfig(program: Command, context: CliContext): void {
  program
    .command('config')
    .summary('write a configuration file to start from')
    .description('Writes a configuration for the network of a project: uniform bits, a random mixture, or one that the search found.')
    .addArgument(projectArgument())
    .option('--uniform <bits>', 'these bits in every layer but the first and last, 2..8', parseBits)
    .option('--random <seed>', 'bits drawn from the space of the run, a whole number as seed', parseSeed)
    .addOption(formsOption())
    .option('--from-front <id>', "a configuration that the search found (ids: 'eqnet show')")
    .addOption(granularityOption())
    .addOption(symmetryOption('weight'))
    .addOption(symmetryOption('activation'))
    .option('--out <file>', 'file to write; standard output when left out')
    .addOption(runOption())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((folder: string, options: ConfigOptions) => config(context, folder, options));
}
