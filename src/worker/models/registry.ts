import { WorkbenchError } from '../../shared/contract/errors.ts';
import { inferShapes, type LayerGraph } from '../../shared/domain/layer-graph.ts';
import type { ARCHITECTURES } from '../../shared/schema/recipe.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import type { InputShape } from './blocks.ts';
import { efficientnetB0 } from './efficientnet-b0.ts';
import { mobilenetV2 } from './mobilenet-v2.ts';
import { resnetCifar } from './resnet-cifar.ts';
import { resnet } from './resnet.ts';
import { smallCnn } from './small-cnn.ts';
import { vggSmall } from './vgg-small.ts';

/** The `model` section of a recipe that names a network of the program. */
export type ModelOptions = Omit<Recipe['model'], 'architecture'> & { architecture: Architecture };
type Architecture = (typeof ARCHITECTURES)[number];
type ModelFactory = (input: InputShape, classes: number, options: ModelOptions) => LayerGraph;

/** One line for each architecture. */
const MODELS: Readonly<Record<Architecture, ModelFactory>> = {
  'small-cnn': smallCnn,
  'vgg-small': vggSmall,
  resnet20: (input, classes) => resnetCifar(20, input, classes),
  resnet32: (input, classes) => resnetCifar(32, input, classes),
  resnet56: (input, classes) => resnetCifar(56, input, classes),
  resnet18: (input, classes, { stem }) => resnet(18, input, classes, stem),
  resnet34: (input, classes, { stem }) => resnet(34, input, classes, stem),
  resnet50: (input, classes, { stem }) => resnet(50, input, classes, stem),
  mobilenetv2: (input, classes, { width, stem }) => mobilenetV2(input, classes, width, stem),
  'efficientnet-b0': (input, classes, { stem }) => efficientnetB0(input, classes, stem),
};

/**
 * The network of a recipe for images of one size.
 * @throws WorkbenchError `recipe-invalid` when the images are too small for it
 */
export function createModel(options: ModelOptions, input: InputShape, classes: number): LayerGraph {
  const graph = MODELS[options.architecture](input, classes, options);
  try {
    inferShapes(graph);
  } catch (error) {
    throw new WorkbenchError(
      'recipe-invalid',
      `The network '${options.architecture}' does not fit images of ${input.join('x')}: ${(error as Error).message} Choose another 'model.architecture' or larger images.`,
      {},
      error,
    );
  }
  return graph;
}
