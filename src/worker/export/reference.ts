/**
 * What an integer view computes, in float64 and in the plainest possible way. Exporters and executors are measured
 * against it; it is far too slow for anything else.
 */
import { inferShapes } from '../../shared/domain/layer-graph.ts';
import type { ConvLayer, Layer, WindowPoolLayer } from '../../shared/domain/layer-graph.ts';
import { activationsByTensor, foldChannel, roundHalfEven } from '../quant/integer-view.ts';
import type { IntegerActivation, IntegerLayer, IntegerView } from '../quant/integer-view.ts';
import { checkView } from './check-view.ts';

interface FloatLayer {
  weights: Float64Array;
  bias: Float64Array;
}

function quantizeDequantize(x: Float64Array, { step, zeroPoint, qn, qp }: IntegerActivation): Float64Array {
  const float32Step = Math.fround(step);
  return x.map((value) => float32Step * (Math.min(Math.max(roundHalfEven(value / float32Step) + zeroPoint, qn), qp) - zeroPoint));
}

/** w~ = weightStep * (codes - zero point) * multiplier and bias = biasInt * unit, with the output channel innermost. */
function dequantizeLayer(layer: IntegerLayer, inputStep: number): FloatLayer {
  const channels = layer.bias.length;
  const folded = Array.from(layer.bias, (bias, c) =>
    foldChannel(layer.weightStep[c], layer.weightBits, layer.multiplier[c], bias, inputStep),
  );
  const weights = Float64Array.from(layer.codes, (code, index) => {
    const c = index % channels;
    return folded[c].dead ? 0 : layer.weightStep[c] * (code - layer.weightZeroPoint[c]) * layer.multiplier[c];
  });
  return { weights, bias: Float64Array.from(layer.biasInt, (bias, c) => bias * folded[c].unit) };
}

function convolve(
  x: Float64Array,
  layer: ConvLayer,
  { weights, bias }: FloatLayer,
  inShape: readonly number[],
  outShape: readonly number[],
): Float64Array {
  const [height, width, inChannels] = inShape;
  const [outHeight, outWidth, outChannels] = outShape;
  const [kernelHeight, kernelWidth] = layer.kernel;
  const [top, , left] = layer.padding;
  const groupIn = inChannels / layer.groups;
  const groupOut = outChannels / layer.groups;
  const y = new Float64Array(outHeight * outWidth * outChannels);
  for (let oy = 0; oy < outHeight; oy++) {
    for (let ox = 0; ox < outWidth; ox++) {
      for (let o = 0; o < outChannels; o++) {
        const firstIn = Math.floor(o / groupOut) * groupIn;
        let sum = bias[o];
        for (let ky = 0; ky < kernelHeight; ky++) {
          const iy = oy * layer.stride[0] + ky - top;
          if (iy < 0 || iy >= height) continue;
          for (let kx = 0; kx < kernelWidth; kx++) {
            const ix = ox * layer.stride[1] + kx - left;
            if (ix < 0 || ix >= width) continue;
            const at = (iy * width + ix) * inChannels + firstIn;
            const weightAt = (ky * kernelWidth + kx) * groupIn * outChannels + o;
            for (let i = 0; i < groupIn; i++) sum += x[at + i] * weights[weightAt + i * outChannels];
          }
        }
        y[(oy * outWidth + ox) * outChannels + o] = sum;
      }
    }
  }
  return y;
}

/** Maximum or mean of every window, channel by channel. */
function poolWindows(
  x: Float64Array,
  { kind, kernel, stride, padding, countPadding }: WindowPoolLayer,
  [height, width, channels]: readonly number[],
  [rows, columns]: readonly number[],
): Float64Array {
  const y = new Float64Array(rows * columns * channels);
  for (let at = 0; at < y.length; at++) {
    const channel = at % channels;
    const [top, left] = [Math.floor(at / channels / columns) * stride[0] - padding[0], (Math.floor(at / channels) % columns) * stride[1] - padding[2]]; // prettier-ignore
    const seen: number[] = [];
    for (let iy = Math.max(top, 0); iy < Math.min(top + kernel[0], height); iy++)
      for (let ix = Math.max(left, 0); ix < Math.min(left + kernel[1], width); ix++) seen.push(x[(iy * width + ix) * channels + channel]);
    const count = countPadding ? kernel[0] * kernel[1] : seen.length;
    y[at] = kind === 'maxpool' ? Math.max(...seen) : seen.reduce((sum, value) => sum + value, 0) / count;
  }
  return y;
}

