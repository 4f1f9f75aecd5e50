import { eqnet } from '../contract/command-line.ts';
import { WorkbenchError } from '../contract/errors.ts';
import { PRESET_NAMES, RECIPE_VERSION, recipeSchema, type Recipe } from './recipe.ts';

type Json = { [key: string]: unknown };

/** What the paper says of the predictor's samples and network or, where it is silent, what the code does. */
const PREDICTOR = {
  trainSamples: 6400,
  heldOutSamples: 1600,
  // All label images are used at once, so none are left for a second measurement.
  sampleImages: 10000,
  noiseSamples: 0,
  hidden: Array<number>(7).fill(200),
  learningRate: 0.0004,
  schedule: 'constant',
  decay: 'l2',
  epochs: 100,
  batch: 256,
  loss: 'smooth-l1',
  standardize: false,
  ensemble: 1,
};

/** The paper gives the epochs; the batch is that of the code on each of its GPUs, which do not share BN statistics. */
const SUPERNET = { epochs: 120, batch: 256 };

/**
 * Where the paper (arXiv 2308.07650) and its published code differ from our defaults (eqnet-spec sections 3, 5 and 6).
 * `paper`: equation 6 weighs both WDR terms alike; SGD predictor. `code`: Adam predictor, the targets of its script.
 */
export const PRESETS: Readonly<Record<(typeof PRESET_NAMES)[number], Json>> = {
  workbench: {},
  paper: {
    data: { validationImages: 10000 },
    supernet: { ...SUPERNET, wdr: { skewness: 1, kurtosis: 1 } },
    predictor: { ...PREDICTOR, optimizer: 'sgd', momentum: 0, weightDecay: 0.0001 },
    search: { population: 100, generations: 500, samplerDraws: 500000 },
  },
  code: {
    data: { validationImages: 10000 },
    supernet: { ...SUPERNET, wdr: { skewness: 1, kurtosis: 0.015 } },
    predictor: { ...PREDICTOR, optimizer: 'adam', weightDecay: 0.00001 },
    search: {
      population: 100,
      generations: 500,
      mutation: 0.1,
      samplerDraws: 500000,
      targets: [2.9, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7],
    },
  },
};

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

function merge(base: Json, over: Json): Json {
  const merged = { ...base };
  for (const [key, value] of Object.entries(over))
    merged[key] = isObject(value) && isObject(merged[key]) ? merge(merged[key], value) : value;
  return merged;
}

/**
 * Reads a recipe from parsed JSON: the preset's values below, the file's values above, our defaults for the rest.
 * @param source where the JSON came from, for the error
 * @throws WorkbenchError `recipe-invalid` with one sentence for each wrong field
 */
export function parseRecipe(json: unknown, source: string): Recipe {
  if (!isObject(json))
    throw new WorkbenchError('recipe-invalid', `${source} is not a recipe: it must be a JSON object with at least a "name".`);
  if (typeof json.version === 'number' && json.version > RECIPE_VERSION)
    throw new WorkbenchError(
      'recipe-invalid',
      `${source} was written for a newer EQ-Net Workbench (recipe version ${json.version}, this one reads up to ${RECIPE_VERSION}): update the program.`,
    );
  const preset = PRESET_NAMES.find((name) => name === json.preset) ?? 'workbench';
  const result = recipeSchema.safeParse(merge(PRESETS[preset], json));
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') return `unknown field ${issue.keys.map((key) => `'${[...path, key].join('.')}'`).join(', ')}`;
    const value = path.reduce<unknown>((at, key) => (at as Json | undefined)?.[key], json);
    // Two defaults, or a value and a default, may contradict each other.
    if (value === undefined && issue.code === 'custom') return `'${path.join('.')}': ${issue.message}`;
    return `'${path.join('.')}' is ${JSON.stringify(value)}: ${issue.message}`;
  });
  throw new WorkbenchError(
    'recipe-invalid',
    `${source} is not a valid recipe: ${problems.join('; ')}. Run '${eqnet('recipes --fields')}' for every field with its range and default.`,
    { problems },
  );
}
