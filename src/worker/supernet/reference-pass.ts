/**
 * One training pass of a subnet in float64 and in the plainest possible way, forward and backward. Tests measure the
 * training program against it.
 */
import type { Layer } from '../../shared/domain/layer-graph.ts';
import { inferShapes, quantizedLayers, weightShape } from '../../shared/domain/layer-graph.ts';
import type { Configuration } from '../../shared/schema/configuration.ts';
import * as ops from '../engine/reference-ops.ts';
import { codeRange } from '../quant/code-range.ts';
import { activationChoices } from '../quant/encode-pass.ts';
import type { TableLayout } from '../quant/table-layout.ts';
import { TABLE_NAMES } from './program-scope.ts';

type Numbers = readonly number[];

interface Quantizer {
  /** table entry of each group; the group of element i is i modulo their number */
  entries: Numbers;
  asymmetric: boolean;
  low: number;
  high: number;
  /** gradient scale */
  scale: number;
}

export interface ReferencePass {
  loss: number;
  crossEntropy: number;
  divergence: number;
  logits: number[];
  /** of the loss, by the name of the variable; the tables among them */
  gradients: Map<string, number[]>;
}

export interface PassInput {
  images: ArrayLike<number>;
  /** one-hot, [batch, classes] */
  labels: Numbers;
  teacher: Numbers;
  lambda: number;
}

/**
 * @param state values of the variables
 * @returns what EQ-Net's equations 7 and 8 say for this subnet, with the straight-through gradients of eqnet-spec 1.4
 */
