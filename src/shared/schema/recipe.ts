import { z } from 'zod';
import { augmentationSchema } from './augmentations.ts';
import { DATA_FORMATS } from './data-formats.ts';
import { layerListSchema } from './layer-list.ts';
import { modelNameSchema } from './network.ts';
import { ALL_BITS, FORM_KEYS, GRANULARITIES, MAX_BITS, MIN_BITS, SYMMETRIES } from '../domain/form.ts';

/** Version of the recipe format; raised when a field changes meaning. */
export const RECIPE_VERSION = 1;

const bitList = z
  .array(z.number().int().min(MIN_BITS).max(MAX_BITS))
  .min(1)
  .refine((bits) => new Set(bits).size === bits.length, 'names a bit-width twice');
const bitSet = (what: string) => bitList.default([...ALL_BITS]).describe(`candidate bit-widths of ${what}, each ${MIN_BITS}..${MAX_BITS}`);
const count = (description: string, value: number, min = 1) => z.number().int().min(min).default(value).describe(description);
const rate = (description: string, value: number) => z.number().min(0).max(10).default(value).describe(description);
const share = (description: string, value: number) => z.number().min(0).max(1).default(value).describe(description);
const scale = (description: string, value: number) => z.number().gt(0).max(4).default(value).describe(description);
const section = <T extends z.ZodRawShape>(shape: T, description: string) =>
  z
    .strictObject(shape)
    .prefault({} as never)
    .describe(description);

/** Adds an issue to a section where the first of two of its fields is above the second. */
function ordered<T extends Record<string, unknown>>(low: keyof T & string, high: keyof T & string) {
  return (context: z.core.ParsePayload<T>): void => {
    const [least, most] = [context.value[low], context.value[high]];
    if (Number(least) <= Number(most)) return;
    const message = `${low} ${least} is above ${high} ${most}: lower it, or raise ${high}`;
    context.issues.push({ code: 'custom', message, path: [low], input: context.value });
  };
}

const clutterFields = {
  rotation: z.number().min(0).max(Math.PI).default(0.35).describe('largest rotation to either side, radians'),
  scaleMin: scale('smallest scale of the digit, 1 = as it is; at most scaleMax', 0.8),
  scaleMax: scale('largest scale of the digit, 1 = as it is', 1.2),
  shear: share('largest shear to either side, pixels sideways for each pixel down', 0.25),
  shift: share('largest shift, share of half the image width', 0.2),
  fragmentsMin: count('fewest clutter fragments; at most fragmentsMax', 4, 0),
  fragmentsMax: count('most clutter fragments', 6, 0),
  fragmentSize: count('side of a fragment, pixels', 8),
  sameColour: share('share of fragments in exactly the digit colour', 0.25),
  noise: share('standard deviation of the pixel noise, 1 = black to white', 0.04),
};
const clutter = z
  .strictObject(clutterFields)
  .check(ordered('scaleMin', 'scaleMax'), ordered('fragmentsMin', 'fragmentsMax'))
  .prefault({})
  .describe('Cluttered MNIST: digits under an affine map on coloured ground with fragments of other digits');

const side = z.number().int().min(1).max(1024);
const heldOut = (split: string, value: number) =>
  z.number().min(0).max(0.5).default(value).describe(`share of each class that becomes the ${split} split where the data set has none`);
const split = section(
  { validation: heldOut('validation', 0.1), test: heldOut('test', 0.2), seed: count('seed of the draw', 0, 0) },
  'splits of digits and files: those that the data set names are kept, the others are drawn from its training images',
);

