/** A TensorFlow.js layers model as its own library runs it, which says what an imported network has to compute. */
import * as tf from '@tensorflow/tfjs-core';
import { startPortableBackend } from './portable/memory.ts';

/**
 * @param topology modelTopology of a model.json
 * @param specs its weights, with their compression
 * @param data the bytes of all weight files
 * @returns a function from one image [height, width, channels] to its outputs
 * @throws what the library throws
 */
export async function openLayersModel(
  topology: object,
  specs: readonly { name: string; shape: number[]; dtype: string }[],
  data: Uint8Array,
): Promise<{ runtime: string; run: (image: Float32Array, size: readonly number[]) => Promise<Float32Array>; close: () => Promise<void> }> {
  await startPortableBackend();
  // loaded on demand: most workers never see such a model
  const { loadLayersModel } = await import('@tensorflow/tfjs-layers');
  const weightData = new Uint8Array(data).buffer;
  const model = await loadLayersModel({
    load: async () => ({ modelTopology: topology, weightSpecs: specs as unknown as tf.io.WeightsManifestEntry[], weightData }),
  });
  return {
    runtime: `TensorFlow.js ${tf.version_core}`,
    run: async (image, size) => {
      const result = tf.tidy(() => model.predict(tf.tensor(image, [1, ...size])) as tf.Tensor);
      const values = (await result.data()) as Float32Array;
      result.dispose();
      return Float32Array.from(values);
    },
    close: async () => void model.dispose(),
  };
}
