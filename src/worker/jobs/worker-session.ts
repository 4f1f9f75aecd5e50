import { toErrorPayload, WorkbenchError } from '../../shared/contract/errors.ts';
import type { HostMessage, Phase, PhaseInputs, PhaseResults, WorkerMessage } from '../../shared/contract/job-protocol.ts';
import { calibrate } from './calibrate.ts';
import { RunContext } from './context.ts';
import { evaluate } from './evaluate.ts';
import { exportCandidates } from './export.ts';
import { grid } from './grid.ts';
import { look } from './look/look.ts';
import { measureSensitivity } from './look/measure-sensitivity.ts';
import { exportFloatModel } from './models/export-model.ts';
import { importModel } from './models/import-model.ts';
import { measure } from './measure.ts';
import { predict } from './predict.ts';
import { predictor } from './predictor.ts';
import { pretrain } from './pretrain.ts';
import { profile } from './profile/profile.ts';
import { Reporter } from './reporter.ts';
import { RunControl } from './run-control.ts';
import { sample } from './sample.ts';
import { search, searchTargets } from './search.ts';
import { supernet } from './supernet.ts';

const PHASE_JOBS: { [P in Phase]: (context: RunContext, input: PhaseInputs[P]) => Promise<PhaseResults[P]> } = {
  pretrain,
  calibrate,
  supernet,
  grid,
  sample,
  predictor,
  search,
  measure,
  export: exportCandidates,
};

const VITALS_MS = 1000;

/** One side of the conversation with the host: does one request after the other, and heeds what concerns them at once. */
export class WorkerSession {
  private readonly reporter: Reporter;
  private readonly control: RunControl;
  private context: RunContext | null = null;
  private queue: Promise<void> = Promise.resolve();
  private waiting = 0;

  constructor(post: (message: WorkerMessage) => void) {
    this.reporter = new Reporter(post);
    this.control = new RunControl(
      (message) => this.reporter.send(message),
      (phase) => this.reporter.done(phase),
    );
  }

  /** Whether there is a run whose state is worth a checkpoint. */
  get opened(): boolean {
    return this.context !== null;
  }

  /** Takes a message; resolves when everything that was asked so far is answered. `close` only ends what is going on. */
  receive(message: HostMessage): Promise<void> {
    switch (message.type) {
      case 'stop':
      case 'pause':
      case 'resume':
      case 'snapshot':
      case 'finish':
        this.control[message.type]();
        break;
      case 'close':
        // A host that leaves in the middle wants what is done kept, and must not wait for the rest.
        if (this.waiting) this.control.stop();
        break;
      default:
        this.waiting++;
        this.queue = this.queue.then(() => this.answer(message));
    }
    return this.queue;
  }

  private async answer(message: HostMessage): Promise<void> {
    const vitals = setInterval(() => this.sendVitals(), VITALS_MS);
    try {
      await this.handle(message);
    } catch (error) {
      if (error instanceof WorkbenchError && error.code === 'stopped') this.reporter.send({ type: 'stopped' });
      else this.reporter.send({ type: 'failed', error: toErrorPayload(error) });
    } finally {
      clearInterval(vitals);
      this.waiting--;
    }
  }

  private async handle(message: HostMessage): Promise<void> {
    const { reporter } = this;
    switch (message.type) {
      case 'open':
        this.context = await RunContext.open(message.options, reporter, this.control);
        return reporter.send({ type: 'opened', info: this.context.info() });
      case 'phase':
        return this.runPhase(message.phase, message.input as never);
      case 'evaluate':
        return reporter.send({ type: 'evaluated', result: await evaluate(this.run(), message.request) });
      case 'search': {
        const { forms, weights, activations } = message.request;
        return reporter.send({ type: 'searched', result: await searchTargets(this.run(), forms, [{ weights, activations }]) });
      }
      case 'predict':
        return reporter.send({ type: 'predicted', result: await predict(this.run(), message.request) });
      case 'import-model':
        return reporter.send({ type: 'model-imported', result: await importModel(message.request, reporter, this.control.breathe) });
      case 'export-model':
        return reporter.send({ type: 'model-exported', result: await exportFloatModel(message.request, reporter, this.control.breathe) });
      case 'profile':
        return reporter.send({ type: 'profiled', result: await profile(message.request, reporter, this.control.breathe) });
      case 'sensitivity':
        return reporter.send({ type: 'sensitivity', result: await measureSensitivity(this.run()) });
      case 'look':
        return reporter.send(
          await look(message.request, (done, total) => {
            reporter.report({ phase: 'data', unit: 'image', done, total });
            return this.control.insideStep();
          }),
        );
      default:
    }
  }

  private async runPhase<P extends Phase>(phase: P, input: PhaseInputs[P]): Promise<void> {
    const { control } = this;
    const started = performance.now() - control.heldMilliseconds;
    control.begin(phase);
    try {
      const result = await PHASE_JOBS[phase](this.run(), input);
      const seconds = (performance.now() - control.heldMilliseconds - started) / 1000;
      this.reporter.send({ type: 'phase-done', phase, result, seconds } as WorkerMessage);
    } finally {
      control.end();
    }
  }

  private run(): RunContext {
    if (!this.context) throw new WorkbenchError('internal', 'The worker got work before it was opened.');
    return this.context;
  }

  private sendVitals(): void {
    this.reporter.send({ type: 'vitals', rss: process.memoryUsage.rss(), tensors: this.context?.liveTensors() ?? 0 });
  }
}
