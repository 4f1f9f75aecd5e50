import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize, isAbsolute } from 'node:path';
import { z } from 'zod';
import { WorkbenchError } from '../../../../shared/contract/errors.ts';
import { halfToFloat } from '../half.ts';

/** Memory that a file may ask for. */
const MAX_BYTES = 2 ** 31;

const weightSpec = z.looseObject({
  name: z.string(),
  shape: z.array(z.number().int().min(0)),
  dtype: z.string(),
  quantization: z
    .looseObject({ dtype: z.enum(['uint8', 'uint16', 'float16']), scale: z.number().optional(), min: z.number().optional() })
    .optional(),
});
const modelJson = z.looseObject({
  format: z.string().optional(),
  modelTopology: z.looseObject({}),
  weightsManifest: z.array(z.looseObject({ paths: z.array(z.string()).min(1), weights: z.array(weightSpec) })),
});
type WeightSpec = z.infer<typeof weightSpec>;

const refuse = (sentence: string, cause?: unknown) => new WorkbenchError('model-invalid', sentence, {}, cause);

export interface LayersFile {
  topology: Record<string, unknown>;
  weights: Map<string, Float32Array>;
  /** as the file says them, for the library that the result is checked with */
  specs: WeightSpec[];
  data: Uint8Array;
}

function shard(folder: string, file: string, path: string): Uint8Array {
  const place = normalize(path);
  if (isAbsolute(place) || place.startsWith('..'))
    throw refuse(`${file} names weights outside of its folder ('${path}'): export the model again.`);
  const whole = join(folder, place);
  if (!existsSync(whole))
    throw refuse(`${file} keeps weights in '${path}' beside it, which is not there: copy all files of the model into one folder.`);
  return readFileSync(whole);
}

const ELEMENT_BYTES: Readonly<Record<string, number>> = { uint8: 1, uint16: 2, float16: 2, float32: 4, int32: 4 };

/** One tensor from its bytes, compressed ones as scale * code + min. */
function decode({ name, dtype, quantization }: WeightSpec, bytes: Uint8Array): Float32Array {
  const { buffer } = new Uint8Array(bytes);
  if (!quantization) {
    if (dtype === 'float32') return new Float32Array(buffer);
    if (dtype === 'int32') return Float32Array.from(new Int32Array(buffer));
    throw refuse(`Weights '${name}' are of type ${dtype}, and float32 is read: export the model with float weights.`);
  }
  if (quantization.dtype === 'float16') return halfToFloat(new Uint16Array(buffer));
  const { scale = 1, min = 0 } = quantization;
  const codes = quantization.dtype === 'uint8' ? new Uint8Array(buffer) : new Uint16Array(buffer);
  return Float32Array.from(codes, (code) => code * scale + min);
}

/**
 * Reads the model.json of a TensorFlow.js layers model and the weight files beside it.
 * @throws WorkbenchError `model-invalid`: no layers model, missing or short weight files
 */
export function readLayersModel(file: string): LayersFile {
  if (statSync(file).size > MAX_BYTES) throw refuse(`${file} is too large for the description of a model: name its model.json.`);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw refuse(`${file} is not valid JSON (${(error as Error).message}): export the model again.`, error);
  }
  const parsed = modelJson.safeParse(json);
  if (!parsed.success || (parsed.data.format !== undefined && parsed.data.format !== 'layers-model'))
    throw refuse(
      `${file} is not a TensorFlow.js layers model (a graph model has no layers to train): save it with model.save, or convert it to ONNX.`,
    );
  const { modelTopology, weightsManifest } = parsed.data;
  const weights = new Map<string, Float32Array>();
  const all: Uint8Array[] = [];
  for (const group of weightsManifest) {
    const bytes = Buffer.concat(group.paths.map((path) => shard(dirname(file), file, path)));
    all.push(bytes);
    let at = 0;
    for (const spec of group.weights) {
      const size = spec.shape.reduce((a, n) => a * n, 1) * (ELEMENT_BYTES[spec.quantization?.dtype ?? spec.dtype] ?? 4);
      if (at + size > bytes.length)
        throw refuse(
          `${file} needs ${at + size} bytes of weights for '${spec.name}', and ${group.paths.join(', ')} hold ${bytes.length}: copy the files again.`,
        );
      weights.set(spec.name, decode(spec, bytes.subarray(at, at + size)));
      at += size;
    }
  }
  return { topology: modelTopology, weights, specs: weightsManifest.flatMap((group) => group.weights), data: Buffer.concat(all) };
}
