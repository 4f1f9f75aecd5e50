import { createHash } from 'node:crypto';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { PredictRequest, PredictResult, Sample } from '../../shared/contract/job-protocol.ts';
import { encodeConfiguration, encodingLength } from '../predictor/encoding.ts';
import { Predictor } from '../predictor/cqap.ts';
import type { RunContext } from './context.ts';
import { fitPredictor } from './predictor.ts';

interface Fitted {
  key: string;
  model: Predictor;
  rmse: number;
}

const fitted = new WeakMap<RunContext, Fitted>();

function keyOf(samples: readonly Sample[]): string {
  const hash = createHash('sha256');
  for (const { index, repeat, accuracy } of samples) hash.update(`${index}/${repeat}/${accuracy};`);
  return hash.digest('hex');
}

/** The predictor of these samples, trained at the first request: the weights are those of the predictor phase. */
async function modelOf(context: RunContext, samples: readonly Sample[]): Promise<Fitted> {
  const key = keyOf(samples);
  const known = fitted.get(context);
  if (known?.key === key) return known;
  known?.model.dispose();
  fitted.delete(context);
  const { weights, result } = await fitPredictor(context, samples);
  const entry = { key, model: await Predictor.open(weights, context.predictorEngine()), rmse: result.rmse };
  fitted.set(context, entry);
  return entry;
}

/**
 * Predicted accuracies, 0..1, of any configurations; the same numbers as the search sees.
 * @throws WorkbenchError `config-invalid` when a configuration is of another network, `usage` without enough samples
 */
export async function predict(context: RunContext, { configurations, samples }: PredictRequest): Promise<PredictResult> {
  const { facts } = context.layout;
  const width = encodingLength(facts.length);
  const codes = new Float32Array(configurations.length * width);
  configurations.forEach((configuration, row) => {
    if (configuration.layers.length !== facts.length)
      throw new WorkbenchError(
        'config-invalid',
        `A configuration lists ${configuration.layers.length} layers, and the network has ${facts.length} quantized ones: list each once.`,
      );
    encodeConfiguration(configuration, facts, codes, row * width);
  });
  const { model, rmse } = await modelOf(context, samples);
  return { predicted: [...(await model.predict(codes, configurations.length))], rmse };
}
