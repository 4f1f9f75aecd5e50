/** Integer view -> ONNX graph in quantize/dequantize (QDQ) form, opset 21, NCHW. */
import { create } from '@bufbuild/protobuf';
import { inferShapes, weightShape } from '../../../shared/domain/layer-graph.ts';
import type { ConvLayer, FlattenLayer, Layer, MultiplyLayer, QuantizedLayer, WindowPoolLayer } from '../../../shared/domain/layer-graph.ts';
import { activationsByTensor, roundHalfEven } from '../../quant/integer-view.ts';
import type { IntegerActivation, IntegerLayer, IntegerView } from '../../quant/integer-view.ts';
import { checkView } from '../check-view.ts';
import { describe } from './describe.ts';
import type { OnnxDescription } from './describe.ts';
import { ModelProtoSchema } from '../../formats/onnx/onnx_pb.ts';
import type { ModelProto, NodeProto, TensorProto } from '../../formats/onnx/onnx_pb.ts';
import { floatValue, metadata, node, tensor } from '../../formats/onnx/protos.ts';
import type { NodeOptions } from '../../formats/onnx/protos.ts';
import { channelsFirstRows, storeWeights } from './weights.ts';
import type { StoredWeights } from './weights.ts';

const OPSET = 21;
const IR_VERSION = 10;
export const INPUT_NAME = 'input';
export const OUTPUT_NAME = 'logits';
/** Metadata keys of the workbench start with this. */
const METADATA_PREFIX = 'eqnet.';

const scalar = (value: number) => Float32Array.of(value);

/** The window of a convolution or pool as ONNX attributes. */
function windowOf({ kernel, stride, padding: [top, bottom, left, right] }: ConvLayer | WindowPoolLayer) {
  return { kernel_shape: kernel, pads: [top, left, bottom, right], strides: stride };
}

class GraphWriter {
  readonly nodes: NodeProto[] = [];
  readonly constants: TensorProto[] = [];
  readonly stored = new Map<string, StoredWeights>();
  /** ONNX value that stands for the output of each layer. */
  private readonly values = new Map<string, string>();
  private readonly activations: Map<string, IntegerActivation>;
  private readonly layers: Map<string, IntegerLayer>;
  private readonly shapes: Map<string, readonly number[]>;

  constructor(private readonly view: IntegerView) {
    this.activations = activationsByTensor(view);
    this.layers = new Map(view.layers.map((layer) => [layer.name, layer]));
    this.shapes = inferShapes(view.graph);
  }

  write(): void {
    for (const layer of this.view.graph.layers) {
      const value = this.compute(layer);
      const activation = this.activations.get(layer.name);
      this.values.set(layer.name, activation ? this.quantize(value, activation) : value);
    }
  }

  private add(opType: string, inputs: readonly string[], output: string, options?: NodeOptions): string {
    this.nodes.push(node(opType, inputs, output, options));
    return output;
  }

  private constant(name: string, dims: readonly number[], data: Parameters<typeof tensor>[2]): string {
    this.constants.push(tensor(name, dims, data));
    return name;
  }

  /** Every value lies below the name of its layer, so that no layer can take the name of the input or the output. */
  private valueName(layer: Layer): string {
    return layer === this.view.graph.layers.at(-1) ? OUTPUT_NAME : `${layer.name}/out`;
  }

