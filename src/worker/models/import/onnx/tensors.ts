import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { WorkbenchError } from '../../../../shared/contract/errors.ts';
import { TensorProto_DataLocation, TensorProto_DataType, type TensorProto } from '../../../formats/onnx/onnx_pb.ts';
import { halfToFloat } from '../half.ts';
import { Unsupported } from '../network-writer.ts';
import { sizeOf, type ConstantValue } from './values.ts';

const { FLOAT, DOUBLE, FLOAT16, BFLOAT16, INT64, INT32, INT16, INT8, UINT8, UINT16, UINT32, UINT64, BOOL } = TensorProto_DataType;

/** What ONNX calls a type of numbers. */
export const typeName = (type: number): string =>
  Object.entries(TensorProto_DataType).find(([, number]) => number === type)?.[0] ?? String(type);

/** Bytes of one element in raw data. */
const ELEMENT_BYTES: Readonly<Partial<Record<TensorProto_DataType, number>>> = {
  [FLOAT]: 4,
  [DOUBLE]: 8,
  [FLOAT16]: 2,
  [BFLOAT16]: 2,
  [INT64]: 8,
  [UINT64]: 8,
  [INT32]: 4,
  [UINT32]: 4,
  [INT16]: 2,
  [UINT16]: 2,
  [INT8]: 1,
  [UINT8]: 1,
  [BOOL]: 1,
};

function bfloatToFloat(bits: Uint16Array): Float32Array {
  const words = Uint32Array.from(bits, (value) => value << 16);
  return new Float32Array(words.buffer);
}

function fromRaw(type: TensorProto_DataType, raw: Uint8Array): ConstantValue['values'] {
  // a copy of its own, since views need an aligned start
  const { buffer } = new Uint8Array(raw);
  switch (type) {
    case FLOAT:
      return new Float32Array(buffer);
    case DOUBLE:
      return new Float64Array(buffer);
    case FLOAT16:
      return halfToFloat(new Uint16Array(buffer));
    case BFLOAT16:
      return bfloatToFloat(new Uint16Array(buffer));
    case INT64:
      return Float64Array.from(new BigInt64Array(buffer), Number);
    case UINT64:
      return Float64Array.from(new BigUint64Array(buffer), Number);
    case INT32:
      return Float64Array.from(new Int32Array(buffer));
    case UINT32:
      return Float64Array.from(new Uint32Array(buffer));
    case INT16:
      return Float64Array.from(new Int16Array(buffer));
    case UINT16:
      return Float64Array.from(new Uint16Array(buffer));
    case INT8:
      return Float64Array.from(new Int8Array(buffer));
    default:
      return Float64Array.from(new Uint8Array(buffer));
  }
}

function fromFields(tensor: TensorProto): ConstantValue['values'] {
  switch (tensor.dataType as TensorProto_DataType) {
    case FLOAT:
      return Float32Array.from(tensor.floatData);
    case DOUBLE:
      return Float64Array.from(tensor.doubleData);
    case FLOAT16:
      return halfToFloat(Uint16Array.from(tensor.int32Data));
    case BFLOAT16:
      return bfloatToFloat(Uint16Array.from(tensor.int32Data));
    case INT64:
      return Float64Array.from(tensor.int64Data, Number);
    case UINT64:
    case UINT32:
      return Float64Array.from(tensor.uint64Data, Number);
    default:
      return Float64Array.from(tensor.int32Data);
  }
}

/** Bytes that lie in a file beside the model. @throws WorkbenchError `model-invalid` naming the file that is missing or too short */
function externalBytes(tensor: TensorProto, file: string, length: number): Uint8Array {
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const location = normalize(entries.get('location') ?? '');
  const refuse = (why: string) =>
    new WorkbenchError(
      'model-invalid',
      `${file} keeps its weights in '${location}' beside it, ${why}: copy that file into the folder of the model, or export the model again into one file (external_data=False).`,
    );
  if (!entries.get('location') || isAbsolute(location) || location.startsWith('..')) throw refuse('which is no name of a file beside it');
  const path = join(dirname(file), location);
  const size = statSync(path, { throwIfNoEntry: false });
  if (!size?.isFile()) throw refuse('which is not there');
  const offset = Number(entries.get('offset') ?? 0);
  if (offset + length > size.size) throw refuse(`which holds ${size.size} bytes where '${tensor.name}' ends at ${offset + length}`);
  const bytes = new Uint8Array(length);
  const handle = openSync(path, 'r');
  try {
    for (let done = 0; done < length;) {
      const read = readSync(handle, bytes, done, length - done, offset + done);
      if (!read) throw refuse('which ends early');
      done += read;
    }
  } finally {
    closeSync(handle);
  }
  return bytes;
}

/**
 * The numbers of a tensor, wherever the file keeps them.
 * @param file path of the model, beside which external data lies
 * @throws WorkbenchError `model-invalid` where bytes are missing; Unsupported for strings, complex and sub-byte numbers
 */
export function constantOf(tensor: TensorProto, file: string): ConstantValue {
  const dims = tensor.dims.map(Number);
  const type = tensor.dataType as TensorProto_DataType;
  const bytes = ELEMENT_BYTES[type];
  if (bytes === undefined) throw new Unsupported(`holds numbers of type ${typeName(type)}`);
  const count = sizeOf(dims);
  const external = tensor.dataLocation === TensorProto_DataLocation.EXTERNAL;
  const raw = external ? externalBytes(tensor, file, count * bytes) : tensor.rawData;
  const values = raw.length && raw.length === count * bytes ? fromRaw(type, raw) : fromFields(tensor);
  if (values.length !== count) {
    throw new WorkbenchError(
      'model-invalid',
      `${file} is damaged: tensor '${tensor.name}' of shape [${dims.join(', ')}] holds ${raw.length ? `${raw.length} bytes` : `${values.length} values`}; export the model again.`,
    );
  }
  return { kind: 'constant', dims, values };
}