const data = section(
  {
    dataset: z
      .enum(['mnist', 'cluttered-mnist', 'digits', 'files'])
      .default('mnist')
      .describe("which data set; files: the user's own, in root"),
    root: z
      .string()
      .optional()
      .describe(
        'files: the whole path of the folder or file with the images; mnist: folder with the four IDX files, the bundled copy when left out',
      ),
    format: z
      .enum(['auto', ...DATA_FORMATS])
      .default('auto')
      .describe('files: how images and classes lie there; auto: the first format that fits'),
    size: z
      .tuple([side, side])
      .optional()
      .describe('digits, files: [height, width] that images are scaled to; left out, they must all have one size'),
    channels: z
      .union([z.literal(1), z.literal(3)])
      .optional()
      .describe('digits, files: 1 grey or 3 RGB; left out, grey where all images are'),
    resize: z
      .enum(['crop', 'stretch'])
      .default('crop')
      .describe('digits, files: scale until the size is covered and keep the centre, or scale both sides on their own'),
    classes: z
      .array(z.string().min(1))
      .min(2)
      .optional()
      .describe('files: names of the classes in the order of their labels, written when a data set is added; they must fit'),
    split,
    skipCorrupt: z.boolean().default(false).describe('files: leave images out that cannot be decoded; off: they are an error'),
    trainImages: z.number().int().min(1).optional().describe('use only the first n training images; all when left out'),
    validationImages: count('mnist: images held out from the end of the training file', 5000),
    testImages: z.number().int().min(1).optional().describe('use only the first n test images; all when left out'),
    shift: z.number().int().min(0).max(8).default(0).describe('random shift augmentation, largest shift in pixels'),
    augment: z.array(augmentationSchema).max(16).default([]).describe('random changes of training images, in this order, after shift'),
    clutter,
  },
  'images and splits',
);

/** The networks that `src/worker/models` writes. */
export const ARCHITECTURES = [
  'small-cnn',
  'vgg-small',
  'resnet20',
  'resnet32',
  'resnet56',
  'resnet18',
  'resnet34',
  'resnet50',
  'mobilenetv2',
  'efficientnet-b0',
] as const;

const ownNetwork = {
  file: modelNameSchema.optional().describe('architecture = file: name of a network in the models folder of the project (docs/import.md)'),
  classifier: z
    .enum(['keep', 'new'])
    .optional()
    .describe('architecture = file: keep its last layer (when left out), or begin with a new one for the classes of the data set'),
  layers: layerListSchema.optional().describe('architecture = layers: the layers in order (docs/import.md)'),
};

/** Adds an issue where an own network is chosen and not told. */
function requireOwnNetwork({ value, issues }: z.core.ParsePayload<{ architecture: string; file?: string; layers?: unknown }>): void {
  const { architecture } = value;
  if ((architecture !== 'file' && architecture !== 'layers') || value[architecture] !== undefined) return;
  const what = architecture === 'file' ? 'the name of an imported network' : 'a list of layers';
  issues.push({ code: 'custom', message: `architecture '${architecture}' needs ${what} here`, path: [architecture], input: value });
}

const model = section(
  {
    architecture: z
      .enum([...ARCHITECTURES, 'file', 'layers'])
      .default('small-cnn')
      .describe('network; file: an imported one of the project, layers: the list below'),
    width: z.number().min(0.1).max(4).optional().describe('MobileNetV2: multiplier of the channel counts; 1 when left out'),
    stem: z
      .enum(['imagenet', 'small'])
      .optional()
      .describe(
        'ResNet-18 to -50, MobileNetV2, EfficientNet-B0: imagenet, as published, halves the image five times; small, for images of about 32x32, three times; imagenet when left out',
      ),
    ...ownNetwork,
  },
  'the network',
).check(requireOwnNetwork);

const granularityList = z.array(z.enum(GRANULARITIES)).min(1);
const symmetryList = z.array(z.enum(SYMMETRIES)).min(1);

const layerOverride = z
  .strictObject({
    weightBits: bitList.optional().describe('bit-widths of its weights; not for the first and last layer'),
    activationBits: bitList
      .optional()
      .describe(
        'bit-widths of its input; layers that read one tensor choose from what all of them allow; not for the first and last layer',
      ),
    granularities: granularityList.optional().describe('granularity of its weights'),
    weightSymmetries: symmetryList.optional().describe('symmetric or asymmetric weights'),
    activationSymmetries: symmetryList.optional().describe('the same for its input'),
  })
  .describe(
    'sets of one layer, in place of those of the network and not necessarily part of them; what is left out is as in the network. Where a form or bit-width of the whole network is not allowed in a layer, that layer takes its nearest one',
  );

const space = section(
  {
    weightBits: bitSet('weights'),
    activationBits: bitSet('activations'),
    granularities: granularityList.default([...GRANULARITIES]).describe('granularity of the weights: per tensor, per output channel'),
    weightSymmetries: symmetryList.default([...SYMMETRIES]).describe('symmetric (offset 0) or asymmetric (learned offset)'),
    activationSymmetries: symmetryList.default([...SYMMETRIES]).describe('the same for activations'),
    pinned: z
      .array(z.string().min(1))
      .optional()
      .describe('names of layers that keep 8 bits as the first and last one do, and stay out of the averages; none when left out'),
    layers: z.record(z.string().min(1), layerOverride).default({}).describe('by name, layers with sets of their own'),
  },
  'the elastic quantization space; first and last layer always keep 8 bits',
);

