import { availableParallelism, totalmem } from 'node:os';
import type { EngineSetup, EngineView } from '../../shared/contract/api/views.ts';
import type { DoctorReport } from '../../shared/contract/engine-report.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { chooseEngine, engineVersion, type LaunchEngine } from '../engine-choice.ts';
import { doctor } from '../engine/doctor.ts';
import { withFusedOps } from '../engine/ensure.ts';
import { install } from '../engine/install.ts';
import { locateEngine } from '../engine/locate.ts';
import { chooseManifest, currentPlatform, PORTABLE_SLOWDOWN } from '../engine/platform.ts';
import type { OnProgress } from '../engine/progress.ts';
import { dependencyVersion } from '../package-root.ts';
import type { RunEngine } from '../run-record.ts';
import type { Job, JobWork } from './job.ts';

/** The engines of this machine. */
export class EngineService {
  private report: DoctorReport | null = null;

  /** @param fixed replaces the choice */
  constructor(private readonly fixed?: LaunchEngine) {}

  /**
   * The engine for a wish, set up at its first use.
   * @param version of a run that goes on, which no other engine can
   */
  choose(wish: Recipe['engine']['executor'], onProgress: OnProgress, signal: AbortSignal, version?: string): Promise<LaunchEngine> {
    return this.fixed ? Promise.resolve(this.fixed) : chooseEngine(wish, onProgress, signal, version);
  }

  /** What a wish will most likely get, without setting anything up. */
  expected(wish: Recipe['engine']['executor']): RunEngine {
    if (this.fixed) return { executor: this.fixed.executor, version: this.fixed.version };
    const located = wish === 'portable' ? null : locateEngine();
    if (located) return { executor: wish === 'eager' ? 'eager' : 'session', version: engineVersion(located) };
    const canHave = wish !== 'portable' && 'manifest' in chooseManifest(currentPlatform(), 'cpu');
    return { executor: canHave ? (wish === 'eager' ? 'eager' : 'session') : 'portable', version: '' };
  }

  view(): EngineView {
    const located = locateEngine();
    const choice = located ? null : chooseManifest(currentPlatform(), 'cpu');
    const missing = `The TensorFlow engine is not installed; until then the portable engine is used, which is ${PORTABLE_SLOWDOWN}.`;
    return {
      executor: located ? 'session' : 'portable',
      summary: located
        ? `TensorFlow ${located.tensorflowVersion} (${located.gpu ? 'GPU' : 'CPU'} build) is installed.`
        : choice && 'unsupported' in choice
          ? choice.unsupported
          : missing,
      version: located
        ? `TensorFlow ${located.tensorflowVersion}`
        : `TensorFlow.js wasm ${dependencyVersion('@tensorflow/tfjs-backend-wasm')}`,
      gpu: located?.gpu ?? false,
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      setups: possibleSetups(),
      doctor: this.report,
    };
  }

  /** Looks at everything that the engine depends on; takes seconds. */
  async examine(): Promise<EngineView> {
    this.report = await doctor();
    return this.view();
  }

  /** The set-up of the native engine as a job. */
  installation(options: { gpu: boolean; force: boolean }): JobWork {
    const stopper = new AbortController();
    return {
      kind: 'install',
      project: null,
      run: null,
      title: options.gpu ? 'Set-up of the GPU engine' : 'Set-up of the engine',
      start: async (job: Job) => {
        job.working();
        const onProgress: OnProgress = ({ step, done, total, unit }) => job.tell({ unit, done, total, note: step });
        const { signal } = stopper;
        const location = await withFusedOps(await install({ ...options, onProgress, signal }), onProgress, { signal });
        this.report = null;
        return { engine: location.engineId, tensorflow: location.tensorflowVersion, gpu: location.gpu };
      },
      stop: () => stopper.abort(),
    };
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function possibleSetups(): EngineSetup[] {
  const platform = currentPlatform();
  return (['cpu', 'gpu'] as const).flatMap((device) => {
    const choice = chooseManifest(platform, device);
    if ('unsupported' in choice) return [];
    const { tensorflow, proven, wheels } = choice.manifest;
    const downloadBytes = sum(wheels.map(({ bytes }) => bytes));
    return [{ device, tensorflow, proven, downloadBytes, diskBytes: sum(wheels.map(({ unpackedBytes }) => unpackedBytes)) }];
  });
}