/** Images side by side in their channels. */
function concatenate(inputs: readonly Float64Array[], pixels: number): Float64Array {
  return Float64Array.from(
    Array.from({ length: pixels }, (_, pixel) =>
      inputs.flatMap((x) => Array.from(x.subarray((pixel * x.length) / pixels, ((pixel + 1) * x.length) / pixels))),
    ).flat(),
  );
}

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

function poolGlobally(x: Float64Array, [height, width, channels]: readonly number[]): Float64Array {
  const y = new Float64Array(channels);
  for (let index = 0; index < x.length; index++) y[index % channels] += x[index] / (height * width);
  return y;
}

function multiply(x: Float64Array, { weights, bias }: FloatLayer): Float64Array {
  return bias.map((sum, o) => {
    for (let i = 0; i < x.length; i++) sum += x[i] * weights[i * bias.length + o];
    return sum;
  });
}

/**
 * Prepares the float64 evaluation of a view: equation 1 of EQ-Net with integer zero points, batch normalization folded,
 * integer biases, one quantizer per tensor.
 * @returns function from one image (HWC, values in [0, 1]) to its logits
 * @throws WorkbenchError when the view is incomplete
 */
export function referenceEvaluator(view: IntegerView): (image: ArrayLike<number>) => Float64Array {
  checkView(view);
  const shapes = inferShapes(view.graph);
  const activations = activationsByTensor(view);
  const floats = new Map(view.layers.map((layer) => [layer.name, dequantizeLayer(layer, Math.fround(activations.get(layer.input)!.step))]));

  const compute = (layer: Layer, inputs: Float64Array[], image: ArrayLike<number>): Float64Array => {
    const shapeIn = shapes.get(layer.inputs[0])!;
    switch (layer.kind) {
      case 'input':
        return Float64Array.from(image);
      case 'normalize': {
        const { mean, std } = layer;
        return inputs[0].map((value, index) => (value - Math.fround(mean[index % mean.length])) / Math.fround(std[index % std.length]));
      }
      case 'conv':
        return convolve(inputs[0], layer, floats.get(layer.name)!, shapeIn, shapes.get(layer.name)!);
      case 'batchnorm':
        return inputs[0];
      case 'relu':
        return inputs[0].map((value) => Math.min(Math.max(value, 0), layer.max ?? Infinity));
      case 'swish':
        return inputs[0].map((value) => value * sigmoid(value));
      case 'sigmoid':
        return inputs[0].map(sigmoid);
      case 'flatten':
        return inputs[0];
      case 'multiply':
        // A gate has one value for each channel, which is the innermost axis.
        return inputs[0].map((value, index) => value * inputs[1][index % inputs[1].length]);
      case 'concat':
        return concatenate(inputs, shapeIn[0] * shapeIn[1]);
      case 'maxpool':
      case 'avgpool':
        return poolWindows(inputs[0], layer, shapeIn, shapes.get(layer.name)!);
      case 'add':
        return inputs[0].map((value, index) => value + inputs[1][index]);
      case 'globalpool':
        return poolGlobally(inputs[0], shapeIn);
      case 'linear':
        return multiply(inputs[0], floats.get(layer.name)!);
    }
  };

  return (image) => {
    const tensors = new Map<string, Float64Array>();
    for (const layer of view.graph.layers) {
      const inputs = layer.inputs.map((name) => tensors.get(name)!);
      const value = compute(layer, inputs, image);
      const activation = activations.get(layer.name);
      tensors.set(layer.name, activation ? quantizeDequantize(value, activation) : value);
    }
    return tensors.get(view.graph.layers.at(-1)!.name)!;
  };
}
