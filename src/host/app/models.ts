/** Imports and float exports of networks as jobs. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { JobKind } from '../../shared/contract/api/views.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { Progress } from '../../shared/contract/job-protocol.ts';
import { exportModelFile, importModel, modelFolder, modelNameOf, showModel } from '../models.ts';
import { requireWritable } from '../write-atomic.ts';
import type { HostContext } from './context.ts';
import type { Job } from './job.ts';
import type { OpenProject } from './open-project.ts';

type Options = NonNullable<Parameters<typeof importModel>[1]>;

function queue(
  context: HostContext,
  project: OpenProject,
  kind: JobKind,
  title: string,
  work: (options: Options) => Promise<unknown>,
): Job {
  const stopper = new AbortController();
  return context.jobs.add({
    kind,
    project: project.folder,
    run: null,
    title,
    start: async (job: Job) => {
      const release = project.retain();
      job.working();
      const onProgress = ({ unit, done, total, note }: Progress) => job.tell({ unit, done, total, note });
      try {
        return await work({ signal: stopper.signal, onProgress, workerPath: context.options.workerPath, launch: context.launcher() });
      } finally {
        release();
        project.touch();
      }
    },
    stop: () => stopper.abort(),
  });
}

/** @throws WorkbenchError `usage` for a name that is taken; what is wrong with the file is said by the job */
export function importJob(
  context: HostContext,
  project: OpenProject,
  wanted: { file: string; name?: string; normalization: { mean: number[]; std: number[] } | null },
): Job {
  const { file, normalization } = wanted;
  const name = wanted.name ?? modelNameOf(file);
  const folder = modelFolder(project.folder);
  if (existsSync(join(folder, `${name}.json`)))
    throw new WorkbenchError('usage', `There is a model '${name}' in this project already: choose another name.`);
  return queue(context, project, 'import', `Import of ${name}`, async (options) => {
    await importModel({ file, folder, name, normalization }, options);
    return { name };
  });
}

/** @throws WorkbenchError `model-invalid` without that model, `project-readonly` where the file cannot be written */
export function exportFloatJob(context: HostContext, project: OpenProject, name: string, file: string): Job {
  showModel(project.folder, name);
  requireWritable(file);
  return queue(context, project, 'export-model', `Export of ${name}`, (options) =>
    exportModelFile({ source: { folder: modelFolder(project.folder), name }, file }, options),
  );
}
