import { ALL_BITS, GRANULARITIES, SYMMETRIES } from '../../../shared/domain/form.ts';
import { RandomStream } from '../../../shared/domain/random.ts';
import { targetRows } from '../../data/targets.ts';
import { elementCount, type HostArray, type Program } from '../../engine/graph.ts';
import { initialParameters } from '../../models/parameters.ts';
import { emptyTables } from '../../quant/calibrate.ts';
import { codeRange } from '../../quant/code-range.ts';
import type { TableLayout } from '../../quant/table-layout.ts';
import { TABLE_NAMES } from '../../supernet/program-scope.ts';
import type { Batch } from '../../supernet/trainer.ts';

/** Mean magnitude of a standard normal value: what stands behind a batch normalization. */
const NORMAL_MAGNITUDE = Math.sqrt(2 / Math.PI);

/** LSQ's first step size, 2 mean|x| / sqrt(Qp), as a logarithm. */
const firstLogStep = (magnitude: number, high: number): number => Math.log((2 * magnitude) / Math.sqrt(high));

/** Every variable of a program as an untrained network has it: random weights, step sizes that fit them, the rest zero. */
export function firstState(program: Program, layout: TableLayout, seed: number): Map<string, HostArray> {
  const parameters = initialParameters(layout.graph, seed);
  const { logSteps, offsets } = emptyTables(layout);
  layout.facts.forEach(({ name, outputChannels }, i) => {
    const weights = parameters.get(`${name}/weights`)!;
    const magnitude = weights.reduce((sum, weight) => sum + Math.abs(weight), 0) / weights.length;
    for (const granularity of GRANULARITIES)
      for (const symmetry of SYMMETRIES)
        for (const bits of ALL_BITS) {
          const entry = layout.weightEntry(i, granularity, symmetry, bits);
          const step = firstLogStep(magnitude, codeRange(bits, true).high);
          logSteps.fill(step, entry, entry + (granularity === 'channel' ? outputChannels : 1));
        }
  });
  layout.signed.forEach((signed, q) => {
    for (const symmetry of SYMMETRIES)
      for (const bits of ALL_BITS)
        logSteps[layout.activationEntry(q, symmetry, bits)] = firstLogStep(NORMAL_MAGNITUDE, codeRange(bits, signed).high);
  });
  const given = new Map<string, HostArray>([...parameters, [TABLE_NAMES.steps, logSteps], [TABLE_NAMES.offsets, offsets]]);
  return new Map(program.variables.map(({ name, shape }) => [name, given.get(name) ?? new Float32Array(elementCount(shape))]));
}

/** Images of noise: what a step costs does not depend on what is on them. */
export function noiseBatch(count: number, image: readonly number[], classes: number, seed: number): Batch {
  const random = new RandomStream(seed, 'profile/images');
  const images = Float32Array.from({ length: count * elementCount(image) }, () => random.uniform());
  const labels = Int32Array.from({ length: count }, () => random.integer(classes));
  return { images, labels, targets: targetRows({ labels }, classes) };
}