  private compute(layer: Layer): string {
    const inputs = layer.inputs.map((name) => this.values.get(name)!);
    const output = this.valueName(layer);
    switch (layer.kind) {
      case 'input':
        return INPUT_NAME;
      case 'normalize': {
        const constant = (part: 'mean' | 'std') =>
          this.constant(`${layer.name}/${part}`, [1, layer[part].length, 1, 1], Float32Array.from(layer[part]));
        return this.add('Div', [this.add('Sub', [inputs[0], constant('mean')], `${layer.name}/centred`), constant('std')], output);
      }
      case 'conv': {
        return this.add('Conv', [inputs[0], ...this.parameters(layer)], this.foldedName(layer), {
          attributes: { dilations: [1, 1], group: layer.groups, ...windowOf(layer) },
        });
      }
      case 'batchnorm':
        return inputs[0];
      case 'relu': {
        // Behind a ReLU the integer Clip of the quantizer cuts at the code of `max`, which is the same and stays on integers.
        if (layer.max === undefined || this.activations.has(layer.name)) return this.add('Relu', inputs, output);
        const bounds = [this.constant(`${layer.name}/min`, [], scalar(0)), this.constant(`${layer.name}/max`, [], scalar(layer.max))];
        return this.add('Clip', [...inputs, ...bounds], output);
      }
      case 'sigmoid':
        return this.add('Sigmoid', inputs, output);
      case 'swish':
        return this.add('Mul', [inputs[0], this.add('Sigmoid', inputs, `${layer.name}/sigmoid`)], output);
      case 'add':
        return this.add('Add', inputs, output);
      case 'multiply':
        return this.add('Mul', [inputs[0], this.asGate(layer, inputs[1])], output);
      case 'concat':
        return this.add('Concat', inputs, output, { attributes: { axis: 1 } });
      case 'maxpool':
        return this.add('MaxPool', inputs, output, { attributes: windowOf(layer) });
      case 'avgpool': {
        const attributes = { ...windowOf(layer), count_include_pad: Number(layer.countPadding ?? false) };
        return this.add('AveragePool', inputs, output, { attributes });
      }
      case 'flatten': {
        const order = this.permutedBehind(layer) ? inputs[0] : this.channelsLast(layer, inputs[0]);
        return this.add('Flatten', [order], output, { attributes: { axis: 1 } });
      }
      case 'globalpool':
        return this.add('Flatten', [this.add('GlobalAveragePool', inputs, `${layer.name}/mean`)], output, { attributes: { axis: 1 } });
      case 'linear':
        return this.add('Gemm', [inputs[0], ...this.parameters(layer)], output, { attributes: { transB: 1 } });
    }
  }

  private rank(tensorName: string): number {
    return this.shapes.get(tensorName)!.length;
  }

  /** [batch, channels] as [batch, channels, 1, 1]. */
  private asGate(layer: MultiplyLayer, value: string): string {
    if (this.rank(layer.inputs[0]) === this.rank(layer.inputs[1])) return value;
    const axes = this.constant(`${layer.name}/axes`, [2], BigInt64Array.of(2n, 3n));
    return this.add('Unsqueeze', [value, axes], `${layer.name}/gate`);
  }

  /**
   * Whether the order of a flattened image (NCHW here, NHWC in the view) is put right in the weights behind it: it is
   * where linear layers are all that read it.
   */
  private permutedBehind(layer: FlattenLayer): boolean {
    const readers = this.view.graph.layers.filter(({ inputs }) => inputs.includes(layer.name));
    return this.rank(layer.inputs[0]) === 1 || (readers.length > 0 && readers.every(({ kind }) => kind === 'linear'));
  }

  private channelsLast(layer: Layer, value: string): string {
    return this.add('Transpose', [value], `${layer.name}/nhwc`, { attributes: { perm: [0, 2, 3, 1] } });
  }

  /** The image in front of the flatten layer that a linear layer reads in another order, if it does. */
  private flattenedImage(layer: QuantizedLayer): readonly number[] | undefined {
    const source = this.view.graph.layers.find(({ name }) => name === layer.inputs[0])!;
    if (source.kind !== 'flatten' || !this.permutedBehind(source)) return undefined;
    const image = this.shapes.get(source.inputs[0])!;
    return image.length === 3 ? image : undefined;
  }

  /** A convolution produces the output of the batch normalization that is folded into it. */
  private foldedName(layer: Layer): string {
    const follower = this.view.graph.layers.find((other) => other.kind === 'batchnorm' && other.inputs[0] === layer.name);
    return this.valueName(follower ?? layer);
  }

