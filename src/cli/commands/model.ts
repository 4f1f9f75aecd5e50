import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { inProject } from '../../host/in-project.ts';
import { exportModelFile, importModel, listModels, modelFolder, modelNameOf, requireModelName, showModel } from '../../host/models.ts';
import { floatRun } from '../../host/one-off.ts';
import { ProjectStore } from '../../host/project-store.ts';
import { requireWritable } from '../../host/write-atomic.ts';
import { eqnet, shellArguments } from '../../shared/contract/command-line.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { FloatExportRequest, Progress } from '../../shared/contract/job-protocol.ts';
import type { ModelView } from '../../shared/contract/look.ts';
import { NORMALIZATIONS } from '../../shared/domain/normalizations.ts';
import type { ImportCheck } from '../../shared/schema/network.ts';
import { printJson, type CliContext } from '../context.ts';
import { bytes, integer, percent, table } from '../format.ts';
import { jsonOption, parseFolder, projectArgument } from '../options.ts';

const HELP = `
Reads a float network of another program with its weights: an .onnx file, or the
model.json of a TensorFlow.js layers model. The original and the network here
compute the same random and real images; where they differ by more than 0.0001
of the largest output nothing is stored. A recipe then names the network with
model.architecture "file" and model.file (docs/import.md).

Images have values from 0 to 1. What the network expects of them is told with
--normalize, or with --mean and --std (one value, or one for each channel).

Examples:
  $ eqnet model import resnet18.onnx --project birds.eqnet --normalize imagenet
  $ eqnet model import web/model.json --project birds.eqnet --mean 0.5 --std 0.5
  $ eqnet model show birds.eqnet resnet18
`;

const EXPORT_HELP = `
Examples:
  $ eqnet model export birds.eqnet resnet18 --out float.onnx     a model that was imported
  $ eqnet model export digits.eqnet --out float.onnx             what the latest run trained
`;

const MACS = 1e6;

interface ImportOptions {
  project: string;
  name?: string;
  normalize?: keyof typeof NORMALIZATIONS;
  mean?: number[];
  std?: number[];
  json?: boolean;
}

function parseNumbers(text: string): number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (values.some((value) => !Number.isFinite(value))) throw new InvalidArgumentError('It must be numbers, separated by commas.');
  return values;
}

function normalizationOf({ normalize, mean, std }: ImportOptions): { mean: number[]; std: number[] } | null {
  if (normalize && (mean ?? std)) throw new WorkbenchError('usage', 'Give --normalize, or --mean and --std, not both.');
  if (mean ?? std) return { mean: mean ?? [0], std: std ?? [1] };
  const preset = NORMALIZATIONS[normalize ?? 'none'];
  return preset && { mean: [...preset.mean], std: [...preset.std] };
}

/** @throws WorkbenchError `project-missing` */
function projectFolder(path: string): string {
  const store = ProjectStore.openReadOnly(path);
  try {
    return store.folder;
  } finally {
    store.close();
  }
}

/** For lines of progress on standard error. */
const progressIn =
  ({ view }: CliContext) =>
  (progress: Progress): void =>
    view.update({ ...progress, label: progress.phase });

function checkText({ runtime, images, maxRelativeDifference, agreement }: ImportCheck): string {
  return `${runtime}: largest difference ${maxRelativeDifference.toExponential(1)} of the largest output, same class on ${percent(agreement)} % of ${images.random} random and ${images.real} real images`;
}

function modelText({ name, graph, layers, parameters, macs, source, check, notes, weightBytes }: ModelView): string {
  const [input] = graph.layers;
  const rows = [
    ['name', name],
    ['from', `${source.file} (${source.kind}, ${source.importedAt.slice(0, 10)})`],
    ['images', input.kind === 'input' ? `${input.shape.join('x')} (height x width x channels)` : ''],
    ['classes', integer(graph.classes)],
    ['layers', `${layers.length} quantized of ${graph.layers.length}`],
    ['parameters', integer(parameters)],
    ['MACs', `${(macs / MACS).toFixed(1)} million for each image`],
    ['weights', weightBytes === null ? 'MISSING: import it again' : bytes(weightBytes)],
    ['checked', checkText(check)],
  ];
  return `${table(rows)}${notes.map((note) => `\n${note}\n`).join('')}`;
}

function layersText({ graph, shapes, layers }: ModelView): string {
  const facts = new Map(layers.map((layer) => [layer.name, layer]));
  const rows = graph.layers.map(({ name, kind, inputs }, i) => {
    const own = facts.get(name);
    return [
      name,
      kind,
      inputs.join(', '),
      shapes[i].join('x'),
      own ? integer(own.parameters) : '',
      own ? (own.macs / MACS).toFixed(2) : '',
    ];
  });
  return table([['layer', 'kind', 'reads', 'shape', 'parameters', 'MMACs'], ...rows]);
}

