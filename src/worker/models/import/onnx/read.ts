import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { WorkbenchError } from '../../../../shared/contract/errors.ts';
import { ModelProtoSchema, type GraphProto, type ModelProto } from '../../../formats/onnx/onnx_pb.ts';

/** Protocol buffers end here, and so does ONNX without external data. */
const MAX_BYTES = 2 ** 31;
/** The newest that ONNX Runtime, which checks every import, opens. */
const MAX_IR = 13;
const OPSETS = { low: 9, high: 23 } as const;

const refuse = (sentence: string, cause?: unknown) => new WorkbenchError('model-invalid', sentence, {}, cause);

function readBytes(file: string): Uint8Array {
  const size = statSync(file, { throwIfNoEntry: false });
  if (!size) throw refuse(`${file} does not exist: check the path.`);
  if (!size.isFile()) throw refuse(`${file} is not a file: name the .onnx file, or the model.json of a TensorFlow.js layers model.`);
  if (!size.size) throw refuse(`${file} is empty: export the model again.`);
  if (size.size >= MAX_BYTES) {
    throw refuse(
      `${file} has ${size.size} bytes, and an ONNX file ends below 2 GiB (${MAX_BYTES}): export the model with its weights in a file beside it (external_data=True).`,
    );
  }
  return readFileSync(file);
}

/** The first bytes of a file, for telling kinds of files apart. */
export function firstBytes(file: string, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  const handle = openSync(file, 'r');
  try {
    return bytes.subarray(0, readSync(handle, bytes, 0, count, 0));
  } finally {
    closeSync(handle);
  }
}

/** Starts of files that people take for ONNX. */
const OTHERS: readonly [start: string, what: string][] = [
  ['PK', 'a zip archive, as PyTorch and Keras save their models'],
  ['\x89HDF', 'an HDF5 file, as Keras saves its models'],
  ['\x80', 'a Python pickle, as PyTorch saves its weights'],
  ['<', 'an HTML or XML file'],
];

function notOnnx(file: string, bytes: Uint8Array, cause?: unknown): WorkbenchError {
  const start = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  const other = OTHERS.find(([text]) => start.startsWith(text));
  // the first field of a model is its IR version: 0x08, then a small number
  const cut = !other && bytes[0] === 8 && bytes[1] < 32;
  const what = other ? `is ${other[1]}, and not ONNX` : cut ? 'is cut short or damaged' : 'is not an ONNX file';
  return refuse(`${file} ${what}: export the model with torch.onnx.export (docs/import.md).`, cause);
}

/**
 * Reads an ONNX file.
 * @throws WorkbenchError `model-invalid`: missing, empty, 2 GiB or larger, no ONNX, truncated, or of a version that is not read
 */
export function readOnnx(file: string): { model: ModelProto; graph: GraphProto; opset: number } {
  const bytes = readBytes(file);
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw notOnnx(file, bytes, error);
  }
  if (!model.graph || !model.irVersion || !model.opsetImport.length) throw notOnnx(file, bytes);
  if (Number(model.irVersion) > MAX_IR) {
    throw refuse(
      `${file} is of ONNX IR version ${model.irVersion}, and versions up to ${MAX_IR} are read: export it with opset_version=18, or with an older exporter.`,
    );
  }
  const opset = Number(model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0);
  if (opset < OPSETS.low || opset > OPSETS.high) {
    throw refuse(`${file} uses opset ${opset}, and opsets ${OPSETS.low} to ${OPSETS.high} are read: export it with opset_version=18.`);
  }
  return { model, graph: model.graph, opset };
}
