import { z } from 'zod';
import { PHASES } from '../../src/shared/contract/job-protocol.ts';
import { PROFILE_KINDS } from '../../src/shared/contract/profile.ts';
import { FORM_KEYS } from '../../src/shared/domain/form.ts';
import { configurationSchema } from '../../src/shared/schema/configuration.ts';

/*
 * What docs/cli.md promises of every --json object, field by field: nothing may be missing and nothing may be there that
 * is not documented.
 */
const share = z.number().min(0).max(1);
const milliseconds = z.number().min(0);
const count = z.number().int().min(0);
const bits = z.number().min(2).max(8);
const form = z.enum(FORM_KEYS as [string, ...string[]]);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const interval = z.tuple([share, share]).refine(([low, high]) => low <= high);

const costs = { bitops: count.min(1), sizeBytes: count.min(1), averageWeightBits: bits, averageActivationBits: bits };
const measured = { accuracy: share, images: count.min(1) };
const cell = z.strictObject({ weightBits: bits, activationBits: bits, form, ...measured });

const correlation = z.number().min(-1).max(1).nullable();
const score = { kendall: correlation, pearson: correlation, rmse: z.number().min(0), samples: count };

const proof = z.strictObject({
  runtime: z.string().regex(/^onnxruntime-node \d/),
  images: count.min(1),
  maxLogitGap: z.number().min(0),
  meanLogitGap: z.number().min(0),
  top1Agreement: share,
  accuracyApp: share,
  accuracyRuntime: share,
  disagreeing: z.array(count),
  passed: z.boolean(),
});

const facts = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  disagreements: count,
  convolutions: count.min(1),
  integerConvolutions: count,
  millisecondsPerImage: z.number().positive(),
  gaps: z.strictObject({ low: z.number(), high: z.number(), counts: z.array(count) }).nullable(),
});

const proposal = {
  id: z.string(),
  target: bits,
  form,
  rank: z.union([count, z.literal('uniform')]),
  predicted: z.number().nullable(),
  costs: z.strictObject(costs),
  configuration: configurationSchema,
};
const gain = z.number().min(-1).max(1);
const versusUniform = z.strictObject({ difference: gain, interval: z.tuple([gain, gain]) }).nullable();
const front = z.strictObject({
  ...proposal,
  measured: share,
  measuredImages: count.min(1),
  interval,
  validationAccuracy: share,
  versusUniform,
});
const candidate = z.strictObject({
  ...proposal,
  measured: share.nullable(),
  measuredImages: count.nullable(),
  interval: interval.nullable(),
  validationAccuracy: share.nullable(),
  versusUniform,
});

const phase = z.strictObject({ state: z.enum(['pending', 'running', 'done', 'failed', 'stopped']), seconds: z.number().min(0) });
const engine = z.strictObject({
  executor: z.enum(['session', 'eager', 'portable']),
  version: z.string().min(1),
  threads: count.nullable(),
  gpu: z.boolean().nullable(),
});
const layer = z.strictObject({
  name: z.string().min(1),
  kind: z.enum(['conv', 'linear']),
  pinned: z.boolean(),
  inputShape: z.array(count),
  outputShape: z.array(count),
  outputChannels: count,
  weights: count,
  parameters: count,
  macs: count,
  inputElements: count,
});

