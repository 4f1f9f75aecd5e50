import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { addData, type AddedData } from '../../host/data/add.ts';
import { checkData, dataCache, dataRecipe, type DataWorkOptions } from '../../host/data/check.ts';
import { DOWNLOADS, type Download } from '../../host/download/catalogue.ts';
import { bytesOf, download, findDownload } from '../../host/download/download.ts';
import { cacheDirectory, dataSetsDirectory } from '../../host/engine/cache-dir.ts';
import { eqnet, shellArguments } from '../../shared/contract/command-line.ts';
import type { DataReport } from '../../shared/contract/data-report.ts';
import { LEAST_CACHE, MOST_CACHE } from '../../shared/schema/data-cache.ts';
import { DATA_FORMATS, type DataFormatName } from '../../shared/schema/data-formats.ts';
import { printJson, type CliContext } from '../context.ts';
import { bytes, integer, table } from '../format.ts';
import { jsonOption, parseFolder, parseSeed } from '../options.ts';

const HELP = `
What is understood: a folder for each class (below train, val and test, if there are
such), CIFAR binary files or their .tar.gz, IDX files, .npz or .npy arrays, a CSV file
with columns path and label (and split), parquet files with an image and a label column.
JPEG, PNG, WebP, BMP and TIFF images are decoded. Splits that a data set lacks are
held out of its training images, class by class.

Decoded images are kept in a cache of this user account; training reads them there.

Examples:
  $ eqnet data check photos --size 64x64
  $ eqnet data add photos --project mine.eqnet --size 64x64
  $ eqnet run mine.eqnet/recipe.json --project mine.eqnet
`;

interface DataOptions {
  format?: DataFormatName | 'auto';
  size?: [number, number];
  channels?: 1 | 3;
  resize?: 'crop' | 'stretch';
  validation?: number;
  test?: number;
  seed?: number;
  skipCorrupt?: boolean;
  json?: boolean;
}

function parseSize(text: string): [number, number] {
  const found = /^(\d{1,4})(?:x(\d{1,4}))?$/i.exec(text.trim());
  const [height, width] = found ? [Number(found[1]), Number(found[2] ?? found[1])] : [0, 0];
  if (height < 1 || width < 1 || height > 1024 || width > 1024)
    throw new InvalidArgumentError('It must be HEIGHTxWIDTH in pixels, each 1 to 1024, e.g. 64x64.');
  return [height, width];
}

function parseShare(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 0.5)) throw new InvalidArgumentError('It must be a share from 0 to 0.5.');
  return value;
}

function parseChannels(text: string): 1 | 3 {
  if (text === '1' || text === '3') return Number(text) as 1 | 3;
  throw new InvalidArgumentError('It must be 1 (grey) or 3 (RGB).');
}

function wishOf(path: string, options: DataOptions) {
  const { format, size, channels, resize, validation, test, seed, skipCorrupt } = options;
  const split = Object.fromEntries(Object.entries({ validation, test, seed }).filter(([, value]) => value !== undefined));
  const given = { format, size, channels, resize, skipCorrupt, ...(Object.keys(split).length && { split }) };
  const stated = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return dataRecipe({ root: resolve(path), ...stated });
}

const size = ({ height, width, channels }: { height: number; width: number; channels: number }) => `${height} x ${width} x ${channels}`;

/** The most frequent sizes, and how many others there are. */
function storedText({ sizes, otherSizes }: DataReport): string {
  const shown = sizes.slice(0, 4);
  const others = sizes.length - shown.length + otherSizes;
  return `${shown.map((entry) => `${size(entry)} (${integer(entry.images)})`).join(', ')}${others ? ` and ${others} other sizes` : ''}`;
}

