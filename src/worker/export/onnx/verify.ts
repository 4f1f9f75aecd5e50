/** The proof of an exported file: the whole test set in ONNX Runtime, against labels and against the workbench. */
import { WorkbenchError } from '../../../shared/contract/errors.ts';
import { top1 } from '../../../shared/domain/top1.ts';
import { compareLogits, gapHistogram } from '../compare-logits.ts';
import type { ExportProof, ProofData, ProofOptions } from '../format.ts';
import { INPUT_NAME, OUTPUT_NAME } from './model.ts';
import { loadRuntime, openModel } from './runtime.ts';

/** NHWC -> NCHW of `count` images into `target`. */
function channelsFirst(source: Float32Array, count: number, [height, width, channels]: ProofData['shape'], target: Float32Array): void {
  const plane = height * width;
  for (let image = 0; image < count; image++) {
    const base = image * plane * channels;
    for (let p = 0; p < plane; p++) for (let c = 0; c < channels; c++) target[base + c * plane + p] = source[base + p * channels + c];
  }
}

/**
 * Runs `file` over all images of `data` in ONNX Runtime's CPU provider.
 * @returns accuracy, gaps to the workbench's logits (when given), integer convolutions, file size and speed
 * @throws WorkbenchError when the runtime does not load, the file is damaged or does not fit the images, or on abort
 */
export async function verifyOnnx(file: string, data: ProofData, options: ProofOptions = {}): Promise<ExportProof> {
  const { batch = 100, threads, onProgress, signal } = options;
  if (data.count < 1) throw new WorkbenchError('data-invalid', `'${file}' cannot be proven on 0 images: give at least one test image.`);
  const runtime = await loadRuntime();
  const { session, ...facts } = await openModel(runtime, file, threads);
  const pixels = data.shape[0] * data.shape[1] * data.shape[2];
  const [height, width, channels] = data.shape;
  const buffer = new Float32Array(Math.min(batch, data.count) * pixels);

  const run = async (count: number): Promise<Float32Array> => {
    const input = new runtime.Tensor('float32', buffer.subarray(0, count * pixels), [count, channels, height, width]);
    try {
      return (await session.run({ [INPUT_NAME]: input }))[OUTPUT_NAME].data as Float32Array;
    } catch (error) {
      throw new WorkbenchError(
        'data-invalid',
        `'${file}' does not run on images of ${height}x${width}x${channels} (${error instanceof Error ? error.message.split('\n')[0] : error}): prove it with the data set that its network was made for.`,
        { file, shape: data.shape },
        error,
      );
    }
  };

  try {
    channelsFirst(data.images(0, 1), 1, data.shape, buffer);
    // The first call allocates; it must not count as time per image.
    const classes = (await run(1)).length;
    const logits = new Float32Array(data.count * classes);
    let milliseconds = 0;
    for (let start = 0; start < data.count; start += batch) {
      if (signal?.aborted)
        throw new WorkbenchError('stopped', `The proof of '${file}' was stopped after ${start} of ${data.count} images.`);
      const end = Math.min(start + batch, data.count);
      channelsFirst(data.images(start, end), end - start, data.shape, buffer);
      const before = performance.now();
      logits.set(await run(end - start), start * classes);
      milliseconds += performance.now() - before;
      onProgress?.(end, data.count);
    }
    if (data.logits && data.logits.length !== logits.length) {
      throw new WorkbenchError(
        'data-invalid',
        `'${file}' gives ${logits.length} logits for ${data.count} images, the workbench ${data.logits.length}: compare the same images and the same network.`,
      );
    }
    return {
      runtime: 'onnxruntime-node',
      runtimeVersion: runtime.env.versions.node ?? runtime.env.versions.common,
      images: data.count,
      accuracy: top1(logits, data.labels, classes),
      comparison: data.logits && compareLogits(logits, data.logits, data.labels, data.count, classes),
      gaps: data.logits && gapHistogram(logits, data.logits, data.count, classes),
      ...facts,
      millisecondsPerImage: milliseconds / data.count,
    };
  } finally {
    await session.release();
  }
}
