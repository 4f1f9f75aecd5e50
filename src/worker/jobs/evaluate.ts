import type { EvaluateRequest, EvaluateResult } from '../../shared/contract/job-protocol.ts';
import { costsOf } from '../../shared/domain/cost.ts';
import { wilsonInterval } from '../../shared/domain/statistics.ts';
import { argmax } from '../../shared/domain/top1.ts';
import { validateConfiguration } from '../../shared/domain/validate-configuration.ts';
import { proveExport } from './export.ts';
import type { RunContext } from './context.ts';

/**
 * Correct answers and images of each class, in class order.
 * @param logits [images, classes] row-major, of the first images of `labels`
 */
function countClasses(logits: ArrayLike<number>, labels: ArrayLike<number>, images: number, classes: number): EvaluateResult['classes'] {
  const counts = Array.from({ length: classes }, () => ({ correct: 0, images: 0 }));
  for (let i = 0; i < images; i++) {
    const count = counts[labels[i]];
    count.images++;
    if (argmax(logits, i * classes, classes) === labels[i]) count.correct++;
  }
  return counts;
}

/**
 * Measures, and on request exports, a configuration that a person wrote. The test images are run once: an export needs all
 * of them, and what was asked of the first ones is counted from the same logits.
 * @throws WorkbenchError `config-invalid`
 */
export async function evaluate(context: RunContext, request: EvaluateRequest): Promise<EvaluateResult> {
  const { recipe, layout, data, reporter } = context;
  const configuration = validateConfiguration(request.configuration, layout.facts, recipe.space, layout.points);
  await context.stateOf('supernet');
  const evaluator = await context.evaluator();
  const images = Math.min(request.images ?? data.test.count, data.test.count);
  const total = request.exportTo ? data.test.count : images;
  let done = 0;
  const measurement = await evaluator.measure(configuration, data.test, {
    recalibrationImages: recipe.evaluation.recalibrationImages,
    images: total,
    onBatch: async () => {
      reporter.report({ phase: 'evaluate', unit: 'image', done, total });
      done = Math.min(done + recipe.evaluation.batch, total);
      await context.breathe();
    },
  });
  const classes = countClasses(measurement.logits, data.test.labels, images, layout.graph.classes);
  const correct = classes.reduce((sum, entry) => sum + entry.correct, 0);
  const { low, high } = wilsonInterval(correct, images)!;
  const exported = request.exportTo ? await proveExport(context, measurement, 'custom', request.exportTo) : null;
  return { accuracy: correct / images, images, costs: costsOf(configuration, layout.facts), interval: [low, high], exported, classes };
}
