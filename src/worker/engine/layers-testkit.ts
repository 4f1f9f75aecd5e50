/** TensorFlow.js layers models made in code, for the tests of their import. */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { startPortableBackend } from './portable/memory.ts';

/** What the library saves of a model. */
export interface SavedModel {
  modelTopology: object;
  weightSpecs: tf.io.WeightsManifestEntry[];
  weightData: Uint8Array;
}

/** Tensors that the portable engine and the layers library hold. */
export const liveTensors = (): number => tf.memory().numTensors;

async function saved(model: layers.LayersModel): Promise<SavedModel> {
  settle(model);
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (given) => {
      artifacts = given;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  model.dispose();
  const { modelTopology, weightSpecs, weightData } = artifacts!;
  return { modelTopology: modelTopology as object, weightSpecs: weightSpecs!, weightData: new Uint8Array(weightData as ArrayBuffer) };
}

/** Statistics and biases of real use, in place of zeros and ones. */
function settle(model: layers.LayersModel): layers.LayersModel {
  for (const layer of model.layers) {
    const own = layer.getWeights();
    if (own.length > 1) layer.setWeights(own.map((tensor, i) => (i ? tf.randomUniform(tensor.shape, 0.2, 1, 'float32', i) : tensor)));
  }
  return model;
}

/** One layer after the other: padding, stride, depthwise, ReLU6, softmax; 9x8x3 images, 4 classes. */
export async function sequentialModel(): Promise<SavedModel> {
  await startPortableBackend();
  return saved(
    layers.sequential({
      layers: [
        layers.layers.conv2d({ inputShape: [9, 8, 3], filters: 6, kernelSize: 3, strides: 2, padding: 'same', useBias: false }),
        layers.layers.batchNormalization({ epsilon: 1e-3 }),
        layers.layers.activation({ activation: 'relu' }),
        layers.layers.zeroPadding2d({ padding: [[1, 0], [0, 1]] }), // prettier-ignore
        layers.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }),
        layers.layers.reLU({ maxValue: 6 }),
        layers.layers.maxPooling2d({ poolSize: 2, strides: 1, padding: 'same' }),
        layers.layers.dropout({ rate: 0.5 }),
        layers.layers.flatten(),
        layers.layers.dense({ units: 8, activation: 'sigmoid' }),
        layers.layers.dense({ units: 4, activation: 'softmax' }),
      ],
    }),
  );
}

/** Two branches, added and joined; 8x8x1 images, 5 classes. */
export async function functionalModel(): Promise<SavedModel> {
  await startPortableBackend();
  const input = layers.input({ shape: [8, 8, 1] });
  const conv = (filters: number, x: layers.SymbolicTensor) =>
    layers.layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu' }).apply(x) as layers.SymbolicTensor;
  const [a, b] = [conv(4, input), conv(4, input)];
  const added = layers.layers.add().apply([a, b]) as layers.SymbolicTensor;
  const joined = layers.layers.concatenate().apply([added, a]) as layers.SymbolicTensor;
  const small = layers.layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }).apply(joined) as layers.SymbolicTensor;
  const pooled = layers.layers.globalAveragePooling2d({}).apply(small) as layers.SymbolicTensor;
  const output = layers.layers.dense({ units: 5, name: 'logits' }).apply(pooled) as layers.SymbolicTensor;
  return saved(layers.model({ inputs: input, outputs: output }));
}
