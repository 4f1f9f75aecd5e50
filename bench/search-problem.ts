import type { Sample } from '../src/shared/contract/job-protocol.ts';
import type { Configuration } from '../src/shared/schema/configuration.ts';
import type { LayerFacts } from '../src/shared/domain/layer-graph.ts';
import { RandomStream } from '../src/shared/domain/random.ts';
import { buildSearchSpace } from '../src/shared/domain/space.ts';
import { parseRecipe } from '../src/shared/schema/presets.ts';
import type { Recipe } from '../src/shared/schema/recipe.ts';
import { createModel } from '../src/worker/models/registry.ts';
import { drawSamples } from '../src/worker/predictor/split.ts';
import { TableLayout } from '../src/worker/quant/table-layout.ts';

/**
 * Predictors that the search is measured with: that of the paper's code (7 hidden layers of 200 units) and the default of
 * our recipes (5 networks of one hidden layer of 64 units).
 */
export const PREDICTORS = {
  paper: { hidden: Array<number>(7).fill(200), ensemble: 1 },
  default: { hidden: [64], ensemble: 5 },
} as const;
export type PredictorName = keyof typeof PREDICTORS;

/** The search of the paper (section 3.5): 100 individuals, 500 generations; the other fields are those of its code. */
export const searchRecipe = (predictor: PredictorName, change: Partial<Recipe['search']> = {}): Recipe =>
  parseRecipe(
    {
      name: 'bench-search',
      seed: 1,
      model: { architecture: 'resnet18' },
      predictor: {
        ...PREDICTORS[predictor],
        trainSamples: 2000,
        heldOutSamples: 200,
        noiseSamples: 0,
        epochs: 40,
        batch: 256,
        learningRate: 0.001,
      },
      search: { population: 100, generations: 500, forms: ['caa'], targets: [3], ...change },
    },
    'the recipe of the benchmark',
  );

/** ResNet-18 at 224x224 with 1000 classes: 21 quantized layers, 19 of them free. */
export function searchSpace(recipe: Recipe) {
  const layout = new TableLayout(createModel(recipe.model as Parameters<typeof createModel>[0], [224, 224, 3], 1000));
  return { layout, space: buildSearchSpace(layout.facts, layout.points, recipe.space) };
}

/**
 * A made-up accuracy that falls with falling bits, in each layer differently, and more where two low layers follow each other:
 * no supernet is trained for a benchmark of the search, but its predictor shall have learned something.
 */
function accuracyOf({ layers }: Configuration, facts: readonly LayerFacts[]): number {
  const random = new RandomStream(7, 'bench/sensitivity');
  let loss = 0;
  let before = 0;
  layers.forEach(({ weightBits, activationBits, granularity }, index) => {
    const [forWeights, forActivations] = [random.between(0.2, 1.8), random.between(0.2, 1.8)];
    if (facts[index].pinned) return;
    const here = (granularity === 'tensor' ? 1.2 : 1) * forWeights * 2 ** -weightBits + forActivations * 2 ** -activationBits;
    loss += here + before * here;
    before = here;
  });
  return 0.72 - 0.02 * loss;
}

/** Training and held-out samples with those accuracies. */
export function searchSamples(layout: TableLayout, recipe: Recipe): Record<'train' | 'heldOut', Sample[]> {
  const samples = drawSamples(layout.facts, layout.points, recipe).map((planned) => ({
    ...planned,
    repeat: 0 as const,
    images: recipe.predictor.sampleImages,
    accuracy: accuracyOf(planned.configuration, layout.facts),
  }));
  const of = (split: Sample['split']) => samples.filter((sample) => sample.split === split);
  return { train: of('train'), heldOut: of('heldOut') };
}