async function importFile(context: CliContext, path: string, options: ImportOptions): Promise<void> {
  const file = resolve(path);
  const name = requireModelName(options.name ?? modelNameOf(file));
  const normalization = normalizationOf(options);
  if (!existsSync(file)) throw new WorkbenchError('model-invalid', `${file} does not exist: check the path.`);
  await inProject(options.project, async ({ folder }) => {
    const request = { file, folder: modelFolder(folder), name, normalization };
    await importModel(request, { signal: context.signal, workerPath: context.workerPath, onProgress: progressIn(context) });
    context.view.settle();
    const view = showModel(folder, name);
    if (options.json) return printJson(context, { model: view });
    context.out(modelText(view));
    context.out(`\nUse it in a recipe: "model": { "architecture": "file", "file": "${name}" }\n`);
  });
}

function list(context: CliContext, project: string, options: { json?: boolean }): void {
  const models = listModels(projectFolder(project));
  if (options.json) return printJson(context, { models });
  if (!models.length)
    return context.out(`No models yet: import one with '${eqnet(`model import FILE --project ${shellArguments([project])}`)}'.\n`);
  const rows = models.map(({ name, facts, problem }) =>
    facts
      ? [
          name,
          facts.image.join('x'),
          integer(facts.classes),
          integer(facts.layers),
          integer(facts.parameters),
          (facts.macs / MACS).toFixed(1),
        ]
      : [name, problem ?? '', '', '', '', ''],
  );
  context.out(table([['model', 'images', 'classes', 'layers', 'parameters', 'MMACs'], ...rows]));
}

function show(context: CliContext, project: string, name: string, options: { json?: boolean }): void {
  const view = showModel(projectFolder(project), name);
  if (options.json) return printJson(context, { model: view });
  context.out(`${modelText(view)}\n${layersText(view)}`);
}

interface ExportOptions {
  out: string;
  run?: string;
  json?: boolean;
}

/** What `model export` writes: a network that was imported, or the float network of a run. */
function exportSource(project: string, name: string | undefined, { run: id }: ExportOptions): FloatExportRequest['source'] {
  if (name !== undefined && id !== undefined)
    throw new WorkbenchError('usage', `Give the model '${name}' or --run ${id}, not both: one file holds one network.`);
  const folder = projectFolder(project);
  if (name !== undefined) {
    showModel(folder, name);
    return { folder: modelFolder(folder), name };
  }
  const store = ProjectStore.openReadOnly(folder);
  try {
    const run = floatRun(store, id);
    return { run: run.id, directory: store.runDirectory(run.id), recipe: run.recipe, models: modelFolder(folder) };
  } finally {
    store.close();
  }
}

async function exportFile(context: CliContext, project: string, name: string | undefined, options: ExportOptions): Promise<void> {
  const source = exportSource(project, name, options);
  const file = resolve(options.out);
  requireWritable(file);
  const job = { signal: context.signal, workerPath: context.workerPath, onProgress: progressIn(context) };
  const result = await exportModelFile({ source, file }, job);
  context.view.settle();
  if (options.json) return printJson(context, { ...result });
  context.out(`wrote    ${result.file} (${bytes(result.bytes)})\nchecked  ${checkText(result.check)}\n`);
}

export function registerModel(program: Command, context: CliContext): void {
  const model = program
    .command('model')
    .summary('import networks with their weights, list, show and export them')
    .description('Networks of a project that came from other programs.');
  model
    .command('import')
    .summary('read an ONNX or TensorFlow.js layers file')
    .description('Reads a float network with its weights into a project, checked against its original.')
    .argument('<file>', 'an .onnx file, or the model.json of a TensorFlow.js layers model')
    .requiredOption('--project <dir>', 'project folder; made when it is not there', parseFolder)
    .option('--name <name>', 'name of the model in the project; default: that of the file')
    .addOption(
      new Option('--normalize <preset>', 'what is done to an image in [0, 1] before the network reads it').choices(
        Object.keys(NORMALIZATIONS),
      ),
    )
    .option('--mean <numbers>', 'subtracted from each channel, 0..1; default 0', parseNumbers)
    .option('--std <numbers>', 'then each channel is divided by it; default 1', parseNumbers)
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((file: string, options: ImportOptions) => importFile(context, file, options));
  model
    .command('list')
    .summary('list the models of a project')
    .description('Lists the networks of a project that came from other programs.')
    .addArgument(projectArgument())
    .addOption(jsonOption())
    .action((project: string, options: { json?: boolean }) => list(context, project, options));
  model
    .command('show')
    .summary('show the layers of a model')
    .description('Shows layers, shapes, parameters and multiply-accumulates of a model, and how it was checked.')
    .addArgument(projectArgument())
    .argument('<name>', 'name of the model')
    .addOption(jsonOption())
    .action((project: string, name: string, options: { json?: boolean }) => show(context, project, name, options));
  model
    .command('export')
    .summary('write a network as float ONNX')
    .description('Writes a float network as ONNX, nothing quantized, checked in ONNX Runtime.')
    .addArgument(projectArgument())
    .argument('[name]', 'name of the model; when left out, the float network that a run trained')
    .requiredOption('--out <file>', 'file to write')
    .option('--run <id>', "the run whose float network it is (see 'eqnet show'); default: the latest that has one")
    .addOption(jsonOption())
    .addHelpText('after', EXPORT_HELP)
    .action((project: string, name: string | undefined, options: ExportOptions) => exportFile(context, project, name, options));
}
