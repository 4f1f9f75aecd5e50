/** From the folded integers of a layer to the tensors that an ONNX file stores. */
import { biasFractionBits, foldChannel } from '../../quant/integer-view.ts';
import type { IntegerLayer } from '../../quant/integer-view.ts';

export type WeightContainer = 'int8' | 'uint8';

/** Weights with the output channel first (OIHW or [out, in]) and what DequantizeLinear needs to read them. */
export interface StoredWeights {
  container: WeightContainer;
  dims: number[];
  data: Int8Array | Uint8Array;
  /** Stored codes are weight codes times this power of two, so that the int32 bias has fraction bits; 1 from 7 bits on. */
  factor: number;
  /** Per output channel: weightStep * |multiplier| / factor. */
  scale: Float32Array;
  zeroPoint: Int8Array | Uint8Array;
  /** Output channels whose codes were negated because the folded multiplier is negative. */
  negated: number[];
  /** Output channels that are only their bias, see `foldChannel`. */
  dead: number[];
}

/**
 * Weights of a linear layer behind a flattened image, their rows from the order height, width, channel to channel, height,
 * width. @param codes [height x width x channels, out]
 */
export function channelsFirstRows<T extends Int8Array | Int16Array>(codes: T, [height, width, channels]: readonly number[]): T {
  const pixels = height * width;
  const out = codes.length / (pixels * channels);
  const moved = codes.slice();
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      const from = (pixel * channels + channel) * out;
      moved.set(codes.subarray(from, from + out), (channel * pixels + pixel) * out);
    }
  }
  return moved as T;
}

/** Moves the output channel of HWIO or [in, out] to the front: OIHW or [out, in]. */
function outputFirst(values: Int16Array, shape: readonly number[]): { dims: number[]; values: Int16Array } {
  const out = shape[shape.length - 1];
  const inputs = shape[shape.length - 2];
  const spatial = shape.slice(0, -2);
  const positions = spatial.reduce((a, b) => a * b, 1);
  const moved = new Int16Array(values.length);
  for (let p = 0; p < positions; p++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < out; o++) moved[(o * inputs + i) * positions + p] = values[(p * inputs + i) * out + o];
    }
  }
  return { dims: [out, inputs, ...spatial], values: moved };
}

/**
 * Zero points in uint8: 128 plus the zero point of the channel where its codes allow it. Where all channels have the same
 * one and a negated channel does not fit, all move by as little as it needs (below 8 bits that is always possible),
 * because runtimes before ONNX Runtime 1.27 refuse differing zero points.
 * @param zeroPoints of the signed codes, times the factor
 * @param sign       1, -1 for a negated channel, 0 for a dead one
 * @param lowest     smallest stored code minus its zero point, <= 0; `highest` likewise, >= 0
 */
function unsignedZeroPoints(zeroPoints: Int32Array, sign: Int8Array, lowest: Int16Array, highest: Int16Array): Int32Array {
  const live = zeroPoints.filter((_, c) => sign[c] !== 0);
  const floor = -Math.min(...lowest);
  const ceiling = 255 - Math.max(...highest);
  if (floor <= ceiling && live.every((value) => value === live[0])) {
    const common = Math.min(Math.max(128 + live[0], floor), ceiling);
    return zeroPoints.map(() => common);
  }
  return zeroPoints.map((value, c) => {
    const plain = 128 + value;
    return plain + highest[c] <= 255 && plain + lowest[c] >= 0 ? plain : 127 - value;
  });
}

/**
 * Chooses container, codes and zero points of a layer's weights.
 *
 * Codes are stored times a power of two (`biasFractionBits`), which changes no product and gives the bias a finer unit.
 * Symmetric weights lie in int8 with zero point 0, the form that every runtime runs fastest; below 8 bits they stay in
 * -64..64, negated or not. Weights with a zero point, or with a negated -128 that int8 cannot hold, lie in uint8 around
 * 128, see `unsignedZeroPoints`.
 * @param shape     HWIO or [in, out]
 * @param inputStep step of the activation quantizer that the layer reads
 */
export function storeWeights(layer: IntegerLayer, shape: readonly number[], inputStep: number): StoredWeights {
  const channels = layer.bias.length;
  const scale = new Float32Array(channels);
  const sign = new Int8Array(channels).fill(1);
  const negated: number[] = [];
  const dead: number[] = [];
  const factor = 2 ** biasFractionBits(layer.weightBits);
  for (let c = 0; c < channels; c++) {
    const folded = foldChannel(layer.weightStep[c], layer.weightBits, layer.multiplier[c], layer.bias[c], inputStep);
    scale[c] = folded.scale / factor;
    if (folded.dead) {
      sign[c] = 0;
      dead.push(c);
    } else if (layer.multiplier[c] < 0) {
      sign[c] = -1;
      negated.push(c);
    }
  }

  const centred = Int16Array.from(
    layer.codes,
    (code, index) => factor * sign[index % channels] * (code - layer.weightZeroPoint[index % channels]),
  );
  const lowest = new Int16Array(channels);
  const highest = new Int16Array(channels);
  centred.forEach((value, index) => {
    const c = index % channels;
    lowest[c] = Math.min(lowest[c], value);
    highest[c] = Math.max(highest[c], value);
  });

  const symmetric = layer.weightZeroPoint.every((zeroPoint, c) => zeroPoint === 0 || sign[c] === 0);
  const container: WeightContainer = symmetric && highest.every((value, c) => value <= 127 && lowest[c] >= -128) ? 'int8' : 'uint8';
  const Container = container === 'int8' ? Int8Array : Uint8Array;
  const zeroPoint = new Container(channels);
  if (container === 'uint8') {
    zeroPoint.set(
      unsignedZeroPoints(
        layer.weightZeroPoint.map((value) => factor * value),
        sign,
        lowest,
        highest,
      ),
    );
  }
  const { dims, values } = outputFirst(
    centred.map((value, index) => value + zeroPoint[index % channels]),
    shape,
  );
  return { container, dims, data: Container.from(values), factor, scale, zeroPoint, negated, dead };
}
