/** What the report of a comparison says, in the language of the interface. */
import type { ProjectView, RunView } from '../../../../shared/contract/api/views.ts';
import { fixed, MISSING, percent, points, signed, whole } from '../../../format.ts';
import { language, t } from '../../../i18n.ts';
import tokens from '../../../styles/tokens.css?raw';
import { formCode } from '../../../ui/form-name.ts';
import { classAccuracies, COST_KINDS, layerCostOf, layerUnit, wholeCostOf, type AlignedLayer, type CostKind, type Side } from '../model.ts';
import { bitOpsUnit, shownDifference, shownPercent, SIZE_UNIT, withUnit, type CostUnit } from '../units.ts';
import { buildReport } from './build.ts';
import type { Figure, ReportCost, ReportData, ReportRun, ReportSide } from './data.ts';
import { reportStyle } from './style.ts';

const words = (): ReportData['words'] => {
  const names = [
    'configurations',
    'bits',
    'bitsNote',
    'weights',
    'activations',
    'average',
    'layer',
    'layers',
    'total',
    'costs',
    'classes',
    'class',
    'noClasses',
    'runs',
    'recipe',
    'reproduce',
    'configuration',
    'lacks',
  ] as const;
  return Object.fromEntries(names.map((name) => [name, t(`compare.out.${name}`)])) as ReportData['words'];
};

/** Better and worse by the sign of a difference. */
function toned(value: number | null, text: string, good: 'up' | 'down'): Figure {
  if (value === null) return { text: MISSING, tone: 'quiet' };
  if (value === 0) return { text };
  return { text, tone: value > 0 === (good === 'up') ? 'better' : 'worse' };
}

function figuresOf(side: Side, base: Side | null, bitOps: CostUnit): Figure[] {
  const { measured, predicted, cost } = side;
  const isBase = side === base;
  const word: Figure = { text: t('compare.base'), tone: 'quiet' };
  const accuracy = measured && base?.measured ? points(measured.accuracy, base.measured.accuracy) : null;
  const delta = (kind: 'sizeBytes' | 'bitOps', unit: CostUnit): Figure => {
    if (isBase) return word;
    const value = cost && base?.cost ? shownPercent(cost.total[kind], base.cost.total[kind], unit) : null;
    return toned(value, `${signed(value, 0)} %`, 'down');
  };
  return [
    { text: side.id },
    { text: percent(measured?.accuracy) },
    { text: measured ? `${percent(measured.interval[0])}–${percent(measured.interval[1])}` : MISSING, tone: 'quiet' },
    isBase ? word : toned(accuracy, signed(accuracy, 2), 'up'),
    { text: percent(predicted) },
    { text: fixed(cost && cost.total.sizeBytes / SIZE_UNIT.per, SIZE_UNIT.digits) },
    delta('sizeBytes', SIZE_UNIT),
    { text: fixed(cost && cost.total.bitOps / bitOps.per, bitOps.digits) },
    delta('bitOps', bitOps),
    { text: side.form ? formCode(side.form) : t('compare.mixed') },
  ];
}

const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

const folderName = (folder: string): string => quoted(folder.split(/[\\/]/).at(-1) ?? folder);
const fileOf = ({ letter }: Side): string => `${letter.toLowerCase()}.json`;

function commandsOf(folder: string, side: Side): string[] {
  const { entry, letter } = side;
  const project = folderName(folder);
  const file = fileOf(side);
  return [
    `eqnet eval ${project} --run ${entry.run} --config ${file}`,
    `eqnet export ${project} --run ${entry.run} --config ${file} --out ${letter.toLowerCase()}.onnx`,
  ];
}

function sideOf(
  side: Side,
  index: number,
  base: Side | null,
  layers: readonly AlignedLayer[],
  bitOps: CostUnit,
  folder: string,
): ReportSide {
  return {
    letter: side.letter,
    slot: side.slot,
    name: side.entry.name,
    figures: figuresOf(side, base, bitOps),
    weights: layers.map(({ cells }) => cells[index]?.layer.weightBits ?? null),
    activations: layers.map(({ cells }) => cells[index]?.layer.activationBits ?? null),
    averageWeights: fixed(side.cost?.averageBits.weights, 2),
    averageActivations: fixed(side.cost?.averageBits.activations, 2),
    classes: classAccuracies(side)?.map((value) => fixed(value, 1)) ?? null,
    file: fileOf(side),
    configuration: JSON.stringify(side.entry.configuration, null, 2),
    commands: commandsOf(folder, side),
  };
}

