/** The networks of a project that came from elsewhere: `models/NAME.json` and `models/NAME.safetensors`. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ModelSummary, ModelView } from '../shared/contract/look.ts';
import { eqnet } from '../shared/contract/command-line.ts';
import { WorkbenchError } from '../shared/contract/errors.ts';
import type { FloatExportRequest, FloatExportResult, ImportRequest } from '../shared/contract/job-protocol.ts';
import { viewNetwork } from '../shared/domain/network-view.ts';
import { modelFileSchema, modelNameSchema, type ModelFile } from '../shared/schema/network.ts';
import { withLoneWorker, type LoneWorkerOptions } from './lone-worker.ts';
import { guardStorage } from './storage-error.ts';

export const modelFolder = (project: string): string => join(project, 'models');

/** A file name as the name of a model. */
export function modelNameOf(file: string): string {
  const known = /^model\.json$/i.test(basename(file)) ? basename(join(file, '..')) : basename(file).replace(/\.(onnx|json)$/i, '');
  return known.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replaceAll(/^[._-]+|[._-]+$/g, '').slice(0, 80) || 'model'; // prettier-ignore
}

/** @throws WorkbenchError `usage` */
export function requireModelName(name: string): string {
  const result = modelNameSchema.safeParse(name);
  if (result.success) return name;
  throw new WorkbenchError('usage', `'${name}' is no name for a model: it ${result.error.issues[0].message}.`);
}

function read(project: string, name: string): ModelFile {
  const path = join(modelFolder(project), `${requireModelName(name)}.json`);
  if (!existsSync(path)) {
    const names = modelNames(project);
    const others = names.length
      ? `choose one of ${names.join(', ')}`
      : `import one with '${eqnet(`model import FILE --project ${project}`)}'`;
    throw new WorkbenchError('model-invalid', `There is no model '${name}' in ${project}: ${others}.`);
  }
  try {
    return modelFileSchema.parse(JSON.parse(guardStorage(path, () => readFileSync(path, 'utf8'))));
  } catch (error) {
    if (error instanceof WorkbenchError) throw error;
    throw new WorkbenchError('model-invalid', `${path} is damaged or of another version: import the model again.`, {}, error);
  }
}

function modelNames(project: string): string[] {
  const folder = modelFolder(project);
  if (!existsSync(folder)) return [];
  const names = guardStorage(folder, () => readdirSync(folder));
  return names.filter((name) => name.endsWith('.json')).map((name) => basename(name, '.json')).sort(); // prettier-ignore
}

/** One model: its layers with shapes and costs, where it comes from and how it was checked. @throws WorkbenchError `model-invalid` */
export function showModel(project: string, name: string): ModelView {
  const { network, source, check, notes } = read(project, name);
  const weights = statSync(join(modelFolder(project), `${name}.safetensors`), { throwIfNoEntry: false });
  return { name, ...viewNetwork(network), source, check, notes, weightBytes: weights?.size ?? null };
}

/** Every model of a project; a damaged one with its problem. */
export function listModels(project: string): ModelSummary[] {
  return modelNames(project).map((name) => {
    try {
      const { graph, parameters, macs, layers, source, check } = showModel(project, name);
      const [input] = graph.layers;
      const image = input.kind === 'input' ? input.shape : [];
      return {
        name,
        problem: null,
        facts: { image: [...image], classes: graph.classes, parameters, macs, layers: layers.length, source, check },
      };
    } catch (error) {
      return { name, problem: (error as Error).message, facts: null };
    }
  });
}

/** Reads a network of another program into a project, checked against its original. @throws WorkbenchError `model-invalid`, `usage`, `stopped` */
export function importModel(request: ImportRequest, options: LoneWorkerOptions = {}): Promise<ModelFile> {
  return withLoneWorker(options, async (worker) => (await worker.request({ type: 'import-model', request }, 'model-imported')).result);
}

/** Writes a network of a project, or one that a run trained, as float ONNX, checked in a second runtime. @throws WorkbenchError `model-invalid`, `stopped` */
export function exportModelFile(request: FloatExportRequest, options: LoneWorkerOptions = {}): Promise<FloatExportResult> {
  return withLoneWorker(options, async (worker) => (await worker.request({ type: 'export-model', request }, 'model-exported')).result);
}
