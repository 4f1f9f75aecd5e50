/** Small networks and random integer views of them, for the tests of the exporters. */
import type { Form } from '../../shared/domain/form.ts';
import { inferShapes, quantizationPoints, quantizedLayers, weightShape } from '../../shared/domain/layer-graph.ts';
import type { ConvLayer, Layer, LayerGraph } from '../../shared/domain/layer-graph.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { codeRange } from '../quant/code-range.ts';
import { integerBias } from '../quant/integer-view.ts';
import type { IntegerActivation, IntegerLayer, IntegerView } from '../quant/integer-view.ts';
import { isSigned as canBeNegative } from '../quant/signedness.ts';

function conv(
  name: string,
  input: string,
  filters: number,
  options: Partial<Pick<ConvLayer, 'kernel' | 'stride' | 'padding' | 'groups'>> = {},
): Layer[] {
  const layer: ConvLayer = {
    kind: 'conv',
    name,
    inputs: [input],
    filters,
    kernel: [3, 3],
    stride: [1, 1],
    padding: [1, 1, 1, 1],
    groups: 1,
    bias: false,
    ...options,
  };
  return [layer, { kind: 'batchnorm', name: `${name}.bn`, inputs: [name], epsilon: 1e-5 }];
}

const relu = (name: string, input: string): Layer => ({ kind: 'relu', name, inputs: [input] });
const head = (input: string, classes: number): Layer[] => [
  { kind: 'globalpool', name: 'pool', inputs: [input] },
  { kind: 'linear', name: 'fc', inputs: ['pool'], units: classes, bias: true },
];

/** conv - batchnorm - relu - global pool - linear on 7x6x3 images; a stride of 2 and uneven padding in one direction. */
export const SINGLE_CONV: LayerGraph = {
  name: 'single-conv',
  classes: 5,
  layers: [
    { kind: 'input', name: 'image', inputs: [], shape: [7, 6, 3] },
    ...conv('conv', 'image', 6, { stride: [1, 2], padding: [1, 1, 0, 1] }),
    relu('relu', 'conv.bn'),
    ...head('relu', 5),
  ],
};

/** A stem, then a residual block whose shortcut is a 1x1 convolution of stride 2, then one with an identity shortcut. */
export const RESIDUAL: LayerGraph = {
  name: 'residual',
  classes: 4,
  layers: [
    { kind: 'input', name: 'input', inputs: [], shape: [8, 8, 2] },
    ...conv('stem', 'input', 4),
    relu('stem.relu', 'stem.bn'),
    ...conv('a1', 'stem.relu', 6, { stride: [2, 2], padding: [0, 1, 0, 1] }),
    relu('a1.relu', 'a1.bn'),
    ...conv('a2', 'a1.relu', 6),
    ...conv('short', 'stem.relu', 6, { kernel: [1, 1], stride: [2, 2], padding: [0, 0, 0, 0] }),
    { kind: 'add', name: 'a.add', inputs: ['a2.bn', 'short.bn'] },
    relu('a.relu', 'a.add'),
    ...conv('b1', 'a.relu', 6),
    { kind: 'add', name: 'b.add', inputs: ['b1.bn', 'a.relu'] },
    relu('b.relu', 'b.add'),
    ...head('b.relu', 4),
  ],
};

/** A depthwise and a grouped convolution; the depthwise one reads a tensor with negative values. */
export const DEPTHWISE: LayerGraph = {
  name: 'depthwise',
  classes: 3,
  layers: [
    { kind: 'input', name: 'input', inputs: [], shape: [6, 6, 3] },
    ...conv('stem', 'input', 8, { kernel: [1, 1], padding: [0, 0, 0, 0] }),
    ...conv('depthwise', 'stem.bn', 8, { groups: 8 }),
    relu('relu1', 'depthwise.bn'),
    ...conv('grouped', 'relu1', 4, { groups: 2, kernel: [2, 3], padding: [0, 0, 1, 1] }),
    relu('relu2', 'grouped.bn'),
    ...head('relu2', 3),
  ],
};