function costOf(kind: CostKind, sides: readonly Side[], base: Side, layers: readonly AlignedLayer[], bitOps: CostUnit): ReportCost | null {
  const unit = layerUnit(kind, bitOps);
  const place = sides.indexOf(base);
  const rows = sides.map((side, index) => {
    if (side === base) return null;
    const values = layers.map(({ cells }) => {
      const [own, other] = [layerCostOf(cells[index], kind), layerCostOf(cells[place], kind)];
      return own === null || other === null ? null : (own - other) / unit.per;
    });
    const [wholeOwn, wholeBase] = [wholeCostOf(side, kind), wholeCostOf(base, kind)];
    const total = wholeOwn === null || wholeBase === null ? null : shownDifference(wholeOwn, wholeBase, unit);
    return {
      values,
      texts: values.map((value) => signed(value, unit.digits)),
      total: toned(total, `${signed(total, unit.digits)} ${unit.unit}`, 'down'),
    };
  });
  const known = rows.some((row) => row?.values.some((value) => value !== null));
  return known
    ? { title: t('compare.out.against', { cost: t(`compare.cost.${kind}`), letter: base.letter }), unit: unit.unit, rows }
    : null;
}

function runOf(run: RunView, folder: string): ReportRun {
  const { engine, network, images, predictor } = run;
  const facts: [string, string][] = [
    [t('compare.out.run'), run.label ? `${run.label} (${run.id})` : run.id],
    [t('compare.out.data'), t(`shell.dataset.${run.settings.data.dataset}`)],
    [
      t('compare.out.network'),
      network
        ? `${t(`shell.architecture.${run.settings.model.architecture}`)}, ${t('compare.out.parameters', { count: whole(network.parameters) })}`
        : MISSING,
    ],
    [
      t('compare.out.images'),
      images
        ? t('compare.out.imageCounts', { train: whole(images.train), validation: whole(images.validation), test: whole(images.test) })
        : MISSING,
    ],
    [t('compare.out.float'), run.float ? `${percent(run.float.accuracy)} %` : MISSING],
    [
      t('compare.out.predictor'),
      predictor ? t('compare.out.predictorFacts', { rmse: fixed(predictor.rmse * 100, 2), kendall: fixed(predictor.kendall, 2) }) : MISSING,
    ],
    [t('compare.out.engine'), `${engine.executor}, ${engine.version}`],
    [t('compare.out.seed'), String(run.settings.seed)],
    [t('compare.out.weights256'), run.supernet?.weightsDigest ?? MISSING],
    [t('compare.out.digest'), run.digest ?? MISSING],
  ];
  return {
    title: run.title || run.id,
    facts,
    recipe: JSON.stringify(run.settings, null, 2),
    command: `eqnet run recipe.json --project ${folderName(folder)}`,
  };
}

/** Everything that the report shows. */
export function reportData(
  project: Pick<ProjectView, 'name' | 'folder'>,
  sides: readonly Side[],
  base: Side | null,
  layers: readonly AlignedLayer[],
  now: Date,
): ReportData {
  const bitOps = bitOpsUnit(sides.flatMap(({ cost }) => (cost ? [cost.total.bitOps] : [])));
  const toBase = t('compare.toBase', { letter: base?.letter ?? '' });
  const runs = [...new Set(sides.flatMap(({ run }) => (run ? [run] : [])))];
  return {
    language: language(),
    title: t('compare.out.title', { project: project.name }),
    facts: t('compare.facts', { count: sides.length, letter: base?.letter ?? MISSING }, sides.length),
    baseline: base?.letter ?? '',
    columns: [
      t('compare.column.name'),
      t('compare.column.id'),
      withUnit(t('compare.column.measured'), '%'),
      t('compare.out.interval'),
      toBase,
      withUnit(t('compare.column.predicted'), '%'),
      withUnit(t('compare.column.size'), SIZE_UNIT.unit),
      toBase,
      withUnit(t('compare.column.bitOps'), bitOps.unit),
      toBase,
      t('compare.column.form'),
    ],
    sides: sides.map((side, index) => sideOf(side, index, base, layers, bitOps, project.folder)),
    layers: layers.map(({ number, name }) => ({ number, name })),
    costs: base && sides.length > 1 ? COST_KINDS.flatMap((kind) => costOf(kind, sides, base, layers, bitOps) ?? []) : [],
    runs: runs.map((run) => runOf(run, project.folder)),
    made: t('compare.out.made', {
      time: now.toLocaleString(language() === 'en' ? 'en-GB' : language(), { dateStyle: 'long', timeStyle: 'short' }),
    }),
    words: words(),
  };
}

/** The report as a document. */
export const reportOf = (
  project: Pick<ProjectView, 'name' | 'folder'>,
  sides: readonly Side[],
  base: Side | null,
  layers: readonly AlignedLayer[],
): string => buildReport(reportData(project, sides, base, layers, new Date()), reportStyle(tokens));

/** Name that is offered for the file. */
export const reportFileName = (project: string): string =>
  `${
    project
      .replace(/\.eqnet$/, '')
      .replace(/[^\p{L}\p{N}._-]+/gu, '-')
      .replace(/^[-.]+/, '') || 'project'
  }-comparison.html`;
