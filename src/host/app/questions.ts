/** The jobs and questions that need the engine with a trained run: measure, search, export, predict, sensitivity. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SensitivityView } from '../../shared/contract/look.ts';
import type { ShelfEntry } from '../../shared/contract/api/views.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { EvaluateResult, PredictResult } from '../../shared/contract/job-protocol.ts';
import { canonicalJson } from '../../shared/domain/canonical-json.ts';
import type { FormKey } from '../../shared/domain/form.ts';
import { validateConfiguration } from '../../shared/domain/validate-configuration.ts';
import type { Configuration } from '../../shared/schema/configuration.ts';
import { modelFolder } from '../models.ts';
import { trainedRun } from '../one-off.ts';
import { samplesOf } from '../run-worker.ts';
import { requireWritable } from '../write-atomic.ts';
import type { HostContext } from './context.ts';
import type { Job } from './job.ts';
import type { OpenProject } from './open-project.ts';
import { QuestionJob, type Question } from './question-job.ts';

/**
 * Configurations of a trained run, with their layers in network order.
 * @throws WorkbenchError `usage` before the supernet is trained, `config-invalid` for what does not fit the network
 */
function checkedAll(project: OpenProject, id: string, configurations: readonly Configuration[]): Configuration[] {
  const { opened, recipe } = trainedRun(project.store, id);
  return configurations.map((configuration) => validateConfiguration(configuration, opened.layers, recipe.space, opened.points));
}

export const checked = (project: OpenProject, id: string, configuration: Configuration): Configuration =>
  checkedAll(project, id, [configuration])[0];

const same = (a: Configuration, b: Configuration) => canonicalJson(a) === canonicalJson(b);

const measuredOf = ({ accuracy, images, interval, classes }: EvaluateResult): NonNullable<ShelfEntry['measured']> => ({
  accuracy,
  images,
  interval,
  classes: classes ?? null,
});

/** A configuration to measure; `shelf` names its entry when it has one. */
export interface MeasureEntry {
  configuration: Configuration;
  name: string;
  candidateId: string | null;
  shelf?: string;
}

/** The shelf entry that a measurement belongs to: the named one, one of the same configuration, or a new one. */
function shelve(project: OpenProject, run: string, entry: MeasureEntry): ShelfEntry {
  const { shelf } = project.store;
  if (entry.shelf !== undefined) return shelf.get(entry.shelf);
  const known = shelf.list().find((other) => other.run === run && same(other.configuration, entry.configuration));
  return known ?? addToShelf(project, run, entry);
}

/** Keeps a configuration, with what the run knows of it already. */
export function addToShelf(project: OpenProject, run: string, { name, configuration, candidateId }: MeasureEntry): ShelfEntry {
  const { store } = project;
  const candidate = store.result(run, 'search')?.candidates.find(({ id }) => id === candidateId);
  const isCandidate = candidate !== undefined && same(candidate.configuration, configuration);
  const found = isCandidate ? store.units(run, 'measure').find(({ id }) => id === candidateId) : undefined;
  return store.shelf.add({
    run,
    name,
    configuration,
    candidateId,
    predicted: isCandidate ? candidate.predicted : null,
    measured: found ? { accuracy: found.accuracy, images: found.images, interval: found.interval, classes: null } : null,
  });
}

/** Measures configurations on the test images of a run, one after the other; each lands on the shelf. */
export function measure(context: HostContext, project: OpenProject, run: string, entries: readonly MeasureEntry[]): Job {
  const configurations = checkedAll(
    project,
    run,
    entries.map(({ configuration }) => configuration),
  );
  const list = entries.map((entry, index) => ({ ...entry, configuration: configurations[index] }));
  const title = list.length === 1 ? `Measurement of ${list[0].name}` : `Measurement of ${list.length} configurations`;
  const ask: Question = async (worker, piece) => {
    const measured: { shelf: string; accuracy: number }[] = [];
    for (const [index, entry] of list.entries()) {
      piece(index);
      const result = await worker.evaluate({ configuration: entry.configuration });
      const kept = shelve(project, run, entry);
      // while it was measured somebody may have edited it
      if (same(kept.configuration, entry.configuration)) project.store.shelf.setMeasured(kept.id, measuredOf(result));
      measured.push({ shelf: kept.id, accuracy: result.accuracy });
      project.touch();
    }
    return { measured };
  };
  return context.jobs.add(new QuestionJob(context, project, run, 'measure', title, ask, list.length));
}