export function referencePass(
  layout: TableLayout,
  state: ReadonlyMap<string, ArrayLike<number>>,
  configuration: Configuration,
  { images, labels, teacher, lambda }: PassInput,
): ReferencePass {
  const { graph } = layout;
  const shapes = inferShapes(graph);
  const layers = quantizedLayers(graph);
  const batch = labels.length / graph.classes;
  const gradients = new Map<string, number[]>([
    [TABLE_NAMES.steps, Array<number>(layout.size).fill(0)],
    [TABLE_NAMES.offsets, Array<number>(layout.size).fill(0)],
  ]);
  const variable = (name: string) => Array.from(state.get(name)!);
  const sizeOf = (name: string) => shapes.get(name)!.reduce((a, n) => a * n, 1);

  const quantize = (x: Numbers, { entries, asymmetric, low, high, scale }: Quantizer) => {
    const group = (i: number) => entries[i % entries.length];
    const step = (i: number) => Math.exp(state.get(TABLE_NAMES.steps)![group(i)]);
    const offset = (i: number) => (asymmetric ? state.get(TABLE_NAMES.offsets)![group(i)] : 0);
    const ratio = x.map((value, i) => (value - offset(i)) / step(i));
    const code = ratio.map((v) => ops.rint(Math.min(Math.max(v, low), high)));
    const inside = ratio.map((v) => v >= low && v <= high);
    const backward = (dy: Numbers): number[] => {
      const [steps, offsets] = [gradients.get(TABLE_NAMES.steps)!, gradients.get(TABLE_NAMES.offsets)!];
      dy.forEach((d, i) => {
        steps[group(i)] += scale * d * step(i) * (inside[i] ? code[i] - ratio[i] : code[i]);
        if (asymmetric && !inside[i]) offsets[group(i)] += scale * d;
      });
      return dy.map((d, i) => (inside[i] ? d : 0));
    };
    return { y: code.map((q, i) => q * step(i) + offset(i)), backward };
  };

  const choices = activationChoices(layout, configuration);
  const pointOf = new Map(layout.points.map(({ tensor }, q) => [tensor, q]));
  const activationQuantizer = (q: number): Quantizer => {
    const { bits, symmetry } = choices[q];
    const { low, high } = codeRange(bits, layout.signed[q]);
    const scale = 1 / Math.sqrt(high * batch * sizeOf(layout.points[q].tensor));
    return { entries: [layout.activationEntry(q, symmetry, bits)], asymmetric: symmetry === 'asymmetric', low, high, scale };
  };
  const weightQuantizer = (index: number): Quantizer => {
    const { granularity, weightSymmetry, weightBits } = configuration.layers[index];
    const { low, high } = codeRange(weightBits, true);
    const { weights, outputChannels } = layout.facts[index];
    const groups = granularity === 'channel' ? outputChannels : 1;
    const entry = layout.weightEntry(index, granularity, weightSymmetry, weightBits);
    const entries = Array.from({ length: groups }, (_, c) => entry + c);
    return { entries, asymmetric: weightSymmetry === 'asymmetric', low, high, scale: 1 / Math.sqrt((high * weights) / groups) };
  };

  const values = new Map<string, Numbers>();
  const received = new Map<string, Numbers>();
  const give = (name: string, gradient: Numbers) => {
    const known = received.get(name);
    received.set(name, known ? gradient.map((d, i) => d + known[i]) : gradient);
  };
  const backwards: (() => void)[] = [];

  /** @returns the layer's output, and how its gradient reaches the inputs and variables */
  const compute = (layer: Layer): [y: Numbers, backward: (dy: Numbers) => void] => {
    const [input] = layer.inputs;
    const x = values.get(input);
    const shape = shapes.get(layer.name)!;
    const pointwise = (f: (v: number) => number, slope: (v: number) => number): [Numbers, (dy: Numbers) => void] => [
      x!.map(f),
      (dy) => give(input, dy.map((d, i) => d * slope(x![i]))), // prettier-ignore
    ];
    switch (layer.kind) {
      case 'input':
        return [Array.from(images), () => undefined];
      case 'normalize': {
        const channels = layer.mean.length;
        const y = x!.map((v, i) => (v - layer.mean[i % channels]) / layer.std[i % channels]);
        return [y, (dy) => give(input, dy.map((d, i) => d / layer.std[i % channels]))]; // prettier-ignore
      }
      case 'relu':
        return pointwise((v) => Math.min(Math.max(v, 0), layer.max ?? Infinity), (v) => (v > 0 && v < (layer.max ?? Infinity) ? 1 : 0)); // prettier-ignore
      case 'sigmoid':
        return pointwise(ops.sigmoid, (v) => ops.sigmoid(v) * (1 - ops.sigmoid(v)));
      case 'swish':
        return pointwise((v) => v * ops.sigmoid(v), (v) => ops.sigmoid(v) * (1 + v * (1 - ops.sigmoid(v)))); // prettier-ignore
      case 'flatten':
        return [[...x!], (dy) => give(input, dy)];
      case 'add':
        return [x!.map((v, i) => v + values.get(layer.inputs[1])![i]), (dy) => layer.inputs.forEach((name) => give(name, dy))];
      case 'multiply': {
        const [, other] = layer.inputs;
        const [gate, channels] = [values.get(other)!, shape.at(-1)!];
        const pixels = x!.length / gate.length;
        // The gate of an image holds one value for each channel, or as many as the image.
        const place = (i: number) => (pixels === 1 ? i : Math.floor(i / (pixels * channels)) * channels + (i % channels));
        const backward = (dy: Numbers) => {
          const dgate = gate.map(() => 0);
          dy.forEach((d, i) => (dgate[place(i)] += d * x![i]));
          give(input, dy.map((d, i) => d * gate[place(i)])); // prettier-ignore
          give(other, dgate);
        };
        return [x!.map((v, i) => v * gate[place(i)]), backward];
      }
      case 'concat': {
        const widths = layer.inputs.map((name) => shapes.get(name)!.at(-1)!);
        const starts = widths.map((_, k) => widths.slice(0, k).reduce((a, n) => a + n, 0));
        const total = shape.at(-1)!;
        const y = Array<number>(batch * sizeOf(layer.name)).fill(0);
        const place = (k: number, i: number) => Math.floor(i / widths[k]) * total + starts[k] + (i % widths[k]);
        layer.inputs.forEach((name, k) => values.get(name)!.forEach((v, i) => (y[place(k, i)] = v)));
        return [y, (dy) => layer.inputs.forEach((name, k) => give(name, values.get(name)!.map((_, i) => dy[place(k, i)])))]; // prettier-ignore
      }
      case 'maxpool':
      case 'avgpool': {
        const call = { x: [batch, ...shapes.get(input)!], y: [batch, ...shape], options: layer };
        if (layer.kind === 'maxpool') return [ops.maxPool(x!, call), (dy) => give(input, ops.maxPoolGrad(x!, dy, call))];
        const countPadding = layer.countPadding ?? false;
        return [ops.avgPool(x!, call, countPadding), (dy) => give(input, ops.avgPoolGrad(dy, call, countPadding))];
      }
      case 'globalpool': {
        const [height, width, channels] = shapes.get(input)!;
        const pixels = height * width;
        const target = (i: number) => Math.floor(i / (pixels * channels)) * channels + (i % channels);
        const y = Array<number>(batch * channels).fill(0);
        x!.forEach((v, i) => (y[target(i)] += v / pixels));
        return [y, (dy) => give(input, x!.map((_, i) => dy[target(i)] / pixels))]; // prettier-ignore
      }
      case 'batchnorm': {
        const [gamma, beta] = [variable(`${layer.name}/gamma`), variable(`${layer.name}/beta`)];
        const backward = (dy: Numbers) => {
          const { dx, dgamma, dbeta } = ops.batchNormGrad(dy, x!, gamma, layer.epsilon);
          gradients.set(`${layer.name}/gamma`, dgamma).set(`${layer.name}/beta`, dbeta);
          give(input, dx);
        };
        return [ops.batchNorm(x!, gamma, beta, layer.epsilon).y, backward];
      }
      case 'conv':
      case 'linear': {
        const index = layers.indexOf(layer);
        const filter = weightShape(layer, shapes.get(input)!);
        const weights = quantize(variable(`${layer.name}/weights`), weightQuantizer(index));
        const bias = layer.bias ? variable(`${layer.name}/bias`) : Array<number>(shape.at(-1)!).fill(0);
        const biased = (y: Numbers) => y.map((v, i) => v + bias[i % bias.length]);
        const finish = (dy: Numbers, dx: Numbers, dw: Numbers) => {
          if (layer.bias) gradients.set(`${layer.name}/bias`, bias.map((_, c) => dy.reduce((sum, d, i) => (i % bias.length === c ? sum + d : sum), 0))); // prettier-ignore
          gradients.set(`${layer.name}/weights`, weights.backward(dw));
          give(input, dx);
        };
        if (layer.kind === 'linear') {
          const [rows, columns] = filter;
          const y = ops.matMul(x!, weights.y, [batch, rows, columns], false, false);
          const dx = (dy: Numbers) => ops.matMul(dy, weights.y, [batch, columns, rows], false, true);
          const dw = (dy: Numbers) => ops.matMul(x!, dy, [rows, batch, columns], true, false);
          return [biased(y), (dy) => finish(dy, dx(dy), dw(dy))];
        }
        const call = { x: [batch, ...shapes.get(input)!], filter, y: [batch, ...shape], options: layer };
        const { groups } = layer;
        const y = biased(ops.groupedConv2d(x!, weights.y, call, groups));
        const dx = (dy: Numbers) => ops.groupedConv2dBackpropInput(weights.y, dy, call, groups);
        return [y, (dy) => finish(dy, dx(dy), ops.groupedConv2dBackpropFilter(x!, dy, call, groups))];
      }
    }
  };

  for (const layer of graph.layers) {
    const [y, backward] = compute(layer);
    const q = pointOf.get(layer.name);
    const quantized = q === undefined ? null : quantize(y, activationQuantizer(q));
    values.set(layer.name, quantized?.y ?? y);
    backwards.push(() => {
      const dy = received.get(layer.name)!;
      backward(quantized?.backward(dy) ?? dy);
    });
  }

  const logits = [...values.get(graph.layers.at(-1)!.name)!];
  const student = ops.logSoftmax(logits, graph.classes);
  const guide = ops.logSoftmax(teacher, graph.classes);
  const crossEntropy = -labels.reduce((sum, label, i) => sum + label * student[i], 0) / batch;
  const divergence = guide.reduce((sum, log, i) => sum + Math.exp(log) * (log - student[i]), 0) / batch;
  give(
    graph.layers.at(-1)!.name,
    student.map((log, i) => (Math.exp(log) - lambda * Math.exp(guide[i]) - (1 - lambda) * labels[i]) / batch),
  );
  for (const backward of backwards.reverse()) backward();
  return { loss: lambda * divergence + (1 - lambda) * crossEntropy, crossEntropy, divergence, logits, gradients };
}
