import { basename, join } from 'node:path';
import type { ReportedCandidate, ReportedExport, RunReport } from '../shared/contract/api/views.ts';
import { PHASES, type ExportResult } from '../shared/contract/job-protocol.ts';
import { parseForm, type FormKey } from '../shared/domain/form.ts';
import { nearestUniform } from '../shared/domain/layer-space.ts';
import { nonDominated } from '../shared/domain/pareto.ts';
import type { Configuration } from '../shared/schema/configuration.ts';
import { PROJECT_VERSION } from './project-file.ts';
import type { ProjectStore } from './project-store.ts';
import type { RunRecord } from './run-record.ts';

export type { ReportedCandidate, RunReport };

export interface ProjectReport {
  project: { name: string; folder: string; createdAt: string; format: number };
  runs: RunReport[];
}

function frontOf(candidates: readonly ReportedCandidate[]): ReportedCandidate[] {
  const measured = candidates.filter((candidate) => candidate.measured !== null);
  const points = measured.map(({ validationAccuracy, costs }) => [costs.bitops, costs.sizeBytes, -validationAccuracy!]);
  return nonDominated(points).map((index) => measured[index]);
}

function exportsOf(store: ProjectStore, run: RunRecord, candidates: readonly ReportedCandidate[]): ReportedExport[] {
  const folder = join(store.runDirectory(run.id), 'exports');
  const configurationOf = ({ candidateId }: ExportResult): Configuration | null => {
    const found = candidates.find(({ id }) => id === candidateId)?.configuration;
    const uniform = /^(\d)\/uniform\/(\w{3})$/.exec(candidateId);
    if (found || !uniform || !run.opened) return found ?? null;
    return nearestUniform(
      run.recipe.space,
      run.opened.layers,
      run.opened.points ?? [],
      Number(uniform[1]),
      parseForm(uniform[2] as FormKey),
    );
  };
  const bundled = (store.result(run.id, 'export')?.exports ?? []).map((exported) => ({
    ...exported,
    // the project may have been moved since
    file: join(folder, basename(exported.file)),
    configuration: configurationOf(exported),
    createdAt: null,
  }));
  const manual = store.exports(run.id).map(({ file, format, bytes, proof, facts, configuration, candidateId = null, createdAt }) => ({
    candidateId,
    format,
    file,
    bytes,
    proof,
    ...(facts && { facts }),
    configuration,
    createdAt,
  }));
  return [...bundled, ...manual];
}

export function reportRun(store: ProjectStore, run: RunRecord): RunReport {
  const pretrain = store.result(run.id, 'pretrain');
  const measured = new Map(store.units(run.id, 'measure').map((entry) => [entry.id, entry]));
  const candidates = (store.result(run.id, 'search')?.candidates ?? []).map((candidate): ReportedCandidate => {
    const entry = measured.get(candidate.id);
    return {
      ...candidate,
      measured: entry?.accuracy ?? null,
      measuredImages: entry?.images ?? null,
      interval: entry?.interval ?? null,
      validationAccuracy: entry?.validationAccuracy ?? null,
      versusUniform: entry?.versusUniform ?? null,
    };
  });
  const records = store.phases(run.id);
  const phases = Object.fromEntries(
    PHASES.map((phase) => {
      const { state, seconds } = records.find((record) => record.phase === phase)!;
      return [phase, { state, seconds: Math.round(seconds * 10) / 10 }];
    }),
  ) as RunReport['phases'];
  return {
    id: run.id,
    recipe: run.recipe.name,
    title: run.recipe.title,
    state: run.state,
    createdAt: run.createdAt,
    error: run.error && { code: run.error.code, message: run.error.message },
    engine: { ...run.engine, threads: run.opened?.engine.threads ?? null, gpu: run.opened?.engine.gpu ?? null },
    images: run.opened?.images ?? null,
    network: run.opened && { architecture: run.recipe.model.architecture, parameters: run.opened.parameters, layers: run.opened.layers },
    phases,
    digest: run.digest,
    float: pretrain && { accuracy: pretrain.testAccuracy, images: run.opened?.images.test ?? 0 },
    calibrationOnly: store.result(run.id, 'calibrate')?.calibrationOnly ?? [],
    supernet: store.result(run.id, 'supernet'),
    grid: store.result(run.id, 'grid')?.cells ?? store.units(run.id, 'grid'),
    predictor: store.result(run.id, 'predictor'),
    front: frontOf(candidates),
    candidates,
    exports: exportsOf(store, run, candidates),
  };
}

/** Everything that a project knows, for people's eyes and for programs. */
export function reportProject(store: ProjectStore): ProjectReport {
  return {
    project: { name: store.name, folder: store.folder, createdAt: store.createdAt, format: PROJECT_VERSION },
    runs: store.runs().map((run) => reportRun(store, run)),
  };
}