const pretrain = section(
  {
    epochs: z.number().min(0).default(1).describe('epochs of float training; fractions allowed'),
    batch: count('images in a step', 128),
    learningRate: rate('Adam, cosine to 0', 0.002),
  },
  'float pre-training',
);

const calibration = section(
  {
    images: count('training images in the one calibration batch', 256),
    shrinkSteps: count('range shrink candidates tried, 0..n-1 percent', 80),
    norm: z.number().min(1).max(4).default(2.4).describe('p of the mean |x - x~|^p that a step size minimises'),
    samples: count('activation values looked at for each tensor, minimum and maximum always among them', 32768),
  },
  'first step sizes and offsets of every quantizer',
);

const wdr = section(
  {
    enabled: z.boolean().default(true).describe('weight distribution regularization on'),
    skewness: rate('coefficient of the squared skewness', 1),
    kurtosis: rate('coefficient of the squared distance of the kurtosis from its target', 0.015),
    target: z.number().min(1).max(9).default(1.8).describe('kurtosis target; 1.8 is a uniform distribution'),
  },
  'WDR-Loss (equation 6)',
);

const gpg = section(
  {
    enabled: z.boolean().default(true).describe('off: every subnet learns from hard labels alone'),
    lambda: z.number().min(0).max(1).default(0.5).describe('share of the distillation term'),
  },
  'GPG-Loss (equations 7 and 8)',
);

const supernet = section(
  {
    epochs: z.number().min(0).default(2).describe('epochs of elastic training; fractions allowed'),
    batch: count('images in a step', 128),
    learningRate: rate('Adam, cosine to 0', 0.001),
    tableRate: rate('learning rate of step sizes and offsets, times learningRate; 0 = they stay as calibrated', 1),
    clip: rate('gradients are clipped by value to +-clip, units of the loss for each unit of the parameter; 0 = off', 1),
    randomSubnets: count('random subnets between the highest and the lowest in a step', 1, 0),
    forms: z.enum(['layer', 'network']).default('layer').describe('draw a form for each layer, or one for the whole network'),
    freezeBn: z
      .boolean()
      .optional()
      .describe(
        'normalize with the statistics of the float net instead of those of the batch, and leave scale and shift of every BN as they are, for batches too small to have statistics of their own; off when left out',
      ),
    wdr,
    gpg,
    evaluateEvery: count('accuracy at every bit-width each n steps; 0 = only at the end', 0, 0),
    evaluateImages: count('validation images of that accuracy', 1000),
    checkpointSeconds: z.number().min(0).default(20).describe('seconds between checkpoints; 0 = one after every step'),
  },
  'training of the weight-sharing supernet',
);

const evaluation = section(
  {
    recalibrationImages: count('training images of the one batch that re-estimates the BN statistics', 1024),
    batch: count('images in an evaluation call', 500),
    gridBits: bitSet('the evaluation grid (weights and activations alike)'),
    gridForms: z
      .array(z.enum(FORM_KEYS as [string, ...string[]]))
      .min(1)
      .default([...FORM_KEYS])
      .describe('forms of the grid: t|c granularity, s|a weights, s|a activations'),
    gridImages: z.number().int().min(1).optional().describe('test images of the grid; all when left out'),
  },
  'how the accuracy of a configuration is measured',
);

