import type { ImportCheck } from '../../../shared/schema/network.ts';
import type { LayerGraph } from '../../../shared/domain/layer-graph.ts';
import { bundledTestImages, MNIST_SIDE } from '../../data/mnist.ts';
import { createExecutor } from '../../engine/index.ts';
import { paintedImage, randomImage } from '../../models/import/check-images.ts';
import { TableLayout } from '../../quant/table-layout.ts';
import { functionNames } from '../../supernet/program-scope.ts';
import { floatProgram } from '../../supernet/program.ts';
import type { Reporter } from '../reporter.ts';

/** Images of each kind that a network and its original are compared on. */
const IMAGES = 4;
/** Largest max |ours - original| / max |original|. */
export const MAX_DIFFERENCE = 1e-4;

/** The few real images, read once. */
let digits: Uint8Array | null = null;

/** What computes the outputs of one image, [height, width, channels] in [0, 1]. */
export interface Original {
  runtime: string;
  run(image: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

function softmax(logits: Float32Array, log: boolean): Float32Array {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = logits.reduce((total, value) => total + Math.exp(value - most), 0);
  return logits.map((value) => (log ? value - most - Math.log(sum) : Math.exp(value - most) / sum));
}

/** What the original computes of its logits at the end. */
export function ending(kind: 'none' | 'softmax' | 'log-softmax'): (logits: Float32Array) => Float32Array {
  return kind === 'none' ? (logits) => logits : (logits) => softmax(logits, kind === 'log-softmax');
}

const largest = (values: Float32Array) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);

/** The outputs of the float network on one image after the other, on the engine that needs nothing installed. */
async function ownOutputs(graph: LayerGraph, parameters: ReadonlyMap<string, Float32Array>) {
  const executor = await createExecutor(floatProgram(new TableLayout(graph), 1), { kind: 'portable' });
  await executor.write(new Map(parameters));
  return {
    run: async (images: Float32Array) => (await executor.run(functionNames.floatEvaluate, { images })).logits as Float32Array,
    dispose: () => executor.dispose(),
  };
}

/**
 * Runs a network and its original on random and on real images (handwritten digits, scaled and coloured).
 * @param last what the original does with its logits, and we leave out
 */
export async function compareWithOriginal(
  graph: LayerGraph,
  parameters: ReadonlyMap<string, Float32Array>,
  original: Original,
  last: (logits: Float32Array) => Float32Array,
  reporter: Reporter,
  breathe: () => Promise<void>,
): Promise<ImportCheck> {
  const size = graph.layers.find((layer) => layer.kind === 'input')!.shape;
  digits ??= bundledTestImages().images.slice(0, IMAGES * MNIST_SIDE * MNIST_SIDE);
  const pictures = digits;
  const pixels = MNIST_SIDE * MNIST_SIDE;
  const images = [
    ...Array.from({ length: IMAGES }, (_, i) => () => randomImage(size, i)),
    ...Array.from({ length: IMAGES }, (_, i) => () => paintedImage(pictures.subarray(i * pixels, (i + 1) * pixels), MNIST_SIDE, size, i)),
  ];
  const own = await ownOutputs(graph, parameters);
  let [difference, scale, same] = [0, 0, 0];
  try {
    for (const [index, make] of images.entries()) {
      await breathe();
      reporter.report({ phase: 'import', unit: 'image', done: index, total: images.length, note: 'compared with the original' });
      const image = make();
      const [ours, theirs] = [last(await own.run(image)), await original.run(image)];
      theirs.forEach((value, i) => {
        scale = Math.max(scale, Math.abs(value));
        // a NaN on either side must not pass
        const gap = Math.abs(value - ours[i]);
        difference = gap <= difference ? difference : gap;
      });
      if (largest(ours) === largest(theirs)) same++;
    }
    reporter.report({ phase: 'import', unit: 'image', done: images.length, total: images.length, note: 'compared with the original' });
  } finally {
    own.dispose();
    await original.close();
  }
  return {
    runtime: original.runtime,
    images: { random: IMAGES, real: IMAGES },
    maxRelativeDifference: difference / (scale || 1),
    agreement: same / images.length,
  };
}
