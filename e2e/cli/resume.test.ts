import { mkdirSync, openSync, readSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { reportProject } from '../../src/host/project-report.ts';
import { ProjectStore } from '../../src/host/project-store.ts';
import type { Phase } from '../../src/shared/contract/job-protocol.ts';
import { SHAPES } from './shapes.ts';
import { anyEngine, Eqnet, eqnet, eqnetJson, failure, recipeFile, RUN_TIMEOUT, sharedFolder, workerPid } from './testkit.ts';

const { executor, title } = anyEngine;
const folder = sharedFolder();
/** Long enough that every phase is still going on when the interruption arrives. */
const longer = {
  ...(executor === 'session' && { pretrain: { epochs: 3 } }),
  supernet: { epochs: executor === 'session' ? 0.75 : 0.5, checkpointSeconds: 0 },
  evaluation: { gridBits: [2, 3, 4, 5, 6, 7, 8], gridForms: ['tss', 'csa', 'caa'] },
  predictor: { trainSamples: 16, heldOutSamples: 8 },
};
const recipe = join(folder, 'recipe.json');

const reportOf = (project: string) => {
  const store = ProjectStore.openReadOnly(project);
  try {
    return reportProject(store).runs[0];
  } finally {
    store.close();
  }
};

/** Training steps in a checkpoint, as its safetensors header says. */
function checkpointStep(project: string, phase: Phase): number {
  const file = openSync(join(project, 'runs', 'tiny-1', 'checkpoints', `${phase}.safetensors`), 'r');
  try {
    const size = Buffer.alloc(8);
    readSync(file, size, 0, 8, 0);
    const header = Buffer.alloc(Number(size.readBigUInt64LE(0)));
    readSync(file, header, 0, header.length, 8);
    const { __metadata__: metadata } = JSON.parse(header.toString('utf8')) as { __metadata__: { step: string } };
    return Number(metadata.step);
  } finally {
    closeSync(file);
  }
}

const PHASES: readonly { phase: Phase; begun: (store: ProjectStore) => boolean }[] = [
  { phase: 'pretrain', begun: (store) => store.metrics('tiny-1', 'pretrain/loss').length >= 3 },
  { phase: 'supernet', begun: (store) => store.metrics('tiny-1', 'supernet/rate').length >= 3 },
  { phase: 'grid', begun: (store) => store.units('tiny-1', 'grid').length >= 2 },
  { phase: 'sample', begun: (store) => store.units('tiny-1', 'sample').length >= 2 },
];

const command = (project: string) => ['run', recipe, '--project', project, '--engine', executor, '--resume'];

interface Interruption {
  name: string;
  state: 'failed' | 'stopped';
  /** ends the run and says whether it ended as it should. @returns the command that goes on */
  interrupt: (running: Eqnet, project: string) => Promise<string[]>;
}

const INTERRUPTIONS: readonly Interruption[] = [
  {
    name: 'kill -9 of the worker',
    state: 'failed',
    async interrupt(running, project) {
      process.kill(workerPid(project), 'SIGKILL');
      expect(failure(await running.ended, 'worker-died')).toMatch(/SIGKILL .*; what it finished is stored, run again with --resume\.$/);
      return command(project);
    },
  },
  {
    name: 'kill -9 of the command',
    state: 'stopped',
    async interrupt(running, project) {
      running.child.kill('SIGKILL');
      expect(await running.ended).toMatchObject({ exit: null, signal: 'SIGKILL' });
      return command(project);
    },
  },
  ...(process.platform === 'win32'
    ? []
    : [
        {
          name: 'Ctrl-C',
          state: 'stopped' as const,
          async interrupt(running: Eqnet) {
            process.kill(-running.pid, 'SIGINT');
            const sentence = failure(await running.ended, 'stopped');
            expect(sentence).toMatch(/^Stopped; what was finished is stored\. Go on with: eqnet run /);
            return sentence.split('Go on with: eqnet ')[1].split(' ');
          },
        },
      ]),
];

describe(`an interrupted run ends with the digest of an undisturbed one, ${title}`, () => {
  let reference: ReturnType<typeof reportOf>;

  beforeAll(async () => {
    recipeFile(folder, longer);
    const project = join(folder, 'reference.eqnet');
    SHAPES.run.parse(await eqnetJson(command(project)));
    reference = reportOf(project);
  }, RUN_TIMEOUT);

  test.each(INTERRUPTIONS)(
    '$name in pretrain, supernet, grid and sample',
    { timeout: 3 * RUN_TIMEOUT },
    async ({ name, state, interrupt }) => {
      const project = join(folder, `${name.replaceAll(' ', '-')}.eqnet`);
      mkdirSync(project);
      let next = command(project);
      for (const { phase, begun } of PHASES) {
        const running = new Eqnet(next);
        await running.reaches(project, begun);
        const worker = workerPid(project);
        next = await interrupt(running, project);
        const report = reportOf(project);
        expect(report.state).toBe(state);
        expect(report.phases[phase].state, phase).toBe(state);
        if (phase === 'pretrain' || phase === 'supernet') expect(checkpointStep(project, phase)).toBeGreaterThan(0);
        // whoever goes on waits for the end of a worker that has outlived its command
        if (name !== 'kill -9 of the command') expect(() => process.kill(worker, 0)).toThrow('ESRCH');
      }
      const last = await eqnet(next);
      expect(last, last.err).toMatchObject({ exit: 0 });
      expect(last.err).toContain('[4/9] grid was done before');
      const report = reportOf(project);
      // one after the other, so that a failure tells where the runs parted
      expect(report.float).toEqual(reference.float);
      expect(report.supernet).toEqual(reference.supernet);
      expect(report.grid).toEqual(reference.grid);
      expect(report.predictor).toEqual(reference.predictor);
      expect(report.digest).toBe(reference.digest);
    },
  );

  test.skipIf(process.platform === 'win32')('Ctrl-C before the first phase, and a second one that does not wait', async () => {
    const project = join(folder, 'impatient.eqnet');
    mkdirSync(project);
    const early = new Eqnet([...command(project), '--json']);
    await early.says(/starts/);
    process.kill(-early.pid, 'SIGINT');
    failure(await early.ended, 'stopped');
    const impatient = new Eqnet(command(project));
    await impatient.reaches(project, PHASES[0].begun);
    process.kill(-impatient.pid, 'SIGINT');
    await impatient.says(/press Ctrl-C again/);
    try {
      process.kill(-impatient.pid, 'SIGINT');
    } catch {
      // it has stopped already, which is quick enough
    }
    expect(await impatient.ended).toMatchObject({ exit: 130 });
    expect(reportOf(project)).toMatchObject({ state: 'stopped', phases: { pretrain: { state: 'stopped' } } });
  });
});
