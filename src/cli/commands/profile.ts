import { Option, type Command } from 'commander';
import { modelFolder } from '../../host/models.ts';
import { profileStep } from '../../host/profile.ts';
import { ProjectStore } from '../../host/project-store.ts';
import { loadRecipe } from '../../host/recipes.ts';
import { PROFILE_REPEAT, type ProfileKind, type StepProfile } from '../../shared/contract/profile.ts';
import { launchEngine, printJson, type CliContext } from '../context.ts';
import { bytes, integer, table } from '../format.ts';
import { jsonOption, parseCount, parseFolder, parseRepeat, parseThreads } from '../options.ts';

const HELP = `
Measures one elastic training step of the recipe's network on images of noise:
as training does it, beside a float step of the same batch, and op by op. Every
time is the least of the repetitions, after one that warms up. Nothing is stored.

Examples:
  $ eqnet profile mnist-quick
  $ eqnet profile cluttered-resnet20 --batch 64 --threads 4 --repeat 20
  $ eqnet profile mine.json --project photos.eqnet --json | jq .kinds
`;

const KINDS: Readonly<Record<ProfileKind, string>> = {
  convolution: 'convolutions',
  depthwise: 'depthwise convolutions',
  matmul: 'matrix products',
  normalization: 'batch normalization',
  'activation-quantization': 'fake quantization of activations',
  'weight-quantization': 'fake quantization of weights',
  pooling: 'pooling',
  elementwise: 'residuals, activations and the rest',
  loss: 'loss and distillation',
  update: 'WDR, optimizer and tables',
  dispatch: 'starting the ops',
};

interface ProfileOptions {
  repeat: number;
  threads?: number;
  batch?: number;
  engine?: 'auto' | 'session' | 'portable';
  project?: string;
  json?: boolean;
}

const ms = (milliseconds: number): string => milliseconds.toFixed(milliseconds < 100 ? 2 : 1);
const share = (value: number): string => `${(100 * value).toFixed(1)} %`;

function factsText({ network, batch, repeat, engine, step, float, ops, quantizationShare, memory }: StepProfile): string {
  const { passes, update, milliseconds } = step;
  const way =
    ops.stepLess >= 0 ? `${ms(ops.stepLess)} ms more than the step, where ops overlap` : `${ms(-ops.stepLess)} ms less than the step`;
  const rows = [
    ['network', `${network.name}, ${integer(network.parameters)} parameters, batch ${batch} of ${network.image.join('x')}`],
    ['engine', `${engine.version} (${engine.executor}), ${engine.threads} thread${engine.threads === 1 ? '' : 's'}`],
    [
      'elastic step',
      `${ms(milliseconds)} ms (${passes.map((pass) => `${pass.role} ${ms(pass.milliseconds)}`).join(', ')}, update ${ms(update)})`,
    ],
    [
      'float steps',
      `${ms(passes.length * float.milliseconds)} ms for ${passes.length}; the elastic step takes ${float.ratio.toFixed(2)} of that`,
    ],
    ['op by op', `${ms(ops.milliseconds)} ms in ${integer(ops.count)} ops, ${way}`],
    ['quantization', `${share(quantizationShare)} of the time op by op`],
    ['memory', `${bytes(memory.before)} before, ${bytes(memory.peak)} at most; ${bytes(memory.estimated)} expected`],
    ['repetitions', `${repeat}, the least of each`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(14)}${value}\n`).join('');
}

function profileText(profile: StepProfile): string {
  const kinds = profile.kinds.map(({ kind, milliseconds, share: part, ops }) => [KINDS[kind], ms(milliseconds), share(part), integer(ops)]);
  const layers = profile.layers.map((layer) => [
    layer.name,
    layer.kind,
    ...[layer.forward, layer.backward, layer.quantization, layer.milliseconds].map(ms),
    share(layer.share),
  ]);
  return [
    factsText(profile),
    table([['kind', 'ms', 'share', 'ops'], ...kinds]),
    table([['layer', 'kind', 'forward', 'backward', 'quantization', 'ms', 'share'], ...layers]),
    profile.engine.fused
      ? 'Batch normalization takes the residual, the ReLU and the fake quantization behind it along, so layers that\nonly do these are not listed; what quantization takes of it is its time less that of the same op without.\n'
      : 'Fake quantization takes the ReLU in front of it along.\n',
  ].join('\n');
}

/** @throws WorkbenchError `project-missing` */
function modelsOf(project: string | undefined): string | undefined {
  if (project === undefined) return undefined;
  const store = ProjectStore.openReadOnly(project);
  try {
    return modelFolder(store.folder);
  } finally {
    store.close();
  }
}

async function profile(context: CliContext, name: string, options: ProfileOptions): Promise<void> {
  const loaded = loadRecipe(name);
  const models = modelsOf(options.project);
  const { batch = loaded.supernet.batch, threads = loaded.engine.threads, repeat } = options;
  const recipe = { ...loaded, supernet: { ...loaded.supernet, batch }, engine: { ...loaded.engine, threads } };
  const engine = await launchEngine(context, options.engine ?? recipe.engine.executor);
  const found = await profileStep(
    { recipe, models, engine, repeat },
    {
      signal: context.signal,
      workerPath: context.workerPath,
      onProgress: (progress) => context.view.update({ ...progress, label: progress.phase }),
    },
  );
  context.view.settle();
  if (options.json) printJson(context, found);
  else context.out(profileText(found));
}

export function registerProfile(program: Command, context: CliContext): void {
  program
    .command('profile')
    .summary('measure where the time of a training step goes')
    .description('Measures an elastic training step of a recipe by kind of op and by layer, on images of noise.')
    .argument('<recipe>', "name of a recipe that comes with the program (see 'eqnet recipes'), or path of a JSON file")
    .option('--repeat <n>', 'repetitions, of which the least counts', parseRepeat, PROFILE_REPEAT)
    .option('--threads <n>', 'threads of the engine; default: those of the recipe, or all cores', parseThreads)
    .option('--batch <n>', 'images in a step; default: supernet.batch of the recipe', parseCount)
    .addOption(
      new Option(
        '--engine <name>',
        'what computes: session (TensorFlow), portable (WebAssembly), or auto; default: that of the recipe',
      ).choices(['auto', 'session', 'portable']),
    )
    .option('--project <dir>', 'project whose imported networks the recipe may name', parseFolder)
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((name: string, options: ProfileOptions) => profile(context, name, options));
}
