import type { Command } from 'commander';
import { reportProject, type ProjectReport, type ReportedCandidate, type RunReport } from '../../host/project-report.ts';
import { ProjectStore } from '../../host/project-store.ts';
import { eqnet, shellArguments } from '../../shared/contract/command-line.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { Candidate, GridCell, MeasuredCandidate } from '../../shared/contract/job-protocol.ts';
import { formatSeconds } from '../../shared/domain/progress.ts';
import { printJson, type CliContext } from '../context.ts';
import { bytes, gap, integer, optional, percent, short, table } from '../format.ts';
import { jsonOption, projectArgument } from '../options.ts';
import { PROOF_FAILED } from './export.ts';
import { printMetrics } from './metrics.ts';

const HELP = `
Shows every run: its phases with their time, the accuracy at every bit-width and
form, how good the predictor is, the front of accuracy against cost, and the
exported files with their proof. It only reads, also while a run is going on.
With --metrics: the losses, accuracies and rates of a run over its steps, as CSV
lines 'series,step,value'.

A form has three letters: t or c for one weight step size per tensor or per
output channel, then s or a for symmetric or asymmetric weights, then the same
for activations. 'css' is per channel, symmetric, symmetric.

Examples:
  $ eqnet show digits.eqnet
  $ eqnet show digits.eqnet --json | jq '.runs[-1].front[] | {id, measured}'
  $ eqnet show digits.eqnet --metrics pretrain/loss > loss.csv
`;

function gridText(title: string, cells: readonly GridCell[]): string {
  if (!cells.length) return '';
  const key = ({ weightBits, activationBits }: GridCell) =>
    weightBits === activationBits ? `${weightBits}` : `w${weightBits}a${activationBits}`;
  const columns = [...new Map(cells.map((cell) => [key(cell), cell])).values()]
    .sort((a, b) => a.weightBits - b.weightBits || a.activationBits - b.activationBits)
    .map(key);
  const forms = [...new Set(cells.map(({ form }) => form))];
  const value = (form: string, column: string) => {
    const cell = cells.find((candidate) => candidate.form === form && key(candidate) === column);
    return cell ? percent(cell.accuracy) : '';
  };
  return `\n  ${title} (${integer(cells[0].images)} images)\n${table([['form', ...columns], ...forms.map((form) => [form, ...columns.map((column) => value(form, column))])], '    ')}`;
}

function predictorText({ predictor }: RunReport): string {
  if (!predictor) return '';
  const points = (value: number) => (100 * value).toFixed(2);
  const row = (name: string, score: { kendall: number | null; pearson: number | null; rmse: number }) => [
    name,
    optional(score.kendall),
    optional(score.pearson),
    points(score.rmse),
  ];
  const rows = [['', 'Kendall', 'Pearson', 'RMSE, points'], row('CQAP', predictor)];
  if (predictor.repeatScore) rows.push(row('CQAP, on other images', predictor.repeatScore));
  rows.push(row('ridge regression', predictor.ridge));
  if (predictor.noiseCeiling) rows.push(row('two measurements', predictor.noiseCeiling));
  const about =
    `${predictor.trainSamples} training, ${predictor.samples} held-out configurations (${predictor.heldOutKind}); ` +
    `label deviation ${points(predictor.labelDeviation)} points` +
    (predictor.pearsonLimit === null ? '' : `; a perfect predictor would reach a Pearson of about ${optional(predictor.pearsonLimit)}`);
  return `\n  Predictor: ${about}\n${table(rows, '    ')}${predictor.warnings.map((warning) => `    ! ${warning}\n`).join('')}`;
}

/** Points of accuracy over the uniform configuration, with their 95 % interval. */
function gained(versus: MeasuredCandidate['versusUniform'] | undefined): string {
  if (!versus) return '-';
  const points = (value: number) => `${value > 0 ? '+' : ''}${percent(value)}`;
  return `${points(versus.difference)} (${versus.interval.map(points).join(' to ')})`;
}

const shown = (accuracy: number | null | undefined): string => (typeof accuracy === 'number' ? percent(accuracy) : '-');

