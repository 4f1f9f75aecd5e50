import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { LayerGraph } from '../../shared/domain/layer-graph.ts';
import { expandLayers } from '../../shared/schema/layer-list.ts';
import { modelFileSchema, type ModelFile } from '../../shared/schema/network.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { decodeSafetensors } from '../formats/safetensors.ts';
import { parameterSpecs } from './parameters.ts';
import { createModel } from './registry.ts';

type Image = readonly [height: number, width: number, channels: number];

/** The network of a recipe, and what it starts from. */
export interface RecipeModel {
  graph: LayerGraph;
  /** float weights to start from, those of a new classifier left out; null = random ones */
  weights: (() => Map<string, Float32Array>) | null;
  /** of what no recipe tells; empty for networks that the recipe tells whole */
  digest: string;
}

const invalid = (sentence: string, cause?: unknown) => new WorkbenchError('model-invalid', sentence, {}, cause);

/**
 * Reads the description of a model of a project.
 * @param folder the models folder
 * @throws WorkbenchError `model-invalid` where it is missing or damaged
 */
export function readModel(folder: string, name: string): ModelFile {
  const path = join(folder, `${name}.json`);
  if (!existsSync(path))
    throw invalid(`There is no model '${name}' in this project (${path}): import it with 'eqnet model import', or choose another one.`);
  try {
    return modelFileSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw invalid(`${path} is damaged or of another version: import the model again.`, error);
  }
}

/** @throws WorkbenchError `model-invalid` where the file is missing, changed, or lacks a tensor of the network */
export function readModelWeights(path: string, digest: string, graph: LayerGraph): Map<string, Float32Array> {
  const refuse = (file: string, why: string) => invalid(`${file} ${why}: import the model again.`);
  if (!existsSync(path)) throw refuse(path, 'is missing');
  const bytes = readFileSync(path);
  if (createHash('sha256').update(bytes).digest('hex') !== digest)
    throw refuse(path, 'is not the file that was imported (its sha256 differs)');
  const { tensors } = decodeSafetensors(bytes, path, refuse);
  return new Map(
    parameterSpecs(graph).map(({ name, shape }) => {
      const values = tensors.get(name);
      const size = shape.reduce((a, n) => a * n, 1);
      if (!(values instanceof Float32Array) || values.length !== size) throw refuse(path, `lacks the tensor '${name}' of ${size} values`);
      return [name, values] as const;
    }),
  );
}

/** The graph with a last layer for other classes. @throws WorkbenchError where the last layer is not linear */
function withNewClassifier(graph: LayerGraph, classes: number): { graph: LayerGraph; fresh: string } {
  const last = graph.layers.at(-1)!;
  if (last.kind !== 'linear')
    throw invalid(
      `The last layer of model '${graph.name}' ('${last.name}') is a ${last.kind} and no linear layer, so model.classifier = new has nothing to replace: choose a data set of ${graph.classes} classes.`,
    );
  return { graph: { ...graph, classes, layers: [...graph.layers.slice(0, -1), { ...last, units: classes }] }, fresh: last.name };
}

function requireFit(graph: LayerGraph, image: Image, classes: number): void {
  const input = graph.layers.find((layer) => layer.kind === 'input')!;
  if (input.shape.join() !== image.join())
    throw invalid(
      `Model '${graph.name}' reads images of ${input.shape.join('x')} (height x width x channels), and the data set has ${image.join('x')}: set data.size to [${input.shape.slice(0, 2).join(', ')}] and data.channels to ${input.shape[2]} where the images are files of your own, or choose another network.`,
    );
  if (graph.classes !== classes)
    throw invalid(
      `Model '${graph.name}' tells ${graph.classes} classes apart, and the data set has ${classes}: set model.classifier = new to train a new last layer, or choose another data set.`,
    );
}

function fromFile(model: Recipe['model'], image: Image, classes: number, folder: string | undefined): RecipeModel {
  const name = model.file!;
  if (folder === undefined)
    throw invalid(
      `Model '${name}' lies in the models folder of a project, and no project is open: open one, or choose a network that comes with the program.`,
    );
  const { network, weights } = readModel(folder, name);
  const path = join(folder, `${name}.safetensors`);
  const replace = model.classifier === 'new' && network.classes !== classes;
  const { graph, fresh } = replace ? withNewClassifier(network, classes) : { graph: network, fresh: null };
  requireFit(graph, image, classes);
  const digest = createHash('sha256')
    .update(JSON.stringify([network, weights]))
    .digest('hex');
  if (weights === null) return { graph, weights: null, digest };
  const read = () => {
    const all = readModelWeights(path, weights, network);
    if (fresh) for (const part of ['weights', 'bias']) all.delete(`${fresh}/${part}`);
    return all;
  };
  return { graph, weights: read, digest };
}

/**
 * The network of a recipe for images of a size, with the layers that its space keeps at 8 bits.
 * @param folder with the imported networks of the project
 * @throws WorkbenchError `model-invalid` for a model that is missing, damaged, or does not fit the images; `recipe-invalid` for a layer list that does not fit together, or images that are too small
 */
export function modelOf({ model, space }: Pick<Recipe, 'model' | 'space'>, image: Image, classes: number, folder?: string): RecipeModel {
  const found = unpinned(model, image, classes, folder);
  return space.pinned ? { ...found, graph: { ...found.graph, pinned: space.pinned } } : found;
}

function unpinned(model: Recipe['model'], image: Image, classes: number, folder: string | undefined): RecipeModel {
  const { architecture } = model;
  if (architecture === 'file') return fromFile(model, image, classes, folder);
  if (architecture !== 'layers') return { graph: createModel({ ...model, architecture }, image, classes), weights: null, digest: '' };
  try {
    return { graph: expandLayers(model.layers!, image, classes), weights: null, digest: '' };
  } catch (error) {
    throw new WorkbenchError(
      'recipe-invalid',
      `The layer list of the recipe does not fit together: ${(error as Error).message.replace(/\.$/, '')}.`,
      {},
      error,
    );
  }
}