function reportText(report: DataReport): string {
  const { splits, target, classes, corrupt, duplicates } = report;
  const numbers = (values: number[]) => values.map((value) => value.toFixed(4)).join(', ');
  const lines = [
    `${report.path}: ${integer(report.images)} images of ${classes.length} classes (${report.format})`,
    `  stored as   ${storedText(report)}`,
    `  training    ${size(target)}${report.proposed ? ', proposed' : ''}; decoded ${bytes(report.bytes)}${report.cached ? ', in the cache' : ''}`,
    `  mean        ${numbers(report.mean)}   deviation ${numbers(report.deviation)}`,
  ];
  const rows = classes
    .slice(0, 40)
    .map((name, label) => [name, ...(['train', 'validation', 'test'] as const).map((split) => integer(splits[split].perClass[label]))]);
  const totals = ['all', ...(['train', 'validation', 'test'] as const).map((split) => integer(splits[split].images))];
  const listed = table([['class', 'train', 'validation', 'test'], ...rows, totals]);
  const more = classes.length > rows.length ? `  (${classes.length - rows.length} classes more: --json lists all)\n` : '';
  const unusable = corrupt.map(({ name, reason }) => `  ${name} ${reason}\n`).join('');
  const doubled = duplicates.flatMap(({ examples }) => examples.map(([first, second]) => `  ${first} = ${second}\n`)).join('');
  return [
    `${lines.join('\n')}\n${listed}${more}`,
    ...(unusable ? [`Unusable images:\n${unusable}`] : []),
    ...(doubled ? [`The same image in two splits:\n${doubled}`] : []),
    ...(report.warnings.length ? [`Look at this:\n${report.warnings.map((text) => `  ${text}\n`).join('')}`] : []),
  ].join('');
}

function addedText({ recipe, lowered, draft }: AddedData, project: string): string {
  const changes = lowered.map(({ field, from, to }) => `  ${field} ${from} -> ${to}: there are no more images\n`).join('');
  return `Recipe '${recipe.name}' in ${draft} uses these images now.\n${changes}Train with: ${eqnet(shellArguments(['run', draft, '--project', project]))}\n`;
}

/** A report without its pictures, which nobody reads in JSON text. */
function facts({ samples: _samples, ...rest }: DataReport): Omit<DataReport, 'samples'> {
  return rest;
}

/** How a command works: with its progress on the terminal. */
const dataWork = (context: CliContext): DataWorkOptions => ({
  workerPath: context.workerPath,
  signal: context.signal,
  onProgress: (progress) => context.view.update({ ...progress, label: 'decoding' }),
});

function withDataOptions(command: Command): Command {
  return command
    .addOption(new Option('--format <name>', 'how it is stored; default: found out').choices(['auto', ...DATA_FORMATS]))
    .option('--size <HxW>', 'size that training sees; needed where images have different sizes', parseSize)
    .option('--channels <n>', '1 grey or 3 RGB; default: grey where all images are', parseChannels)
    .addOption(new Option('--resize <how>', 'keep the centre, or stretch both sides; default: crop').choices(['crop', 'stretch']))
    .option('--validation <share>', 'share held out for validation where there is no such split; default: 0.1', parseShare)
    .option('--test <share>', 'the same for the test split; default: 0.2', parseShare)
    .option('--seed <n>', 'seed of that draw; default: 0', parseSeed)
    .option('--skip-corrupt', 'leave out images that cannot be decoded')
    .addOption(jsonOption());
}

async function check(context: CliContext, path: string, options: DataOptions): Promise<void> {
  const report = await checkData(wishOf(path, options), false, dataWork(context));
  context.view.settle();
  if (options.json) printJson(context, { report: facts(report) });
  else context.out(reportText(report));
}

async function add(context: CliContext, path: string, options: DataOptions & { project: string }): Promise<void> {
  const added = await addData(options.project, wishOf(path, options), dataWork(context));
  context.view.settle();
  if (options.json) printJson(context, { project: options.project, ...added, report: facts(added.report) });
  else context.out(reportText(added.report) + addedText(added, options.project));
}

interface DownloadOptions {
  to?: string;
  yes?: boolean;
  json?: boolean;
}

function downloadText(entry: Download): string {
  const sums = entry.files.map(({ name, bytes: size, md5 }) => `  ${name}  ${bytes(size)}  MD5 ${md5}\n`).join('');
  return `${entry.name}: ${entry.title}\n  ${bytes(bytesOf(entry))} to fetch; licence: ${entry.licence}\n  ${entry.about}\n${sums}`;
}

