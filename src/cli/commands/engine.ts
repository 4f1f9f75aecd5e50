import { basename } from 'node:path';
import type { Command } from 'commander';
import { doctor, type DoctorReport } from '../../host/engine/doctor.ts';
import { withFusedOps } from '../../host/engine/ensure.ts';
import { install } from '../../host/engine/install.ts';
import type { OnProgress } from '../../host/engine/progress.ts';
import { eqnet } from '../../shared/contract/command-line.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { printJson, type CliContext } from '../context.ts';
import { bytes, integer } from '../format.ts';
import { jsonOption } from '../options.ts';

const HELP = `
The native engine is TensorFlow's own library. It is downloaded once, with the
pip of this machine, into a folder of your user account, and needs a C++ compiler
for a small addon. 'eqnet run' sets it up by itself at its first use. Without it
everything works on the portable engine (WebAssembly), about 20 times slower.

Examples:
  $ eqnet engine install            set it up now
  $ eqnet engine doctor             what is there, what is missing, what to do
  $ eqnet engine install --force    mend a damaged one
`;

interface InstallOptions {
  gpu?: boolean;
  force?: boolean;
  keepDownloads?: boolean;
  json?: boolean;
}

async function installEngine(context: CliContext, { json, ...options }: InstallOptions): Promise<void> {
  const onProgress: OnProgress = ({ step, done, total, unit }) => context.view.update({ label: step, unit, done, total });
  const { signal } = context;
  const engine = await withFusedOps(await install({ ...options, signal, onProgress }), onProgress, { signal });
  context.view.settle();
  if (json) printJson(context, engine);
  else context.out(`TensorFlow ${engine.tensorflowVersion} (${engine.gpu ? 'GPU' : 'CPU'} build) is ready: ${engine.addonPath}\n`);
}

/** A broken folder can have a hundred damaged files, which one command mends. */
const SHOWN_PROBLEMS = 6;

const NO_GPU = 'no NVIDIA GPU answers (nvidia-smi)';

const FEATURE_NAMES: Readonly<Record<keyof DoctorReport['cpu']['features'], string>> = {
  avx: 'AVX',
  avx2: 'AVX2',
  fma: 'FMA',
  avx512: 'AVX-512',
  vnni: 'VNNI (int8)',
  bf16: 'bfloat16',
  amx: 'AMX',
  neon: 'NEON',
};

function featureText(features: DoctorReport['cpu']['features']): string {
  const names = (Object.keys(FEATURE_NAMES) as (keyof typeof features)[]).filter((key) => features[key]);
  return names.map((key) => FEATURE_NAMES[key]).join(', ') || 'no vector instructions known';
}

const gpuText = ({ name, driver, memoryBytes, computeCapability }: DoctorReport['gpus'][number]): string =>
  `${name}, driver ${driver}, ${bytes(memoryBytes)}, compute capability ${computeCapability}`;

/** Of one origin; the NVIDIA wheels hold dozens. */
const SHOWN_LIBRARIES = 4;

/** Where the libraries came from: a row for each wheel or source. */
function libraryRows(files: DoctorReport['engine']['files']): [string, string][] {
  const origins = [...new Set(files.map(({ origin }) => origin))];
  return origins.map((origin, index) => {
    const own = files.filter((file) => file.origin === origin);
    const names = own.map(({ path }) => basename(path)).filter((name) => /\.(so|dylib|dll|node)\b/.test(name));
    const shown = names.slice(0, SHOWN_LIBRARIES);
    const others = own.length - shown.length;
    const size = bytes(own.reduce((sum, file) => sum + file.bytes, 0));
    const more = others ? ` and ${integer(others)} other file${others === 1 ? '' : 's'}` : '';
    return [index ? '' : 'libraries', `${shown.join(', ')}${more} (${size}): ${origin}`];
  });
}

/** The doctor's report for people. */
export function doctorText(report: DoctorReport): string {
  const { platform, node, cpu, memory, gpus, python, pip, compiler, engine, problems } = report;
  const tool = (found: DoctorReport['python']) => (found ? `${found.command} ${found.version}` : 'not found');
  const rows: [string, string][] = [
    ['system', `${platform.os}-${platform.arch} ${platform.release}${platform.glibc ? `, glibc ${platform.glibc}` : ''}`],
    ['node', `${node.version}, Node-API ${node.nodeApi}`],
    ['processor', `${cpu.model}, ${cpu.cores} core${cpu.cores === 1 ? '' : 's'}; ${featureText(cpu.features)}`],
    ['memory', `${bytes(memory.totalBytes)}, ${bytes(memory.freeBytes)} free`],
    ...(gpus.length ? gpus.map((gpu): [string, string] => ['graphics', gpuText(gpu)]) : [['graphics', NO_GPU] satisfies [string, string]]),
    ['python', tool(python)],
    ['pip', pip?.version ?? 'not found'],
    ['compiler', tool(compiler)],
    ['cache', report.cacheDir],
    ['engine', `${engine.id ?? 'none for this system'} (${engine.state}${engine.proven ? '' : ', not yet proven on such a machine'})`],
    ['tensorflow', engine.tensorflow ? `${engine.tensorflow}, ${engine.device.toUpperCase()} build` : 'not loaded'],
    ...libraryRows(engine.files),
  ];
  return (
    rows.map(([name, value]) => `${name.padEnd(10)} ${value}\n`).join('') +
    `\n${report.sentence}\n` +
    problems
      .slice(0, SHOWN_PROBLEMS)
      .map(({ what, mend }) => `- ${what}; mend it with: ${mend}\n`)
      .join('') +
    (problems.length > SHOWN_PROBLEMS ? `- and ${problems.length - SHOWN_PROBLEMS} more: ${eqnet('engine doctor --json')}\n` : '')
  );
}

async function examine(context: CliContext, options: { gpu?: boolean; json?: boolean }): Promise<void> {
  const report = await doctor({ gpu: options.gpu });
  if (options.json) printJson(context, report);
  else context.out(doctorText(report));
  if (report.engine.state !== 'ready') throw new EngineNotReady(report.sentence);
}

/** Sets the exit code of a report that was printed in full; nothing more is to be said. */
export class EngineNotReady extends WorkbenchError {
  constructor(sentence: string) {
    super('engine-missing', sentence);
  }
}

export function registerEngine(program: Command, context: CliContext): void {
  const engine = program
    .command('engine')
    .summary('set up and examine the native engine')
    .description('Sets up and examines the native engine (TensorFlow).')
    .addHelpText('after', HELP);
  engine
    .command('install')
    .description('Downloads, unpacks and builds the native engine; done already, it says so at once.')
    .option('--gpu', 'the build for NVIDIA GPUs')
    .option('--force', 'install anew, to mend a damaged one')
    .option('--keep-downloads', 'keep the downloaded files in the cache')
    .addOption(jsonOption())
    .action((options: InstallOptions) => installEngine(context, options));
  engine
    .command('doctor')
    .description('Says what was found, what is missing and what to do; changes nothing. Exit code 0 when the engine is ready, else 5.')
    .option('--gpu', 'look at the GPU build')
    .addOption(jsonOption())
    .action((options: { gpu?: boolean; json?: boolean }) => examine(context, options));
}
