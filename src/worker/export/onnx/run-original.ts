/** An ONNX file of another program in ONNX Runtime, which says what an imported network has to compute. */
import { WorkbenchError } from '../../../shared/contract/errors.ts';
import { loadRuntime } from './runtime.ts';

export interface OriginalOptions {
  input: string;
  output: string;
  /** sizes of one image as the file orders them, without the batch */
  sizes: readonly number[];
  /** images of one call; null = any number */
  batch: number | null;
}

/**
 * Opens a file for single images.
 * @returns the runtime's name, and a function from one image in the file's own order to its outputs
 * @throws WorkbenchError `model-invalid` when the runtime refuses the file
 */
export async function openOriginal(
  file: string,
  { input, output, sizes, batch }: OriginalOptions,
): Promise<{ runtime: string; run: (image: Float32Array) => Promise<Float32Array>; close: () => Promise<void> }> {
  const runtime = await loadRuntime();
  const size = sizes.reduce((a, b) => a * b, 1);
  const count = batch ?? 1;
  const session = await runtime.InferenceSession.create(file, { executionProviders: ['cpu'], logSeverityLevel: 3 }).catch(
    (error: unknown) => {
      const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
      throw new WorkbenchError(
        'model-invalid',
        `ONNX Runtime, which checks every import, cannot open ${file} (${reason}): export the model again.`,
        {},
        error,
      );
    },
  );
  return {
    runtime: `ONNX Runtime ${runtime.env.versions.node ?? runtime.env.versions.common}`,
    run: async (image) => {
      const data = new Float32Array(count * size);
      data.set(image);
      const results = await session.run({ [input]: new runtime.Tensor('float32', data, [count, ...sizes]) });
      const values = results[output].data as Float32Array;
      return values.slice(0, values.length / count);
    },
    close: () => session.release(),
  };
}
