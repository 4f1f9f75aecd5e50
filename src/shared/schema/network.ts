/** A network as JSON: the file of a project's `models` folder, and the layer list that people write. */
import { z } from 'zod';
import type { LayerGraph } from '../domain/layer-graph.ts';

/** Version of the file format; raised when a field changes meaning. */
export const NETWORK_VERSION = 1;

/** Names of models; also of their files. */
export const modelNameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/, 'may hold only letters, digits and . _ -, at most 80');

const size = z.number().int().min(1).max(65536);
const pair = z.tuple([size, size]);
const edge = z.number().int().min(0).max(65536);
const padding = z.tuple([edge, edge, edge, edge]);
const name = z.string().min(1).max(200);
const base = { name, inputs: z.array(name) };

const layerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ ...base, kind: z.literal('input'), shape: z.tuple([size, size, size]) }),
  z.strictObject({
    ...base,
    kind: z.literal('normalize'),
    mean: z.array(z.number()),
    std: z.array(z.number().refine((value) => value !== 0, 'may not be 0')),
  }),
  z.strictObject({
    ...base,
    kind: z.literal('conv'),
    filters: size,
    kernel: pair,
    stride: pair,
    padding,
    groups: size,
    bias: z.boolean(),
  }),
  z.strictObject({ ...base, kind: z.literal('batchnorm'), epsilon: z.number().positive() }),
  z.strictObject({ ...base, kind: z.literal('relu'), max: z.number().positive().optional() }),
  z.strictObject({ ...base, kind: z.enum(['swish', 'sigmoid', 'add', 'multiply', 'concat', 'globalpool', 'flatten']) }),
  z.strictObject({
    ...base,
    kind: z.enum(['maxpool', 'avgpool']),
    kernel: pair,
    stride: pair,
    padding,
    countPadding: z.boolean().optional(),
  }),
  z.strictObject({ ...base, kind: z.literal('linear'), units: size, bias: z.boolean() }),
]);

const layerGraphSchema = z.strictObject({
  name: z.string(),
  classes: z.number().int().min(1),
  layers: z.array(layerSchema).min(2).max(10_000),
}) satisfies z.ZodType<LayerGraph>;

/** How an imported network was compared with its original. */
const checkSchema = z.strictObject({
  /** what ran the original */
  runtime: z.string(),
  /** random images, and real ones (handwritten digits, scaled and coloured) */
  images: z.strictObject({ random: z.number(), real: z.number() }),
  /** max |ours - original| / max |original| over all outputs */
  maxRelativeDifference: z.number(),
  /** share of images with the same largest output */
  agreement: z.number(),
});
export type ImportCheck = z.infer<typeof checkSchema>;

export const modelFileSchema = z.strictObject({
  version: z.literal(NETWORK_VERSION),
  network: layerGraphSchema,
  /** sha256 of the safetensors file beside it; null without weights */
  weights: z.string().nullable(),
  source: z.strictObject({
    /** name of the file that was read */
    file: z.string(),
    kind: z.enum(['onnx', 'tfjs-layers']),
    sha256: z.string(),
    /** ISO 8601, UTC */
    importedAt: z.string(),
  }),
  check: checkSchema,
  /** what was left out or written another way, one sentence each */
  notes: z.array(z.string()),
});
export type ModelFile = Omit<z.infer<typeof modelFileSchema>, 'network'> & { network: LayerGraph };