/** Every other kind of layer: ReLU6 with and without a quantizer, squeeze-and-excitation, pools, concatenation, two flattens. */
export const KINDS: LayerGraph = {
  name: 'kinds',
  classes: 3,
  layers: [
    { kind: 'input', name: 'input', inputs: [], shape: [9, 8, 3] },
    ...conv('stem', 'input', 6),
    { kind: 'relu', name: 'stem.relu6', inputs: ['stem.bn'], max: 1.5 },
    ...conv('depthwise', 'stem.relu6', 6, { groups: 6 }),
    { kind: 'swish', name: 'swish', inputs: ['depthwise.bn'] },
    { kind: 'globalpool', name: 'squeeze', inputs: ['swish'] },
    { kind: 'linear', name: 'reduce', inputs: ['squeeze'], units: 2, bias: true },
    { kind: 'swish', name: 'reduce.swish', inputs: ['reduce'] },
    { kind: 'linear', name: 'expand', inputs: ['reduce.swish'], units: 6, bias: true },
    { kind: 'sigmoid', name: 'gate', inputs: ['expand'] },
    { kind: 'multiply', name: 'excite', inputs: ['swish', 'gate'] },
    ...conv('project', 'excite', 6, { kernel: [1, 1], padding: [0, 0, 0, 0] }),
    { kind: 'maxpool', name: 'max', inputs: ['project.bn'], kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
    { kind: 'avgpool', name: 'mean', inputs: ['project.bn'], kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
    { kind: 'avgpool', name: 'padded', inputs: ['project.bn'], kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], countPadding: true },
    { kind: 'concat', name: 'joined', inputs: ['max', 'mean', 'padded'] },
    ...conv('last', 'joined', 4, { stride: [2, 2] }),
    { kind: 'relu', name: 'last.relu6', inputs: ['last.bn'], max: 1.5 },
    { kind: 'flatten', name: 'flat', inputs: ['last.relu6'] },
    { kind: 'linear', name: 'fc1', inputs: ['flat'], units: 5, bias: true },
    { kind: 'multiply', name: 'square', inputs: ['last.relu6', 'last.relu6'] },
    { kind: 'flatten', name: 'flat2', inputs: ['square'] },
    { kind: 'sigmoid', name: 'flat2.sigmoid', inputs: ['flat2'] },
    { kind: 'linear', name: 'fc2', inputs: ['flat2.sigmoid'], units: 5, bias: false },
    { kind: 'add', name: 'sum', inputs: ['fc1', 'fc2'] },
    { kind: 'relu', name: 'sum.relu', inputs: ['sum'] },
    { kind: 'linear', name: 'fc', inputs: ['sum.relu'], units: 3, bias: true },
  ],
};

export interface RandomViewOptions {
  seed?: number;
  weightBits?: number;
  activationBits?: number;
  form: Form;
  /** Some folded multipliers are negative. Default true. */
  negative?: boolean;
  /** Signed quantizers even where a tensor has no negative values. */
  signed?: boolean;
}

/** A view with generic (irrational-looking) steps, so that exact ties do not happen, and values of order 1 everywhere. */
export function randomView(graph: LayerGraph, options: RandomViewOptions): IntegerView {
  const { seed = 1, weightBits = 8, activationBits = 8, form, negative = true, signed = false } = options;
  const random = new RandomStream(seed, `test/view/${graph.name}`);
  const shapes = inferShapes(graph);
  const zeroPointIn = (qn: number, qp: number) => Math.round(qn + (qp - qn) * random.between(0.2, 0.6));

  const activations = quantizationPoints(graph).map(({ tensor }): IntegerActivation => {
    const isSigned = signed || canBeNegative(graph, tensor);
    const { low: qn, high: qp } = codeRange(activationBits, isSigned);
    const range = tensor === graph.layers[0].name ? 1 : 2.5;
    const step = Math.fround(((isSigned ? 2 : 1) * range * random.between(0.8, 1.1)) / (qp - qn));
    const zeroPoint = form.activationSymmetry === 'symmetric' ? 0 : zeroPointIn(qn, isSigned ? qp : qp / 4);
    return { tensor, bits: activationBits, signed: isSigned, step, zeroPoint, qn, qp };
  });

  const layers = quantizedLayers(graph).map((layer): IntegerLayer => {
    const shape = weightShape(layer, shapes.get(layer.inputs[0])!);
    const count = shape.reduce((a, b) => a * b, 1);
    const channels = shape[shape.length - 1];
    const gain = 1.7 / Math.sqrt(count / channels);
    const { low: qn, high: qp } = codeRange(weightBits, true);
    const codes = Int8Array.from({ length: count }, () => qn + random.integer(qp - qn + 1));
    const perTensor = form.granularity === 'tensor';
    const folded = layer.kind === 'conv';
    const stepOf = () => (random.between(0.7, 1.3) / 2 ** (weightBits - 1)) * (folded ? 1 : gain);
    const zeroPointOf = () => (form.weightSymmetry === 'symmetric' ? 0 : zeroPointIn(qn, qp));
    const [oneStep, oneZeroPoint] = [stepOf(), zeroPointOf()];
    const partial = {
      weightBits,
      weightStep: Float32Array.from({ length: channels }, () => (perTensor ? oneStep : stepOf())),
      weightZeroPoint: Int32Array.from({ length: channels }, () => (perTensor ? oneZeroPoint : zeroPointOf())),
      multiplier: Float32Array.from({ length: channels }, (_, c) =>
        folded ? random.between(0.5, 1.5) * gain * (negative && c % 3 === 1 ? -1 : 1) : 1,
      ),
      bias: Float32Array.from({ length: channels }, () => 0.3 * random.normal()),
    };
    const inputStep = activations.find(({ tensor }) => tensor === layer.inputs[0])!.step;
    return {
      name: layer.name,
      codes,
      qn,
      qp,
      granularity: form.granularity,
      input: layer.inputs[0],
      ...partial,
      biasInt: integerBias(partial, inputStep),
    };
  });

  const configuration = { layers: layers.map(({ name }) => ({ name, weightBits, activationBits, ...form })) };
  return { graph, configuration, layers, activations };
}

/** Random images in [0, 1], NHWC. */
export function randomImages(graph: LayerGraph, count: number, seed = 7): Float32Array {
  const random = new RandomStream(seed, 'test/images');
  const pixels = inferShapes(graph)
    .get(graph.layers[0].name)!
    .reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: count * pixels }, () => random.uniform());
}