async function fetchData(context: CliContext, name: string | undefined, options: DownloadOptions): Promise<void> {
  if (name === undefined || !options.yes) {
    const list = name === undefined ? DOWNLOADS : [findDownload(name)];
    if (options.json) return printJson(context, { downloads: list.map((entry) => ({ ...entry, bytes: bytesOf(entry) })) });
    context.out(list.map(downloadText).join('\n'));
    if (name !== undefined)
      context.out(`Nothing was fetched yet. Fetch it with: ${eqnet(shellArguments(['data', 'download', name, '--yes']))}\n`);
    return;
  }
  const path = await download(findDownload(name), resolve(options.to ?? dataSetsDirectory(cacheDirectory())), {
    signal: context.signal,
    onProgress: (done, total) => context.view.update({ label: name, unit: 'bytes', done, total }),
  });
  context.view.settle();
  if (options.json) printJson(context, { name, path });
  else context.out(`${path}\nUse it with: ${eqnet(shellArguments(['data', 'add', path, '--project', `${name}.eqnet`]))}\n`);
}

const UNITS: Readonly<Record<string, number>> = { MB: 1e6, GB: 1e9, TB: 1e12 };

/** `20GB`, or `default` as null; in an object, since the option parser makes an empty text of null. */
function parseLimit(text: string): { bytes: number | null } {
  if (text === 'default') return { bytes: null };
  const found = /^(\d+(?:\.\d+)?)\s*(MB|GB|TB)$/i.exec(text.trim());
  const size = found ? Number(found[1]) * UNITS[found[2].toUpperCase()] : 0;
  if (size < LEAST_CACHE || size > MOST_CACHE) throw new InvalidArgumentError('It must be 100MB to 1000TB, e.g. 20GB, or default.');
  return { bytes: size };
}

interface CacheOptions {
  clear?: boolean;
  limit?: { bytes: number | null };
  json?: boolean;
}

const LIMIT_FROM = { default: 'the default', person: 'as set', environment: 'EQNET_DATA_CACHE_LIMIT' } as const;

async function cache(context: CliContext, options: CacheOptions): Promise<void> {
  const view = await dataCache({ clear: options.clear ? 'all' : undefined, limit: options.limit?.bytes }, dataWork(context));
  if (options.json) return printJson(context, view);
  const rows = view.entries.map((entry) => [
    entry.source,
    integer(entry.images),
    `${entry.height} x ${entry.width} x ${entry.channels}`,
    bytes(entry.bytes),
    new Date(entry.usedAt).toISOString().slice(0, 10),
  ]);
  context.out(`${view.folder}: ${bytes(view.bytes)} of at most ${bytes(view.limit)} (${LIMIT_FROM[view.limitFrom]})\n`);
  if (rows.length) context.out(table([['made from', 'images', 'size', 'bytes', 'last used'], ...rows]));
}

export function registerData(program: Command, context: CliContext): void {
  const data = program
    .command('data')
    .summary('use images of your own')
    .description('Looks at images of your own and gives them to a project.');
  withDataOptions(data.command('check').argument('<path>', 'folder or file with the images', parseFolder))
    .description('Looks at every image of a data set: sizes, classes, splits, damaged and duplicate images. Changes nothing.')
    .addHelpText('after', HELP)
    .action((path: string, options: DataOptions) => check(context, path, options));
  withDataOptions(data.command('add').argument('<path>', 'folder or file with the images', parseFolder))
    .description("Decodes a data set into the cache and makes it the data of a project's recipe.")
    .requiredOption('--project <dir>', 'project folder; made when it does not exist', parseFolder)
    .addHelpText('after', HELP)
    .action((path: string, options: DataOptions & { project: string }) => add(context, path, options));
  data
    .command('download')
    .argument('[name]', 'data set to fetch; without one, what there is')
    .description('Fetches a known data set from its publisher, after showing size and licence; goes on where it was interrupted.')
    .option('--to <dir>', 'folder to put it in; default: a folder of this user account', parseFolder)
    .option('--yes', 'fetch it; without this, only show what would be fetched')
    .addOption(jsonOption())
    .action((name: string | undefined, options: DownloadOptions) => fetchData(context, name, options));
  data
    .command('cache')
    .description('Shows the cache of decoded images, empties it, or sets how much it may take.')
    .option('--limit <size>', 'the most it may take, for the app too, e.g. 20GB, or default; what was used longest ago goes', parseLimit)
    .option('--clear', 'remove everything in it; what is needed again is decoded again')
    .addOption(jsonOption())
    .action((options: CacheOptions) => cache(context, options));
}
