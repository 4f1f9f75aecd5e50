import { type } from '@orpc/contract';
import { z } from 'zod';
import { modelNameSchema } from '../../schema/network.ts';
import type { LayerListView, ModelSummary, ModelView } from '../look.ts';
import { base, pathSchema, projectRef } from './common.ts';

const channels = z.array(z.number()).min(1).max(64);
const modelRef = projectRef.extend({ name: modelNameSchema });

/** Networks of a project that came from elsewhere, and layer lists that people write. */
export const models = {
  list: base.input(projectRef).output(type<ModelSummary[]>()),
  show: base.input(modelRef).output(type<ModelView>()),
  /**
   * Queues the import of an .onnx file or a TensorFlow.js model.json; the job's result is `{ name }`. Without a name it is
   * that of the file; `normalization` is what the network expects to be done to an image in [0, 1].
   */
  import: base
    .input(
      projectRef.extend({
        file: pathSchema,
        name: modelNameSchema.optional(),
        normalization: z.strictObject({ mean: channels, std: channels }).nullable(),
      }),
    )
    .output(type<{ job: string }>()),
  /** queues the export of a model as float ONNX */
  export: base.input(modelRef.extend({ file: pathSchema })).output(type<{ job: string }>()),
  /** a layer list (JSON text, as of model.layers of a recipe) as a network, or the entry that does not fit */
  checkLayers: base
    .input(
      z.strictObject({
        text: z.string().max(2 ** 20),
        image: z.tuple([z.number().int().min(1), z.number().int().min(1), z.number().int().min(1)]),
        classes: z.number().int().min(1),
      }),
    )
    .output(type<LayerListView>()),
};
