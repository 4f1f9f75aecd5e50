import type { SensitivityView } from '../../../shared/contract/look.ts';
import { WorkbenchError } from '../../../shared/contract/errors.ts';
import { ALL_BITS, FORMS, MAX_BITS, SYMMETRIES } from '../../../shared/domain/form.ts';
import type { TableLayout } from '../../quant/table-layout.ts';
import { imagesAsFloat } from '../../data/batch.ts';
import { imageSize } from '../../data/dataset.ts';
import { subsample } from '../../quant/calibrate.ts';
import { fixedFeeds } from '../../quant/fold.ts';
import { snapQuantizers } from '../../quant/tables.ts';
import { functionNames } from '../../supernet/program-scope.ts';
import type { RunContext } from '../context.ts';
import { newestState, quantizerTables } from './checkpoint-state.ts';
import { quantizationSnr, sameForAll } from './quantize.ts';
import { weightSensitivity } from './sensitivity.ts';

type ActivationSnr = NonNullable<SensitivityView['layers'][number]['activations']>;

/** The quantizer that each layer reads: its place among the quantization points. */
function pointOf(layout: TableLayout, layer: number): number {
  return layout.points.findIndex(({ readers }) => readers.includes(layer));
}

/**
 * SQNR of every layer at the newest checkpoint, dB: weights, and the activations that it reads over the calibration batch,
 * the layers before it quantized to 8 bits and BN on batch statistics, as in calibration.
 * @throws WorkbenchError `checkpoint-invalid` before the run is calibrated
 */
export async function measureSensitivity(context: RunContext): Promise<SensitivityView> {
  const { recipe, data, layout, reporter } = context;
  const { images, samples } = recipe.calibration;
  const state = newestState(context.options.runDirectory);
  if (state.phase === 'pretrain') {
    throw new WorkbenchError(
      'checkpoint-invalid',
      'The activations of this run are not calibrated yet: go on with the run until its calibration is done.',
    );
  }
  const weights = weightSensitivity(layout, recipe, state);
  const tables = quantizerTables(layout, recipe, state, []);
  const executor = await context.load(state.phase);
  const batch = new Float32Array(images * imageSize(data.train));
  imagesAsFloat(data.train, 0, images, batch);
  const feeds = fixedFeeds(
    layout,
    snapQuantizers(layout, tables, sameForAll(layout, MAX_BITS, FORMS[0].granularity, FORMS[0].weightSymmetry)),
  );
  const quantizers = SYMMETRIES.map((symmetry) =>
    ALL_BITS.map((bits) => snapQuantizers(layout, tables, sameForAll(layout, bits, 'tensor', symmetry)).activations),
  );
  const points: ActivationSnr[] = [];
  for (const q of layout.points.keys()) {
    await context.breathe();
    const seen = await executor.run(functionNames.probe, { ...feeds, images: batch }, [`point-${q}`]);
    const values = subsample(seen[`point-${q}`] as Float32Array, samples);
    const [s, a] = quantizers.map((byBits) => byBits.map((activations) => quantizationSnr(values, activations[q])));
    points.push({ s, a });
    reporter.report({ phase: 'evaluate', unit: 'quantizer', done: q + 1, total: layout.points.length });
  }
  return {
    layers: layout.facts.map(({ name }, layer) => ({ name, weights: weights[layer], activations: points[pointOf(layout, layer)] })),
  };
}
