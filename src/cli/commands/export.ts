import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { readConfigurationFile } from '../../host/configuration-file.ts';
import { evaluateOnce, trainedRun } from '../../host/one-off.ts';
import { ProjectStore } from '../../host/project-store.ts';
import { requireWritable } from '../../host/write-atomic.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { EXPORT_FORMAT_IDS, type ExportFormatId } from '../../shared/domain/export-formats.ts';
import { printJson, type CliContext } from '../context.ts';
import { bytes, gap, integer, percent } from '../format.ts';
import { engineOption, jsonOption, projectArgument, runOption } from '../options.ts';
import { prepareOneOff, type OneOffCliOptions } from './one-off.ts';

const HELP = `
The file holds the integers of the configuration. It is run in a second runtime
on all test images and compared with this program: the proof says on how many
images the classes agree, how far the logits differ, and the accuracy of both.

Examples:
  $ eqnet config digits.eqnet --uniform 4 --out four.json
  $ eqnet export digits.eqnet --config four.json --format onnx --out four.onnx
`;

interface ExportOptions extends OneOffCliOptions {
  config: string;
  format: ExportFormatId;
  out: string;
}

async function exportModel(context: CliContext, folder: string, options: ExportOptions): Promise<void> {
  const store = await ProjectStore.open(folder, { create: false });
  try {
    const { opened, recipe } = trainedRun(store, options.run);
    const configuration = readConfigurationFile(options.config, opened.layers, recipe.space, opened.points);
    const file = resolve(options.out);
    requireWritable(file);
    const prepared = await prepareOneOff(context, store, options);
    const { exported, ...evaluated } = await evaluateOnce(prepared, {
      configuration,
      exportTo: { format: options.format, file },
    });
    context.view.settle();
    if (!exported) throw new WorkbenchError('internal', `The worker measured the configuration but wrote no ${options.format} file.`);
    const { candidateId: _none, ...result } = exported;
    store.addExport(prepared.run.id, { ...result, configuration });
    const { proof } = result;
    if (options.json) {
      const { accuracy, images, interval, costs } = evaluated;
      printJson(context, { run: prepared.run.id, ...result, accuracy, images, interval, ...costs });
      return;
    }
    context.out(
      `wrote     ${result.file} (${bytes(result.bytes)})\n` +
        `proof     ${proof.runtime}: same class on ${percent(proof.top1Agreement)} % of ${integer(proof.images)} images, largest logit gap ${gap(proof.maxLogitGap)}\n` +
        `accuracy  ${percent(proof.accuracyRuntime)} % there, ${percent(proof.accuracyApp)} % here\n` +
        (proof.passed ? '' : `FAILED    ${PROOF_FAILED}\n`),
    );
  } finally {
    store.close();
  }
}

/** What a failed proof means for the file. */
export const PROOF_FAILED =
  'the file does not compute what was measured here (it should agree on 99.5 % of the images and within 0.2 points): do not deploy it, and report the configuration.';

export function registerExport(program: Command, context: CliContext): void {
  program
    .command('export')
    .summary('write a model file for another runtime, with a proof')
    .description('Exports a configuration of the trained supernet and proves the file in a second runtime.')
    .addArgument(projectArgument())
    .requiredOption('--config <file>', "configuration file (see 'eqnet config')")
    .addOption(new Option('--format <name>', 'file format').choices(EXPORT_FORMAT_IDS).default('onnx'))
    .requiredOption('--out <file>', 'file to write')
    .addOption(runOption())
    .addOption(engineOption('the one that trained the run'))
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((folder: string, options: ExportOptions) => exportModel(context, folder, options));
}
