import type { Command } from 'commander';
import { readConfigurationFile } from '../../host/configuration-file.ts';
import { evaluateOnce, trainedRun } from '../../host/one-off.ts';
import { ProjectStore } from '../../host/project-store.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { printJson, type CliContext } from '../context.ts';
import { bytes, integer, percent, short } from '../format.ts';
import { engineOption, jsonOption, parseCount, projectArgument, runOption } from '../options.ts';
import { prepareOneOff, type OneOffCliOptions } from './one-off.ts';

const HELP = `
A configuration names bits and form of every quantized layer; the first and last
keep 8 bits:
  {"layers": [{"name": "conv1", "weightBits": 8, "activationBits": 8,
               "granularity": "channel", "weightSymmetry": "symmetric",
               "activationSymmetry": "asymmetric"}, ...]}
Write one with 'eqnet config', change what you like, and measure it. Zero points
are made whole and the batch-normalization statistics estimated anew, so the
accuracy is that of the exported model.

Examples:
  $ eqnet config digits.eqnet --uniform 4 --out four.json
  $ eqnet eval digits.eqnet --config four.json
  $ eqnet eval digits.eqnet --config four.json --json | jq .accuracy
`;

interface EvalOptions extends OneOffCliOptions {
  config: string;
  images?: number;
}

function requireImages(wanted: number | undefined, test: number): void {
  if (wanted !== undefined && wanted > test)
    throw new WorkbenchError(
      'usage',
      `--images is ${wanted}, but the run has only ${test} test images: lower it, or leave it out for all.`,
    );
}

async function evaluate(context: CliContext, folder: string, options: EvalOptions): Promise<void> {
  const store = ProjectStore.openReadOnly(folder);
  try {
    const { opened, recipe } = trainedRun(store, options.run);
    const configuration = readConfigurationFile(options.config, opened.layers, recipe.space, opened.points);
    requireImages(options.images, opened.images.test);
    const prepared = await prepareOneOff(context, store, options);
    const result = await evaluateOnce(prepared, { configuration, images: options.images });
    context.view.settle();
    const { accuracy, images, interval, costs } = result;
    if (options.json) {
      printJson(context, { run: prepared.run.id, accuracy, images, interval, ...costs, configuration });
      return;
    }
    context.out(
      `accuracy  ${percent(accuracy)} % on ${integer(images)} test images (95 % interval ${interval.map(percent).join(' - ')})\n` +
        `bits      ${costs.averageWeightBits.toFixed(3)} weights, ${costs.averageActivationBits.toFixed(3)} activations, on average without first and last layer\n` +
        `cost      ${short(costs.bitops)} BitOps, ${bytes(costs.sizeBytes)}\n`,
    );
  } finally {
    store.close();
  }
}

export function registerEval(program: Command, context: CliContext): void {
  program
    .command('eval')
    .summary('measure a configuration of your own')
    .description('Measures accuracy, BitOps and size of any configuration on the trained supernet, without training.')
    .addArgument(projectArgument())
    .requiredOption('--config <file>', 'configuration file (JSON)')
    .option('--images <n>', 'use only the first n test images', parseCount)
    .addOption(runOption())
    .addOption(engineOption('the one that trained the run'))
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((folder: string, options: EvalOptions) => evaluate(context, folder, options));
}
