import type { GraphBuilder } from '../engine/builder.ts';
import type { Value, Variable } from '../engine/graph.ts';
import { gradientsOf } from '../engine/gradients.ts';
import { forward } from '../models/forward.ts';
import { guidedLoss } from '../ops/distillation.ts';
import { quantizeActivation, quantizeWeights } from '../ops/fake-quant.ts';
import { weightMoments } from '../ops/weight-moments.ts';
import { functionNames, TABLE_NAMES, type ProgramScope } from './program-scope.ts';

/** A forward and backward pass of one subnet; which one is fed (elastic-step note 1). */
export function pass(scope: ProgramScope, batch: number): void {
  const { b, layout } = scope;
  const { size, channels } = layout;
  const quantizers = layout.points.length;
  const steps = scope.layers.length;
  const writePass = (): Record<string, Value> => {
    const images = scope.images(batch);
    const labels = b.feed('labels', [batch, scope.graph.classes]);
    const teacher = b.feed('teacher', [batch, scope.graph.classes]);
    const lambda = b.feed('lambda', []);
    const stepIndex = b.feed('stepIndex', [channels + quantizers], 'int32');
    const offsetIndex = b.feed('offsetIndex', [channels + quantizers], 'int32');
    const perLayer = (name: string) => b.unpack(b.feed(name, [steps]));
    const [weightLow, weightHigh, weightScale] = [perLayer('weightLow'), perLayer('weightHigh'), perLayer('weightScale')];
    const perPoint = (name: string) => b.unpack(b.feed(name, [quantizers]));
    const [lows, highs, scales] = [perPoint('activationLow'), perPoint('activationHigh'), perPoint('activationScale')];

    const tables = scope.tables();
    const [weightLogs, activationLogs] = b.split(b.gather(b.read(tables.steps), stepIndex), [channels, quantizers]);
    const [weightOffsets, activationOffsets] = b.split(b.gather(b.read(tables.offsets), offsetIndex), [channels, quantizers]);
    const logs = [...b.split(weightLogs, scope.channelCounts), ...b.unpack(activationLogs)];
    const offsets = [...b.split(weightOffsets, scope.channelCounts), ...b.unpack(activationOffsets)];
    const weightSteps = b.split(b.exp(weightLogs), scope.channelCounts);
    const activationSteps = b.unpack(b.exp(activationLogs));

    const logits = forward(b, scope.graph, images, {
      activation: (q, x) =>
        quantizeActivation(b, x, {
          logStep: logs[steps + q],
          step: activationSteps[q],
          offset: offsets[steps + q],
          low: lows[q],
          high: highs[q],
          scale: scales[q],
        }),
      weights: (layer, i) => {
        const quantizer = {
          logStep: logs[i],
          step: weightSteps[i],
          offset: offsets[i],
          low: weightLow[i],
          high: weightHigh[i],
          scale: weightScale[i],
        };
        return quantizeWeights(b, b.read(scope.parameter(`${layer.name}/weights`)), quantizer);
      },
      bias: scope.plainBias,
      // The running statistics stay those of the float net: no elastic measurement uses them (each re-calibrates), and a
      // step that is given up between two passes must leave nothing behind.
      batchNorm: scope.freezeBn ? scope.runningBatchNorm : scope.trainingBatchNorm(() => undefined),
    });
    const { loss, crossEntropy, divergence } = b.within({ purpose: 'loss' }, () => guidedLoss(b, logits, labels, teacher, lambda));
    const wanted = [...scope.elastic.map((variable) => b.read(variable)), ...logs, ...offsets];
    const gradients = gradientsOf(b, loss, wanted);
    scope.elastic.forEach((variable, i) => b.assignAdd(scope.accumulator(variable.name, variable.shape), gradients[i]!));
    const tableGradient = (from: number): Value => {
      const parts = gradients.slice(from, from + logs.length).map((gradient) => gradient!);
      return b.concat([...parts.slice(0, steps), b.pack(parts.slice(steps))]);
    };
    const ones = b.constant(new Float32Array(channels + quantizers).fill(1), [channels + quantizers]);
    const into = (name: string, values: Value, index: Value) =>
      b.assignAdd(scope.accumulator(name, [size]), b.segmentSum(values, index, size));
    into(TABLE_NAMES.steps, tableGradient(scope.elastic.length), stepIndex);
    into(TABLE_NAMES.offsets, tableGradient(scope.elastic.length + logs.length), offsetIndex);
    into('used/steps', ones, stepIndex);
    into('used/offsets', ones, offsetIndex);
    return { loss, crossEntropy, divergence, logits };
  };
  b.function(functionNames.pass, writePass, scope);
}

function moments(scope: ProgramScope) {
  const { b } = scope;
  const coefficients = { skewness: b.feed('skewness', []), kurtosis: b.feed('kurtosis', []), target: b.feed('target', []) };
  const all = scope.layers.map((layer) => ({ layer, ...weightMoments(b, b.read(scope.parameter(`${layer.name}/weights`)), coefficients) }));
  // The first quantized layer is left out of the loss, the last is kept (eqnet-spec section 3).
  const counted = all.slice(1);
  return { all, counted, loss: b.mul(b.addN(counted.map((entry) => entry.loss)), b.scalar(1 / counted.length)) };
}