const predictor = section(
  {
    trainSamples: count('measured configurations that train the predictor', 200, 2),
    heldOutSamples: count('measured configurations that judge it', 100, 2),
    sampleImages: count('validation images of one measurement', 2500),
    recalibrationImages: count('training images of its BN re-calibration', 256),
    noiseSamples: count('held-out configurations measured a second time on other images, for the noise ceiling', 40, 0),
    hidden: z.array(z.number().int().min(1)).min(1).default([64]).describe('units of the hidden layers'),
    epochs: count('training epochs', 100),
    batch: count('configurations in a step', 32),
    learningRate: rate('learning rate, of the first step where schedule = cosine', 0.003),
    schedule: z.enum(['cosine', 'constant']).default('cosine').describe('learning rate over the steps: cosine to 0, or the same in all'),
    optimizer: z.enum(['adam', 'sgd']).default('adam').describe('optimizer'),
    momentum: z.number().min(0).max(0.99).default(0).describe('momentum of SGD; Adam has its own, 0.9 and 0.999'),
    weightDecay: rate('coefficient of the weight decay; what it multiplies is told by decay', 2),
    decay: z
      .enum(['decoupled', 'l2'])
      .default('decoupled')
      .describe('decoupled: a step takes learningRate x weightDecay x weight off; l2: weightDecay x weight is added to the gradient'),
    loss: z.enum(['mse', 'smooth-l1']).default('smooth-l1').describe('regression loss'),
    standardize: z.boolean().default(true).describe('standardise the labels; off: only the output bias starts at the mean'),
    ensemble: count('networks trained from different seeds and averaged', 5),
    heldOut: z
      .enum(['random', 'bits', 'forms'])
      .default('random')
      .describe('which configurations are held out: a random share, or those with unseen bit-widths or forms'),
    heldOutBits: z
      .array(z.number().int().min(MIN_BITS).max(MAX_BITS))
      .default([3, 5])
      .describe('bit-widths never trained on when heldOut = bits'),
    heldOutForms: z
      .array(z.enum(FORM_KEYS as [string, ...string[]]))
      .default(['csa', 'tas'])
      .describe('forms never trained on when heldOut = forms'),
  },
  'the accuracy predictor CQAP and its measured configurations',
);

const search = section(
  {
    population: count('individuals of a generation', 100, 4),
    generations: count('generations', 100),
    parents: z.number().gt(0).lte(1).default(0.25).describe('share kept as parents'),
    mutation: z.number().min(0).max(1).default(0.1).describe('probability that a gene is drawn anew'),
    forms: z
      .array(z.enum(FORM_KEYS as [string, ...string[]]))
      .min(1)
      .default([...FORM_KEYS])
      .describe('forms to search, one search each'),
    targets: z
      .array(z.number().min(MIN_BITS).max(MAX_BITS))
      .min(1)
      .default([2.5, 3, 3.5, 4, 5, 6])
      .describe('average-bit targets (weights = activations); target-0.5 < average <= target'),
    samplerDraws: count('uniform random bit assignments from which the Monte-Carlo sampler counts P(bits | average)', 20000, 1000),
    remeasure: count('best predictions measured again for each target', 5),
    measureImages: z.number().int().min(1).optional().describe('test images of the chosen ones; all when left out'),
  },
  'genetic search under average-bit targets',
);

const exporting = section(
  {
    targets: z.array(z.number().min(MIN_BITS).max(MAX_BITS)).default([3]).describe('export the best configuration of these targets'),
    uniformBits: z.array(z.number().int().min(MIN_BITS).max(MAX_BITS)).default([]).describe('also export these uniform configurations'),
  },
  'files for other runtimes, each with its proof',
);

const engine = section(
  {
    executor: z
      .enum(['auto', 'session', 'eager', 'portable'])
      .default('auto')
      .describe('auto: session where TensorFlow is installed, else portable (wasm)'),
    threads: z.number().int().min(1).optional().describe('threads of the engine; all cores when left out'),
    checkpointing: z
      .boolean()
      .optional()
      .describe(
        'gradient checkpointing: a training step keeps only tensors between segments of the network and computes the rest a second time for its gradients, the same numbers (with swish up to rounding) in less memory and more time; off when left out',
      ),
  },
  'what computes',
);

export const PRESET_NAMES = ['workbench', 'paper', 'code'] as const;

/** A recipe states a whole pipeline. The window, the command line and the tests use the same one. */
export const recipeSchema = z.strictObject({
  version: z.literal(RECIPE_VERSION).default(RECIPE_VERSION).describe('recipe format'),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'may hold only a-z, 0-9 and -')
    .describe('short name'),
  title: z.string().default('').describe('one line for people'),
  preset: z.enum(PRESET_NAMES).default('workbench').describe('defaults: ours, those of the paper, those of its published code'),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0)
    .describe('every random stream is derived from it'),
  engine,
  data,
  model,
  space,
  pretrain,
  calibration,
  supernet,
  evaluation,
  predictor,
  search,
  export: exporting,
});

export type Recipe = z.infer<typeof recipeSchema>;
