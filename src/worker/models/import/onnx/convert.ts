import { basename } from 'node:path';
import { WorkbenchError } from '../../../../shared/contract/errors.ts';
import { TensorProto_DataType, type GraphProto, type NodeProto, type ValueInfoProto } from '../../../formats/onnx/onnx_pb.ts';
import { NetworkWriter, Unsupported, type Ending, type ImportedNetwork } from '../network-writer.ts';
import { Operation, type Conversion } from './converter.ts';
import { OPERATORS, replacementOf } from './operators/registry.ts';
import { readOnnx } from './read.ts';
import { constantOf, typeName } from './tensors.ts';
import { isImage, type TensorValue } from './values.ts';

/** How the original is fed: its input in its own order, with a fixed batch or any. */
export interface OriginalInput {
  name: string;
  output: string;
  order: 'chw' | 'hwc';
  /** null = any */
  batch: number | null;
}

export interface OnnxNetwork extends ImportedNetwork {
  input: OriginalInput;
  ending: Ending;
}

/** Problems that one sentence names. */
const SHOWN = 6;

type Dimension = number | string;

function dimensionsOf({ type }: ValueInfoProto): Dimension[] | null {
  if (type?.value.case !== 'tensorType' || !type.value.value.shape) return null;
  return type.value.value.shape.dim.map(({ value }, axis) =>
    value.case === 'dimValue' ? Number(value.value) : value.case === 'dimParam' ? value.value : axis === 0 ? 'batch' : '?',
  );
}

const refuse = (sentence: string, problems: readonly string[] = []) => new WorkbenchError('model-invalid', sentence, { problems });

/** Size and order of the one image that the graph reads. */
function inputOf(
  graph: GraphProto,
  file: string,
): { name: string; order: 'chw' | 'hwc'; image: [number, number, number]; batch: number | null } {
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !constants.has(name));
  if (inputs.length !== 1)
    throw refuse(
      `${file} has ${inputs.length} inputs (${inputs.map(({ name }) => `'${name}'`).join(', ') || 'none'}), and one image is what a network reads here: export it with one input.`,
    );
  const [input] = inputs;
  const type = input.type?.value.case === 'tensorType' ? input.type.value.value.elemType : undefined;
  if (type !== undefined && type !== TensorProto_DataType.FLOAT)
    throw refuse(
      `Input '${input.name}' of ${file} is of type ${typeName(type)}, and images are read as float32: export the model in float32 (model.float()).`,
    );
  const dimensions = dimensionsOf(input);
  if (dimensions?.length !== 4)
    throw refuse(
      `Input '${input.name}' of ${file} has ${dimensions ? `shape ${dimensions.join(' x ') || 'of one number'}` : 'no shape'}, and a network reads a batch of images (batch x channels x height x width): export an image network.`,
    );
  const [batch, ...sizes] = dimensions;
  if (sizes.some((size) => typeof size === 'string' || size < 1))
    throw refuse(
      `Input '${input.name}' of ${file} is of shape ${dimensions.join(' x ')}, and only the batch may be free: export it with a fixed image size (leave height, width and channels out of dynamic_axes and dynamic_shapes).`,
    );
  const [first, second, third] = sizes as number[];
  const few = (size: number) => size <= 4;
  const order = few(third) && !few(first) ? 'hwc' : 'chw';
  const image: [number, number, number] = order === 'hwc' ? [first, second, third] : [second, third, first];
  return { name: input.name, order, image, batch: typeof batch === 'number' && batch > 0 ? batch : null };
}

function countUses(graph: GraphProto): Map<string, number> {
  const uses = new Map<string, number>();
  const read = (name: string) => name && uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const node of graph.node) node.input.forEach(read);
  for (const { name } of graph.output) read(name);
  return uses;
}

const isStandard = ({ domain }: NodeProto) => domain === '' || domain === 'ai.onnx';
const called = (node: NodeProto) => `${isStandard(node) ? '' : `${node.domain}::`}${node.opType} '${node.name || node.output[0]}'`;