export function candidateRows(candidates: readonly (Candidate & Partial<ReportedCandidate>)[], measuredToo: boolean): string[][] {
  const heading = [
    'id',
    'target',
    'form',
    'bits w',
    'bits a',
    'BitOps',
    'size',
    'predicted %',
    ...(measuredToo ? ['validation %', 'test %', '95 % interval', 'points over uniform'] : []),
  ];
  return [
    heading,
    ...candidates.map(({ id, target, form, costs, predicted, measured, interval, validationAccuracy, versusUniform }) => [
      id,
      String(target),
      form,
      costs.averageWeightBits.toFixed(2),
      costs.averageActivationBits.toFixed(2),
      short(costs.bitops),
      bytes(costs.sizeBytes),
      shown(predicted),
      ...(measuredToo
        ? [shown(validationAccuracy), shown(measured), interval?.map(percent).join(' - ') ?? '-', gained(versusUniform)]
        : []),
    ]),
  ];
}

function frontText({ front, candidates }: RunReport): string {
  if (!front.length) return '';
  const baselines = candidates.filter((candidate) => candidate.rank === 'uniform' && candidate.measured !== null);
  return (
    `\n  Front: no other measured configuration is more accurate (on the validation images), smaller and cheaper at once\n${table(candidateRows(front, true), '    ')}` +
    (baselines.length ? `\n  Uniform configurations to compare with\n${table(candidateRows(baselines, true), '    ')}` : '')
  );
}

function exportsText({ exports }: RunReport): string {
  if (!exports.length) return '';
  const rows = exports.map(({ file, format, bytes: size, proof }) => [
    format,
    bytes(size),
    `${percent(proof.top1Agreement)} %`,
    gap(proof.maxLogitGap),
    `${percent(proof.accuracyRuntime)} / ${percent(proof.accuracyApp)}`,
    file,
  ]);
  const failed = exports
    .filter(({ proof }) => !proof.passed)
    .map(({ file }) => `    ! ${file}: ${PROOF_FAILED}\n`)
    .join('');
  return `\n  Exports, checked in ${exports[0].proof.runtime} on ${integer(exports[0].proof.images)} images\n${table([['format', 'size', 'same top-1', 'largest logit gap', 'accuracy there / here', 'file'], ...rows], '    ')}${failed}`;
}

function runText(run: RunReport): string {
  const phases = Object.entries(run.phases).map(
    ([phase, { state, seconds }]) => `${phase} ${state === 'done' ? formatSeconds(seconds) : state}`,
  );
  const threads = run.engine.threads === null ? '' : `, ${run.engine.threads} thread${run.engine.threads === 1 ? '' : 's'}`;
  return (
    `Run ${run.id}: ${run.state}, recipe ${run.recipe}, ${run.createdAt}, engine ${run.engine.executor} (${run.engine.version}${threads})\n` +
    `  ${phases.join(', ')}\n` +
    (run.error ? `  ! ${run.error.message}\n` : '') +
    (run.digest ? `  digest ${run.digest}\n` : '') +
    (run.float ? `  float accuracy ${percent(run.float.accuracy)} % on ${integer(run.float.images)} images\n` : '') +
    gridText('Accuracy in % by bits, before elastic training (calibration only)', run.calibrationOnly) +
    gridText('Accuracy in % by bits, elastic', run.grid) +
    predictorText(run) +
    frontText(run) +
    exportsText(run)
  );
}

function projectText({ project, runs }: ProjectReport): string {
  const head = `Project ${project.name} in ${project.folder}\n`;
  return runs.length
    ? `${head}\n${runs.map(runText).join('\n')}`
    : `${head}No runs yet: start one with '${eqnet(shellArguments(['run', 'RECIPE', '--project', project.folder]))}'.\n`;
}

interface ShowOptions {
  /** true: all series */
  metrics?: string | true;
  run?: string;
  json?: boolean;
}

function show(context: CliContext, folder: string, { metrics, run, json }: ShowOptions): void {
  if (run !== undefined && metrics === undefined)
    throw new WorkbenchError('usage', `--run belongs to --metrics, without it every run is shown: see '${eqnet('show --help')}'.`);
  const store = ProjectStore.openReadOnly(folder);
  try {
    if (metrics !== undefined) {
      printMetrics(context, store, { run, json, wanted: metrics === true ? undefined : metrics });
      return;
    }
    const report = reportProject(store);
    if (json) printJson(context, report);
    else context.out(projectText(report));
  } finally {
    store.close();
  }
}

export function registerShow(program: Command, context: CliContext): void {
  program
    .command('show')
    .summary('show what a project holds')
    .description('Shows the runs of a project with all their results.')
    .addArgument(projectArgument())
    .option('--metrics [series]', 'print what was measured while it ran (CSV): one series, or all')
    .option('--run <id>', 'with --metrics: of this run; default: the latest')
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((folder: string, options: ShowOptions) => show(context, folder, options));
}