  private parameters(layer: QuantizedLayer): [weights: string, bias: string] {
    const integer = this.layers.get(layer.name)!;
    const inputStep = Math.fround(this.activations.get(integer.input)!.step);
    const image = this.flattenedImage(layer);
    const ordered = image ? { ...integer, codes: channelsFirstRows(integer.codes, image) } : integer;
    const stored = storeWeights(ordered, weightShape(layer, this.shapes.get(layer.inputs[0])!), inputStep);
    this.stored.set(layer.name, stored);
    const choice = this.view.configuration.layers.find(({ name }) => name === layer.name)!;
    const { scale, zeroPoint, data, dims } = stored;
    const channels = [scale.length];
    const name = (part: string) => `${layer.name}/${part}`;
    const weights = this.add(
      'DequantizeLinear',
      [
        this.constant(name('weight/codes'), dims, data),
        this.constant(name('weight/scale'), channels, scale),
        this.constant(name('weight/zero_point'), channels, zeroPoint),
      ],
      name('weight'),
      {
        attributes: { axis: 0 },
        metadata: {
          [`${METADATA_PREFIX}weight_bits`]: String(integer.weightBits),
          [`${METADATA_PREFIX}weight_factor`]: String(stored.factor),
          [`${METADATA_PREFIX}granularity`]: integer.granularity,
          [`${METADATA_PREFIX}symmetry`]: choice.weightSymmetry,
        },
      },
    );
    const bias = this.add(
      'DequantizeLinear',
      [
        this.constant(name('bias/codes'), channels, integer.biasInt),
        this.constant(
          name('bias/scale'),
          channels,
          scale.map((value) => value * inputStep),
        ),
        this.constant(name('bias/zero_point'), channels, new Int32Array(scale.length)),
      ],
      name('bias'),
      { attributes: { axis: 0 } },
    );
    return [weights, bias];
  }

  /** The code of the largest value that a tensor can have: that of a clipped ReLU's bound. */
  private ceiling({ tensor: name, step, zeroPoint }: IntegerActivation): number {
    const layer = this.view.graph.layers.find((candidate) => candidate.name === name)!;
    if (layer.kind !== 'relu' || layer.max === undefined) return Infinity;
    return roundHalfEven(Math.fround(layer.max / Math.fround(step))) + zeroPoint;
  }

  /** QuantizeLinear -> Clip (where the container holds more codes than the quantizer) -> DequantizeLinear. */
  private quantize(value: string, activation: IntegerActivation): string {
    const name = (part: string) => `${activation.tensor}/${part}`;
    const offset = activation.signed ? 128 : 0;
    const [low, high] = [activation.qn + offset, Math.min(activation.qp, this.ceiling(activation)) + offset];
    const scale = this.constant(name('scale'), [], scalar(activation.step));
    const zeroPoint = this.constant(name('zero_point'), [], Uint8Array.of(activation.zeroPoint + offset));
    const properties = { [`${METADATA_PREFIX}activation_bits`]: String(activation.bits) };
    let codes = this.add('QuantizeLinear', [value, scale, zeroPoint], name('codes'), { metadata: properties });
    if (low > 0 || high < 255) {
      const bounds = [this.constant(name('low'), [], Uint8Array.of(low)), this.constant(name('high'), [], Uint8Array.of(high))];
      codes = this.add('Clip', [codes, ...bounds], name('clipped'));
    }
    return this.add('DequantizeLinear', [codes, scale, zeroPoint], name('quantized'));
  }
}

/** Name and version of the program that is written into a file. */
export interface Producer {
  name: string;
  version: string;
}

/**
 * Builds the ONNX model of an integer view: input `input` [batch, C, H, W] with values in [0, 1], output `logits`
 * [batch, classes]. Equal views give equal models.
 * @throws WorkbenchError when the view is incomplete or out of range
 */
export function buildModel(view: IntegerView, producer: Producer): { model: ModelProto; description: OnnxDescription } {
  checkView(view);
  const writer = new GraphWriter(view);
  writer.write();
  const source = view.graph.layers.find((layer) => layer.kind === 'input')!;
  const [height, width, channels] = source.shape;
  const outputs = inferShapes(view.graph).get(view.graph.layers.at(-1)!.name)!;
  const input = { name: INPUT_NAME, layout: 'NCHW' as const, shape: [channels, height, width], values: 'float32 pixels in [0, 1]' };
  const description = describe(view, writer.stored, input, OUTPUT_NAME);
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    opsetImport: [{ domain: '', version: BigInt(OPSET) }],
    producerName: producer.name,
    producerVersion: producer.version,
    graph: {
      name: view.graph.name,
      node: writer.nodes,
      initializer: writer.constants,
      input: [floatValue(INPUT_NAME, ['batch', channels, height, width])],
      output: [floatValue(OUTPUT_NAME, ['batch', ...outputs])],
    },
    metadataProps: metadata({ [`${METADATA_PREFIX}description`]: JSON.stringify(description) }),
  });
  return { model, description };
}