/** Turns nodes into layers in order; what cannot be turned is listed, and what only rests on it is passed over. */
function convertNodes(graph: GraphProto, conversion: Conversion): string[] {
  const problems: string[] = [];
  const unknown = new Set<string>();
  for (const proto of graph.node) {
    const operator = isStandard(proto) ? OPERATORS[proto.opType] : undefined;
    const rests = proto.input.some((name) => unknown.has(name));
    try {
      if (!operator) throw new Unsupported(replacementOf(proto.opType));
      if (rests) throw null;
      operator(new Operation(proto, conversion));
      continue;
    } catch (error) {
      if (error instanceof Unsupported) problems.push(`${called(proto)}${operator ? ' ' : ': '}${error.message}`);
      else if (error !== null) throw error;
    }
    proto.output.forEach((name) => unknown.add(name));
  }
  return problems;
}

/** The value that the graph gives back, as a layer of one number for each class. */
function outputLayer(value: TensorValue, writer: NetworkWriter, name: string): string {
  if (value.padding || (value.flattened && writer.layer(value.layer).kind !== 'linear'))
    throw new Unsupported(`ends with '${name}', which is no row of one number for each class`);
  if (!isImage(value)) return value.layer;
  if (value.shape[0] * value.shape[1] === 1) return writer.add('flatten', [value.layer], { kind: 'flatten' });
  throw new Unsupported(`gives an image of ${value.shape.join('x')} back, where a classifier gives one number for each class`);
}

/**
 * Reads a float network of ONNX as a layer graph with its weights: images and weights in our order, batch
 * normalization behind its convolution, what only serves inference left out.
 * @param file path of the .onnx file
 * @throws WorkbenchError `model-invalid` with one sentence; all nodes that cannot be read at once
 */
export function convertOnnx(file: string): OnnxNetwork {
  const { graph, opset } = readOnnx(file);
  const input = inputOf(graph, file);
  if (graph.output.length !== 1)
    throw refuse(
      `${file} has ${graph.output.length} outputs (${graph.output.map(({ name }) => `'${name}'`).join(', ')}), and a classifier has one: export it with the logits only.`,
    );
  const [{ name: output }] = graph.output;
  const writer = new NetworkWriter(input.image);
  const conversion: Conversion = {
    writer,
    opset,
    values: new Map(),
    uses: countUses(graph),
    outputs: [output],
    ending: 'none',
    constant: (node, name) => {
      const tensor = node.attribute.find((attribute) => attribute.name === name)?.t;
      return tensor ? constantOf(tensor, file) : null;
    },
  };
  const [height, width, channels] = input.image;
  conversion.values.set(input.name, {
    kind: 'tensor',
    layer: 'input',
    shape: [height, width, channels],
    order: input.order,
    pooled: false,
  });
  const problems: string[] = [];
  if (graph.sparseInitializer.length) problems.push('sparse weights are not read; store them densely');
  for (const tensor of graph.initializer) {
    try {
      conversion.values.set(tensor.name, constantOf(tensor, file));
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      problems.push(`tensor '${tensor.name}' ${error.message}`);
    }
  }
  problems.push(...convertNodes(graph, conversion));
  if (!problems.length) {
    try {
      const value = conversion.values.get(output);
      if (value?.kind !== 'tensor') throw new Unsupported(`gives '${output}' back, which nothing computes`);
      const name = basename(file).replace(/\.onnx$/i, '');
      return { ...writer.finish(name, outputLayer(value, writer, output)), input: { ...input, output }, ending: conversion.ending };
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      throw refuse(`${file} ${error.message}: export a classifier.`);
    }
  }
  const more = problems.length > SHOWN ? `; and ${problems.length - SHOWN} more` : '';
  throw refuse(
    `${file} holds what cannot be read: ${problems.slice(0, SHOWN).join('; ')}${more} (docs/import.md lists what can).`,
    problems,
  );
}