/** Searches under one target with the predictor of the run. */
export function search(
  context: HostContext,
  project: OpenProject,
  run: string,
  target: { weights: number; activations: number; forms: FormKey[] },
): Job {
  trainedRun(project.store, run);
  const samples = samplesOf(project.store, project.store.run(run));
  const title = `Search for ${target.weights} weight and ${target.activations} activation bits`;
  const job = new QuestionJob(context, project, run, 'search', title, async (worker) => {
    const { explored: _explored, ...result } = await worker.search({ ...target, samples });
    return { ...target, ...result };
  });
  return context.jobs.add(job);
}

function freeFile(folder: string, name: string): string {
  const base = name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+|[.-]+$/g, '') || 'model';
  const path = (count: number) => join(folder, `${base}${count ? `-${count + 1}` : ''}.onnx`);
  let count = 0;
  while (existsSync(path(count))) count += 1;
  return path(count);
}

/** Writes a configuration for another runtime and proves the file there. */
export function exportModel(
  context: HostContext,
  project: OpenProject,
  run: string,
  wanted: { configuration: Configuration; name: string; candidateId: string | null; format: 'onnx'; file?: string },
): Job {
  const { name, candidateId, format } = wanted;
  const configuration = checked(project, run, wanted.configuration);
  const folder = join(project.store.runDirectory(run), 'exports');
  const file = wanted.file === undefined ? freeFile(folder, name) : context.guard.check(wanted.file);
  requireWritable(file);
  const job = new QuestionJob(context, project, run, 'export', `Export of ${name}`, async (worker) => {
    const result = await worker.evaluate({ configuration, exportTo: { format, file } });
    if (!result.exported) throw new WorkbenchError('internal', `The worker measured ${name} but wrote no ${format} file.`);
    const { candidateId: _none, ...written } = result.exported;
    const { store } = project;
    store.addExport(run, { ...written, configuration, candidateId });
    for (const entry of store.shelf.list())
      if (entry.run === run && !entry.measured && same(entry.configuration, configuration))
        store.shelf.setMeasured(entry.id, measuredOf(result));
    return { ...written, candidateId, configuration };
  });
  return context.jobs.add(job);
}

/** CQAP on configurations; what it says of shelf entries is kept. */
export async function predict(
  context: HostContext,
  project: OpenProject,
  id: string,
  wanted: readonly Configuration[],
): Promise<PredictResult> {
  const configurations = checkedAll(project, id, wanted);
  const { store } = project;
  const samples = samplesOf(store, store.run(id));
  const result = await context.runWorkers.use(project, id, (worker) => worker.predict(configurations, samples));
  let learned = false;
  const unknown = store.shelf.list().filter((entry) => entry.run === id && entry.predicted === null);
  const places = new Map(unknown.length ? configurations.map((configuration, index) => [canonicalJson(configuration), index]) : []);
  for (const entry of unknown) {
    const index = places.get(canonicalJson(entry.configuration));
    if (index === undefined) continue;
    store.shelf.setPredicted(entry.id, result.predicted[index]);
    learned = true;
  }
  if (learned) project.touch();
  return result;
}

/** Signal-to-quantization-noise ratios; those of activations need the engine. */
export function sensitivity(context: HostContext, project: OpenProject, id: string, activations: boolean): Promise<SensitivityView> {
  const { store } = project;
  const { recipe } = trainedRun(store, id);
  if (activations) return context.runWorkers.use(project, id, (worker) => worker.sensitivity());
  return context.look.ask({ kind: 'sensitivity', recipe, runDirectory: store.runDirectory(id), models: modelFolder(store.folder) });
}