/** The moments alone, for statistics outside a step. */
export function momentsOnly(scope: ProgramScope): void {
  const { b } = scope;
  b.function(functionNames.moments, () => {
    const { all, loss } = moments(scope);
    return { loss, skewness: b.pack(all.map((entry) => entry.skewness)), kurtosis: b.pack(all.map((entry) => entry.kurtosis)) };
  });
}

/** One optimizer step from the accumulated gradients of all passes. */
export function apply(scope: ProgramScope): void {
  const { b } = scope;
  b.function(functionNames.apply, () => {
    const rates = {
      rate: b.feed('rate', []),
      tableRate: b.feed('tableRate', []),
      beta1Power: b.feed('beta1Power', []),
      beta2Power: b.feed('beta2Power', []),
      limit: b.feed('clip', []),
    };
    const { all, counted, loss } = moments(scope);
    updateWeights(scope, new Map(counted.map(({ layer, gradient }) => [`${layer.name}/weights`, gradient])), 1 / counted.length, rates);
    const tables = scope.tables();
    updateTable(scope, tables.steps, 'used/steps', 0, rates);
    updateTable(scope, tables.offsets, 'used/offsets', 1, rates);
    return { loss, skewness: b.pack(all.map((entry) => entry.skewness)), kurtosis: b.pack(all.map((entry) => entry.kurtosis)) };
  });
}

/** Scalars of an optimizer step. */
type Rates = Record<'rate' | 'tableRate' | 'beta1Power' | 'beta2Power' | 'limit', Value>;
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

const clip = (b: GraphBuilder, gradient: Value, limit: Value) => b.clip(gradient, b.neg(limit), limit);
const empty = (b: GraphBuilder, variable: Variable) => b.assign(variable, b.zerosLike(b.read(variable)));

/**
 * Clip by value and Adam for all weights from their accumulators, which are emptied.
 * @param extras gradients that some have besides, each times `extraScale`
 */
function updateWeights(scope: ProgramScope, extras: ReadonlyMap<string, Value>, extraScale: number, rates: Rates): void {
  const { b } = scope;
  const { rate, beta1Power, beta2Power, limit } = rates;
  // Those with an extra gradient first, as the op takes them.
  const variables = [true, false].flatMap((extra) => scope.elastic.filter(({ name }) => extras.has(name) === extra));
  const states = variables.map((variable) => ({
    ...scope.adamState(variable),
    accumulator: scope.accumulator(variable.name, variable.shape),
    extra: extras.get(variable.name),
  }));
  const changed = (['variable', 'momentum', 'velocity', 'accumulator'] as const).flatMap((part) => states.map((state) => state[part]));
  const inputs = [rate, beta1Power, beta2Power, limit, ...changed.map((variable) => b.read(variable))];
  const given = states.flatMap(({ extra }) => extra ?? []);
  b.inPlace('AdamInPlace', [...inputs, ...given], { changed, count: states.length, extraScale, ...ADAM }, () => {
    for (const { extra, accumulator, ...state } of states) {
      const task = b.read(accumulator);
      const gradient = extra ? b.plus(task, b.mul(extra, b.scalar(extraScale))) : task;
      b.applyAdam(state, clip(b, gradient, limit), rate, beta1Power, beta2Power, ADAM);
      empty(b, accumulator);
    }
  });
}

/**
 * Adam with a step count for each entry; entries that no pass used keep everything, so that unused bit-widths do not
 * drift on stale momentum (eqnet-spec 1.4, elastic-step note 2). The accumulators are emptied.
 * @param usedName accumulator of how often each entry was used
 * @param first    entries in front of it never move
 */
function updateTable(scope: ProgramScope, table: Variable, usedName: string, first: number, { tableRate, limit }: Rates): void {
  const { b } = scope;
  const { beta1, beta2, epsilon } = ADAM;
  const [size] = table.shape;
  const { momentum, velocity } = scope.adamState(table);
  const count = b.variable(`adam/t/${table.name}`, table.shape);
  const [accumulator, used] = [scope.accumulator(table.name, [size]), scope.accumulator(usedName, [size])];
  const changed = [table, momentum, velocity, count, accumulator, used];
  const inputs = [tableRate, limit, ...changed.map((variable) => b.read(variable))];
  b.inPlace('TableAdamInPlace', inputs, { changed, first, ...ADAM }, () => {
    const one = b.scalar(1);
    const touched = b.minimum(b.read(used), one);
    const moving = Float32Array.from({ length: size }, (_, i) => Number(i >= first));
    const mask = first ? b.mul(touched, b.constant(moving, [size])) : touched;
    const gradient = clip(b, b.read(accumulator), limit);
    const blend = (old: Value, next: Value, beta: number) => b.plus(old, b.mul(mask, b.mul(b.sub(next, old), b.scalar(1 - beta))));
    const m = blend(b.read(momentum), gradient, beta1);
    const v = blend(b.read(velocity), b.square(gradient), beta2);
    const t = b.plus(b.read(count), mask);
    const safe = b.maximum(t, one);
    const corrected = b.div(m, b.sub(one, b.pow(b.scalar(beta1), safe)));
    const root = b.plus(b.sqrt(b.div(v, b.sub(one, b.pow(b.scalar(beta2), safe)))), b.scalar(epsilon));
    b.assign(table, b.sub(b.read(table), b.mul(b.mul(mask, tableRate), b.div(corrected, root))));
    b.assign(momentum, m);
    b.assign(velocity, v);
    b.assign(count, t);
    empty(b, accumulator);
    empty(b, used);
  });
}
