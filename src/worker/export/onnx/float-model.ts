/** The float network as ONNX (opset 17, NCHW), nothing quantized, batch normalization kept. */
import { create } from '@bufbuild/protobuf';
import { inferShapes, weightShape, type Layer, type LayerGraph } from '../../../shared/domain/layer-graph.ts';
import { ModelProtoSchema, type ModelProto, type NodeProto, type TensorProto } from '../../formats/onnx/onnx_pb.ts';
import { floatValue, node, tensor, type NodeOptions } from '../../formats/onnx/protos.ts';
import { INPUT_NAME, OUTPUT_NAME, type Producer } from './model.ts';

const OPSET = 17;
const IR_VERSION = 8;

/** [height, width, in, out] -> [out, in, height, width]. */
function toOihw(values: Float32Array, [height, width, ins, outs]: readonly number[]): Float32Array {
  const oihw = new Float32Array(values.length);
  let from = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let i = 0; i < ins; i++) for (let o = 0; o < outs; o++) oihw[((o * ins + i) * height + y) * width + x] = values[from++];
  return oihw;
}

class FloatWriter {
  readonly nodes: NodeProto[] = [];
  readonly constants: TensorProto[] = [];
  private readonly values = new Map<string, string>();
  private readonly shapes: Map<string, readonly number[]>;

  constructor(
    private readonly graph: LayerGraph,
    private readonly parameters: ReadonlyMap<string, Float32Array>,
  ) {
    this.shapes = inferShapes(graph);
  }

  write(): void {
    for (const layer of this.graph.layers) this.values.set(layer.name, this.compute(layer));
  }

  private add(opType: string, inputs: readonly string[], output: string, options?: NodeOptions): string {
    this.nodes.push(node(opType, inputs, output, options));
    return output;
  }

  private constant(name: string, dims: readonly number[], data: Parameters<typeof tensor>[2]): string {
    this.constants.push(tensor(name, dims, data));
    return name;
  }

  /** A parameter of a layer under the name that PyTorch gives it. */
  private parameter(layer: Layer, part: string, called: string, dims?: readonly number[], values?: Float32Array): string {
    const data = values ?? this.parameters.get(`${layer.name}/${part}`)!;
    return this.constant(`${layer.name}.${called}`, dims ?? [data.length], data);
  }

  private window(layer: Extract<Layer, { kind: 'conv' | 'maxpool' | 'avgpool' }>): Record<string, readonly number[]> {
    const [top, bottom, left, right] = layer.padding;
    return { kernel_shape: layer.kernel, strides: layer.stride, pads: [top, left, bottom, right] };
  }

  private compute(layer: Layer): string {
    const inputs = layer.inputs.map((name) => this.values.get(name)!);
    const name = (part: string) => `${layer.name}/${part}`;
    const output = layer === this.graph.layers.at(-1) ? OUTPUT_NAME : name('out');
    switch (layer.kind) {
      case 'input':
        return INPUT_NAME;
      case 'normalize': {
        const constant = (part: 'mean' | 'std') => this.constant(name(part), [1, layer[part].length, 1, 1], Float32Array.from(layer[part]));
        return this.add('Div', [this.add('Sub', [inputs[0], constant('mean')], name('centred')), constant('std')], output);
      }
      case 'conv': {
        const [height, width, ins, outs] = weightShape(layer, this.shapes.get(layer.inputs[0])!);
        const weights = toOihw(this.parameters.get(name('weights'))!, [height, width, ins, outs]);
        const own = [this.parameter(layer, 'weights', 'weight', [outs, ins, height, width], weights)];
        if (layer.bias) own.push(this.parameter(layer, 'bias', 'bias'));
        return this.add('Conv', [inputs[0], ...own], output, { attributes: { ...this.window(layer), group: layer.groups } });
      }
      case 'linear': {
        const own = [this.parameter(layer, 'weights', 'weight', weightShape(layer, this.shapes.get(layer.inputs[0])!))];
        if (layer.bias) own.push(this.parameter(layer, 'bias', 'bias'));
        return this.add('Gemm', [inputs[0], ...own], output);
      }
      case 'batchnorm': {
        const parts = { gamma: 'weight', beta: 'bias', mean: 'running_mean', variance: 'running_var' };
        const own = Object.entries(parts).map(([part, called]) => this.parameter(layer, part, called));
        return this.add('BatchNormalization', [inputs[0], ...own], output, { attributes: { epsilon: { float: layer.epsilon } } });
      }
      case 'relu': {
        if (layer.max === undefined) return this.add('Relu', inputs, output);
        const bounds = [this.constant(name('min'), [], Float32Array.of(0)), this.constant(name('max'), [], Float32Array.of(layer.max))];
        return this.add('Clip', [inputs[0], ...bounds], output);
      }
      case 'sigmoid':
        return this.add('Sigmoid', inputs, output);
      case 'swish':
        return this.add('Mul', [inputs[0], this.add('Sigmoid', inputs, name('sigmoid'))], output);
      case 'add':
        return this.add('Add', inputs, output);
      case 'multiply': {
        const [x, gate] = layer.inputs.map((input) => this.shapes.get(input)!);
        if (x.length === gate.length) return this.add('Mul', inputs, output);
        const axes = this.constant(name('axes'), [2], BigInt64Array.of(2n, 3n));
        return this.add('Mul', [inputs[0], this.add('Unsqueeze', [inputs[1], axes], name('gate'))], output);
      }
      case 'concat':
        return this.add('Concat', inputs, output, { attributes: { axis: 1 } });
      case 'maxpool':
        return this.add('MaxPool', inputs, output, { attributes: this.window(layer) });
      case 'avgpool':
        return this.add('AveragePool', inputs, output, {
          attributes: { ...this.window(layer), count_include_pad: layer.countPadding ? 1 : 0 },
        });
      case 'globalpool':
        return this.add('Flatten', [this.add('GlobalAveragePool', inputs, name('mean'))], output, { attributes: { axis: 1 } });
      case 'flatten': {
        const image = this.shapes.get(layer.inputs[0])!.length === 3;
        const ordered = image ? this.add('Transpose', inputs, name('ordered'), { attributes: { perm: [0, 2, 3, 1] } }) : inputs[0];
        return this.add('Flatten', [ordered], output, { attributes: { axis: 1 } });
      }
    }
  }
}

/**
 * Builds the ONNX model of a float network: input `input` [batch, C, H, W] with values in [0, 1], output `logits`
 * [batch, classes]. Equal networks give equal models.
 * @param parameters as `parameterSpecs` lists them
 */
export function buildFloatModel(graph: LayerGraph, parameters: ReadonlyMap<string, Float32Array>, producer: Producer): ModelProto {
  const writer = new FloatWriter(graph, parameters);
  writer.write();
  const [height, width, channels] = graph.layers.find((layer) => layer.kind === 'input')!.shape;
  return create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    opsetImport: [{ domain: '', version: BigInt(OPSET) }],
    producerName: producer.name,
    producerVersion: producer.version,
    graph: {
      name: graph.name,
      node: writer.nodes,
      initializer: writer.constants,
      input: [floatValue(INPUT_NAME, ['batch', channels, height, width])],
      output: [floatValue(OUTPUT_NAME, ['batch', graph.classes])],
    },
  });
}
