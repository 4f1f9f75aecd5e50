import type { Command } from 'commander';
import { writeConfigurationFile } from '../../host/configuration-file.ts';
import { searchOnce } from '../../host/one-off.ts';
import { ProjectStore } from '../../host/project-store.ts';
import { requireWritable } from '../../host/write-atomic.ts';
import { eqnet, shellArguments } from '../../shared/contract/command-line.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { FormKey } from '../../shared/domain/form.ts';
import { printJson, type CliContext } from '../context.ts';
import { integer, table } from '../format.ts';
import { engineOption, formOption, jsonOption, parseAverage, projectArgument, runOption } from '../options.ts';
import { prepareOneOff, type OneOffCliOptions } from './one-off.ts';
import { candidateRows } from './show.ts';

const HELP = `
Looks for the configuration with the highest predicted accuracy whose average
bits lie in (target - 0.5, target], without the first and last layer. The
predictor is that of the run; nothing is trained and nothing is measured, so
measure with 'eqnet eval' what you mean to use.

Examples:
  $ eqnet search digits.eqnet --weights 3 --activations 3
  $ eqnet search digits.eqnet --weights 3 --activations 4 --form css,caa \\
      --out best.json
  $ eqnet eval digits.eqnet --config best.json
`;

interface SearchOptions extends OneOffCliOptions {
  weights: number;
  activations: number;
  form?: FormKey[];
  out?: string;
}

async function search(context: CliContext, folder: string, options: SearchOptions): Promise<void> {
  const store = ProjectStore.openReadOnly(folder);
  try {
    if (options.out) requireWritable(options.out);
    const prepared = await prepareOneOff(context, store, options);
    const { weights, activations } = options;
    const forms = options.form ?? (prepared.run.recipe.search.forms as FormKey[]);
    // the points that it looked at are for the picture of the search
    const { explored: _explored, ...result } = await searchOnce(prepared, { weights, activations, forms });
    context.view.settle();
    const ranked = result.candidates
      .filter(({ rank }) => rank !== 'uniform')
      .sort((a, b) => (b.predicted ?? 0) - (a.predicted ?? 0) || (a.id < b.id ? -1 : 1));
    const best = ranked[0] ?? null;
    if (!best) {
      throw new WorkbenchError(
        'config-invalid',
        `No configuration of this space has an average of ${weights} weight and ${activations} activation bits: choose other averages.`,
      );
    }
    if (options.out) writeConfigurationFile(options.out, best.configuration);
    if (options.json) {
      printJson(context, { run: prepared.run.id, weights, activations, forms, ...result, best: best.id, file: options.out ?? null });
      return;
    }
    context.out(
      `${table(candidateRows(ranked, false))}${integer(result.evaluations)} individuals judged in ${result.seconds.toFixed(1)} s\n`,
    );
    if (options.out)
      context.out(
        `${best.id} is in ${options.out}: measure it with '${eqnet(shellArguments(['eval', folder, '--config', options.out]))}'\n`,
      );
  } finally {
    store.close();
  }
}

export function registerSearch(program: Command, context: CliContext): void {
  program
    .command('search')
    .summary('search a configuration for an average of bits')
    .description('Searches the best predicted configuration under average-bit targets.')
    .addArgument(projectArgument())
    .requiredOption('--weights <bits>', 'target average of the weight bits, 2..8', parseAverage)
    .requiredOption('--activations <bits>', 'target average of the activation bits, 2..8', parseAverage)
    .addOption(formOption())
    .option('--out <file>', 'write the best configuration to this file')
    .addOption(runOption())
    .addOption(engineOption('the one that trained the run'))
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((folder: string, options: SearchOptions) => search(context, folder, options));
}
