/** Imports and float exports of networks as jobs. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { exportModelFile, importModel, modelFolder, modelNameOf, showModel } from '../models.ts';
import { requireWritable } from '../write-atomic.ts';
import type { HostContext } from './context.ts';
import type { Job } from './job.ts';
import type { OpenProject } from './open-project.ts';
import { workerJob } from './worker-job.ts';

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
  return workerJob(context, project, { kind: 'import', title: `Import of ${name}` }, async (options) => {
    await importModel({ file, folder, name, normalization }, options);
    return { name };
  });
}

/** @throws WorkbenchError `model-invalid` without that model, `project-readonly` where the file cannot be written */
export function exportFloatJob(context: HostContext, project: OpenProject, name: string, file: string): Job {
  showModel(project.folder, name);
  requireWritable(file);
  return workerJob(context, project, { kind: 'export-model', title: `Export of ${name}` }, (options) =>
    exportModelFile({ source: { folder: modelFolder(project.folder), name }, file }, options),
  );
}
