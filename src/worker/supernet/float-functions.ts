import { forward } from '../models/forward.ts';
import type { Value } from '../engine/graph.ts';
import { gradientsOf } from '../engine/gradients.ts';
import { functionNames, type ProgramScope } from './program-scope.ts';

/** Weight of a new batch in the running BN statistics (PyTorch's momentum). */
const BN_MOMENTUM = 0.1;

function updateRunning(scope: ProgramScope, name: string, fresh: Value): void {
  const { b } = scope;
  const variable = scope.parameter(name);
  const old = b.read(variable);
  b.assign(variable, b.plus(old, b.mul(b.sub(fresh, old), b.scalar(BN_MOMENTUM))));
}

/** One step of float training: cross-entropy, Adam. */
export function floatStep(scope: ProgramScope, batch: number): void {
  const { b } = scope;
  const writeStep = (): Record<string, Value> => {
    const images = scope.images(batch);
    const labels = b.feed('labels', [batch, scope.graph.classes]);
    const [rate, beta1Power, beta2Power] = ['rate', 'beta1Power', 'beta2Power'].map((name) => b.feed(name, []));
    const logits = forward(b, scope.graph, images, {
      activation: (_, x) => x,
      weights: (layer) => b.read(scope.parameter(`${layer.name}/weights`)),
      bias: scope.plainBias,
      batchNorm: scope.trainingBatchNorm((layer, mean, variance) => {
        updateRunning(scope, `${layer}/mean`, mean);
        updateRunning(scope, `${layer}/variance`, variance);
      }),
    });
    const loss = b.mean(b.softmaxCrossEntropy(logits, labels).loss);
    const gradients = gradientsOf(
      b,
      loss,
      scope.trainable.map((variable) => b.read(variable)),
    );
    scope.trainable.forEach((variable, i) => b.applyAdam(scope.adamState(variable), gradients[i]!, rate, beta1Power, beta2Power));
    return { loss };
  };
  b.function(functionNames.floatStep, writeStep, scope);
}

/** The float net with its running BN statistics. */
export function floatEvaluate(scope: ProgramScope, batch: number): void {
  const { b } = scope;
  b.function(functionNames.floatEvaluate, () => ({
    logits: forward(b, scope.graph, scope.images(batch), {
      activation: (_, x) => x,
      weights: (layer) => b.read(scope.parameter(`${layer.name}/weights`)),
      bias: scope.plainBias,
      batchNorm: scope.runningBatchNorm,
    }),
  }));
}
