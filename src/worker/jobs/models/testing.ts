/** ONNX files written in code, for the tests of the import. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { RandomStream } from '../../../shared/domain/random.ts';
import { ModelProtoSchema, type NodeProto, type TensorProto, type ValueInfoProto } from '../../formats/onnx/onnx_pb.ts';
import { floatValue, node, tensor, type NodeOptions } from '../../formats/onnx/protos.ts';

/** A graph under construction; every method returns the name of a value. */
export class GraphFixture {
  readonly nodes: NodeProto[] = [];
  readonly constants: TensorProto[] = [];
  private count = 0;
  private readonly random = new RandomStream(5, 'test/onnx');

  add(opType: string, inputs: readonly string[], attributes: NodeOptions['attributes'] = {}): string {
    const name = `${opType.toLowerCase()}_${++this.count}`;
    this.nodes.push(node(opType, inputs, name, { attributes }));
    return name;
  }

  floats(dims: readonly number[], low = -0.5, high = 0.5): string {
    const values = Float32Array.from({ length: dims.reduce((a, n) => a * n, 1) }, () => this.random.between(low, high));
    return this.constant(dims, values);
  }

  constant(dims: readonly number[], values: Float32Array | BigInt64Array): string {
    const name = `constant_${++this.count}`;
    this.constants.push(tensor(name, dims, values));
    return name;
  }
  integers(...values: number[]): string {
    return this.constant([values.length], BigInt64Array.from(values, BigInt));
  }

  conv(x: string, [outs, ins, kernel]: readonly number[], attributes: NodeOptions['attributes'] = {}, bias = true): string {
    return this.add('Conv', [x, this.floats([outs, ins, kernel, kernel]), ...(bias ? [this.floats([outs])] : [])], attributes);
  }
  batchNorm(x: string, channels: number, attributes: NodeOptions['attributes'] = {}): string {
    const own = [this.floats([channels], 0.5, 1.5), this.floats([channels]), this.floats([channels]), this.floats([channels], 0.5, 2)];
    return this.add('BatchNormalization', [x, ...own], attributes);
  }
}

export interface ModelFixture {
  input?: readonly (number | string)[];
  opset?: number;
  ir?: number;
  inputs?: ValueInfoProto[];
  outputs?: string[];
}

/** The bytes of a model whose graph `write` makes; it returns the name of the output. */
export function onnxBytes(write: (graph: GraphFixture) => string, fixture: ModelFixture = {}): Uint8Array {
  const { input = ['batch', 3, 8, 8], opset = 17, ir = 8 } = fixture;
  const graph = new GraphFixture();
  const output = write(graph);
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: BigInt(ir),
      opsetImport: [{ domain: '', version: BigInt(opset) }],
      graph: {
        name: 'fixture',
        node: graph.nodes,
        initializer: graph.constants,
        input: fixture.inputs ?? [floatValue('x', input)],
        output: (fixture.outputs ?? [output]).map((name) => floatValue(name, [input[0], 4])),
      },
    }),
  );
}

/** Writes a model into a folder of its own. @returns the path */
export function onnxFile(write: (graph: GraphFixture) => string, fixture: ModelFixture = {}, name = 'net.onnx'): string {
  const file = join(mkdtempSync(join(tmpdir(), 'eqnet-import-')), name);
  writeFileSync(file, onnxBytes(write, fixture));
  return file;
}
