import { MAX_BITS } from '../src/shared/domain/form.ts';
import { RandomStream } from '../src/shared/domain/random.ts';
import { GraphBuilder } from '../src/worker/engine/builder.ts';
import { gradientsOf } from '../src/worker/engine/gradients.ts';
import { createExecutor } from '../src/worker/engine/index.ts';
import { quantizeActivation, quantizeWeights } from '../src/worker/ops/fake-quant.ts';
import { codeRange } from '../src/worker/quant/code-range.ts';
import { BlobWriter } from './blob.ts';

/** A quantizer whose value and gradients both sides compute from the same numbers. */
interface QuantizerCase {
  name: string;
  kind: 'activation' | 'weights';
  bits: number;
  signed: boolean;
  asymmetric: boolean;
}

const CASES: readonly QuantizerCase[] = [
  { name: 'activation-unsigned-symmetric-2-bit', kind: 'activation', bits: 2, signed: false, asymmetric: false },
  { name: 'activation-unsigned-asymmetric-4-bit', kind: 'activation', bits: 4, signed: false, asymmetric: true },
  { name: 'activation-signed-symmetric-8-bit', kind: 'activation', bits: MAX_BITS, signed: true, asymmetric: false },
  { name: 'activation-signed-asymmetric-3-bit', kind: 'activation', bits: 3, signed: true, asymmetric: true },
  { name: 'weights-symmetric-2-bit', kind: 'weights', bits: 2, signed: true, asymmetric: false },
  { name: 'weights-asymmetric-4-bit', kind: 'weights', bits: 4, signed: true, asymmetric: true },
];

const SHAPES = { activation: [8, 12, 12, 16], weights: [3, 3, 16, 32] } as const;
const SCALE = 0.01;

/** Writes `quantizers.{json,bin}`: inputs of every case and what our quantizers make of them, engine and op order included. */
export async function writeQuantizerCases(directory: string, engine: { addonPath: string; opsPath?: string }): Promise<void> {
  const b = new GraphBuilder();
  const blob = new BlobWriter();
  const feeds: Record<string, Record<string, Float32Array | Int32Array>> = {};
  for (const { name, kind, bits, signed, asymmetric } of CASES) {
    const shape = SHAPES[kind];
    const { low, high } = codeRange(bits, signed);
    const random = new RandomStream(3, `bench/${name}`);
    const channels = kind === 'weights' ? [shape[3]] : [];
    const entries = channels[0] ?? 1;
    const values = (length: number, draw: () => number) => Float32Array.from({ length }, draw);
    const elements = shape.reduce((a, size) => a * size, 1);
    // About one value in ten lies outside the range, so that every term of the gradients counts.
    const step = () => (signed ? 3.3 : 1.7) / (high - low);
    const inputs = {
      x: values(elements, () => (signed ? random.normal() : Math.abs(random.normal()))),
      dy: values(elements, () => random.normal() + 0.5),
      logStep: values(entries, () => Math.log(step() * random.between(0.9, 1.1))),
      offset: values(entries, () => (asymmetric ? random.between(0.02, 0.1) : 0)),
    };
    b.function(name, () => {
      const x = b.feed('x', shape);
      const dy = b.feed('dy', shape);
      const logStep = b.feed('logStep', channels);
      const offset = b.feed('offset', channels);
      const size = b.exp(logStep);
      const [low32, high32, scale] = [low, high, SCALE].map((value) => b.scalar(value));
      const y =
        kind === 'weights'
          ? quantizeWeights(b, x, { logStep, step: size, offset, low: low32, high: high32, scale })
          : quantizeActivation(b, x, { logStep, step: size, offset, low: low32, high: high32, scale });
      const [dx, dLogStep, dOffset] = gradientsOf(b, b.sum(b.mul(y, dy)), [x, logStep, offset]);
      return { y, dx: dx!, dLogStep: dLogStep!, dOffset: dOffset! };
    });
    feeds[name] = inputs;
    blob.add(`${name}/x`, inputs.x, shape);
    blob.add(`${name}/dy`, inputs.dy, shape);
    blob.add(`${name}/logStep`, inputs.logStep, channels);
    blob.add(`${name}/offset`, inputs.offset, channels);
  }
  const executor = await createExecutor(b.build(), { kind: 'session', ...engine });
  for (const { name, kind } of CASES) {
    for (const [key, data] of Object.entries(await executor.run(name, feeds[name]))) {
      const shape = key === 'y' || key === 'dx' ? SHAPES[kind] : kind === 'weights' ? [SHAPES.weights[3]] : [];
      blob.add(`${name}/${key}`, data, shape);
    }
  }
  executor.dispose();
  const cases = CASES.map((one) => ({ ...one, ...codeRange(one.bits, one.signed), scale: SCALE }));
  blob.write(directory, 'quantizers', { cases });
}
