/** Writes the ONNX file of an integer view and its side-car. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import type { IntegerView } from '../../quant/integer-view.ts';
import type { ExportedFile, ExportOptions } from '../format.ts';
import { writeFileAtomically } from '../write-file.ts';
import { buildModel } from './model.ts';
import { ModelProtoSchema } from '../../formats/onnx/onnx_pb.ts';

/**
 * Writes `file` (opset 21, IR 10) and `file`.json with the true bit-widths, step sizes and the digest of the model.
 * Equal views give equal bytes. @throws WorkbenchError when the view cannot be exported, or the file-system error
 */
export async function writeOnnx(view: IntegerView, file: string, options: ExportOptions): Promise<ExportedFile> {
  const producer = { name: 'eqnet-workbench', version: options.producerVersion };
  const { model, description } = buildModel(view, producer);
  const content = toBinary(ModelProtoSchema, model);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const sideCar = `${file}.json`;
  const described = { producer, file: path.basename(file), bytes: content.byteLength, sha256, ...description };
  await writeFileAtomically(file, content);
  await writeFileAtomically(sideCar, `${JSON.stringify(described, null, 2)}\n`);
  return { file, sideCar, bytes: content.byteLength, sha256 };
}