const runShape = z.strictObject({
  id: z.string(),
  recipe: z.string(),
  title: z.string(),
  createdAt: z.iso.datetime(),
  state: z.enum(['running', 'stopped', 'failed', 'done']),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  engine,
  images: z.strictObject({ train: count, validation: count, test: count }).nullable(),
  network: z.strictObject({ architecture: z.string(), parameters: count, layers: z.array(layer) }).nullable(),
  phases: z.strictObject(Object.fromEntries(PHASES.map((name) => [name, phase])) as Record<(typeof PHASES)[number], typeof phase>),
  digest: digest.nullable(),
  float: z.strictObject(measured).nullable(),
  calibrationOnly: z.array(cell),
  supernet: z
    .strictObject({
      steps: count,
      weightsDigest: digest,
      stepDrift: z.array(
        z.strictObject({
          granularity: z.enum(['tensor', 'channel', 'activation']),
          bits,
          ratio: z.number().positive(),
          medianOctaves: z.number().min(0),
          upperOctaves: z.number().min(0),
        }),
      ),
      layers: z.array(z.strictObject({ name: z.string(), skewness: z.number(), kurtosis: z.number() })),
    })
    .nullable(),
  grid: z.array(cell),
  predictor: z
    .strictObject({
      ...score,
      heldOutKind: z.enum(['random', 'bits', 'forms']),
      trainSamples: count,
      labelDeviation: z.number().min(0),
      noiseCeiling: z.strictObject(score).nullable(),
      repeatScore: z.strictObject(score).nullable(),
      pearsonLimit: share.nullable(),
      ridge: z.strictObject(score),
      perForm: z.array(z.strictObject({ form, ...score })),
      heldOut: z.array(z.strictObject({ index: count, form, predicted: z.number(), measured: share })),
      warnings: z.array(z.string()),
    })
    .nullable(),
  front: z.array(front),
  candidates: z.array(candidate),
  exports: z.array(
    z.strictObject({
      candidateId: z.string().nullable(),
      format: z.literal('onnx'),
      file: z.string(),
      bytes: count.min(1),
      proof,
      facts,
      createdAt: z.iso.datetime().nullable(),
      configuration: configurationSchema.nullable(),
    }),
  ),
});

export const SHAPES = {
  show: z.strictObject({
    project: z.strictObject({ name: z.string(), folder: z.string(), createdAt: z.iso.datetime(), format: z.literal(1) }),
    runs: z.array(runShape),
  }),
  run: z.strictObject({ project: z.string(), run: runShape }),
  /** of `show --metrics` */
  metrics: z.strictObject({
    run: z.string(),
    series: z.array(
      z
        .strictObject({ name: z.string().min(1), steps: z.array(z.number()), values: z.array(z.number().nullable()) })
        .refine(({ steps, values }) => steps.length === values.length),
    ),
  }),
  eval: z.strictObject({ run: z.string(), ...measured, interval, ...costs, configuration: configurationSchema }),
  search: z.strictObject({
    run: z.string(),
    weights: bits,
    activations: bits,
    forms: z.array(form),
    candidates: z.array(z.strictObject(proposal)).min(1),
    evaluations: count.min(1),
    seconds: z.number().min(0),
    best: z.string(),
    file: z.string().nullable(),
  }),
  profile: z.strictObject({
    network: z.strictObject({ name: z.string(), parameters: count.min(1), image: z.array(count.min(1)).length(3), classes: count.min(2) }),
    batch: count.min(1),
    repeat: count.min(1),
    engine: z.strictObject({ executor: z.enum(['session', 'portable']), version: z.string(), threads: count.min(1), fused: z.boolean() }),
    step: z.strictObject({
      milliseconds,
      passes: z.array(z.strictObject({ role: z.enum(['highest', 'random', 'lowest']), milliseconds })).min(2),
      update: milliseconds,
    }),
    float: z.strictObject({ milliseconds, ratio: z.number().positive() }),
    ops: z.strictObject({ milliseconds, count: count.min(1), stepLess: z.number() }),
    kinds: z.array(z.strictObject({ kind: z.enum(PROFILE_KINDS), milliseconds, share, ops: count })).min(5),
    quantizationShare: share,
    layers: z
      .array(
        z.strictObject({
          name: z.string(),
          kind: z.string(),
          forward: milliseconds,
          backward: milliseconds,
          quantization: milliseconds,
          milliseconds,
          share,
        }),
      )
      .min(5),
    memory: z.strictObject({ before: count.min(1), peak: count.min(1), estimated: z.number().positive() }),
  }),
  config: z.strictObject({ run: z.string(), file: z.string().nullable(), ...costs, configuration: configurationSchema }),
  export: z.strictObject({
    run: z.string(),
    format: z.literal('onnx'),
    file: z.string(),
    bytes: count.min(1),
    proof,
    facts,
    ...measured,
    interval,
    ...costs,
  }),
};

export type Shape = keyof typeof SHAPES;
export type ShapeOf<S extends Shape> = z.infer<(typeof SHAPES)[S]>;
