import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../shared/domain/random.ts';
import type { Program, ProgramFunction } from '../engine/graph.ts';
import { nativeNote, testExecutors } from '../engine/testing.ts';
import { functionNames } from './program-scope.ts';
import { trainingProgram } from './program.ts';
import { TINY, tinyState } from './testing.ts';

const session = process.env.EQNET_OPS ? testExecutors().find(({ kind }) => kind === 'session') : undefined;
const { apply } = functionNames;

/** The same program, whose changes of variables are made by TensorFlow's ops. */
function written(program: Program): Program {
  const plainly = (fn: ProgramFunction) => ({ ...fn, unions: fn.unions.filter(({ effects }) => effects.length === 0) });
  return { ...program, functions: new Map([...program.functions].map(([name, fn]) => [name, plainly(fn)])) };
}

const scalars = (values: Record<string, number>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Float32Array.of(value)]));

/** Gradients as passes leave them; of the table entries every third was used. */
function accumulators(program: Program, step: number): Map<string, Float32Array> {
  const random = new RandomStream(1, `test/gradients/${step}`);
  const usedAt = (i: number) => ((i + step) % 3 ? 0 : 1 + (i % 3));
  return new Map(
    program.variables
      .filter(({ name }) => name.startsWith('accumulator/'))
      .map(({ name, shape }) => {
        const length = shape.reduce((a, size) => a * size, 1);
        const at = (i: number) => {
          if (name.includes('/used/')) return usedAt(i);
          return name.includes('/tables/') && !usedAt(i) ? 0 : 10 ** random.between(-6, 1) * (random.uniform() < 0.5 ? -1 : 1);
        };
        return [name, Float32Array.from({ length }, (_, i) => at(i))];
      }),
  );
}

describe.skipIf(!session)(`the optimizer step in place${nativeNote}`, () => {
  test.each([Infinity, 0.5])('is that of the ops it stands for, clip %f', async (clip) => {
    const program = trainingProgram(TINY, 2);
    const sides = await Promise.all([session!.create(program), session!.create(written(program))]);
    try {
      const names = program.variables.map(({ name }) => name);
      for (const executor of sides) await executor.write(tinyState(program));
      for (let step = 0; step < 5; step++) {
        const feeds = scalars({
          rate: 0.01,
          tableRate: 0.02,
          clip,
          skewness: 1,
          kurtosis: 0.1,
          target: 1.8,
          beta1Power: 0.9 ** (step + 1),
          beta2Power: 0.999 ** (step + 1),
        });
        const found = [];
        for (const executor of sides) {
          await executor.write(accumulators(program, step));
          found.push({ results: await executor.run(apply, feeds), state: await executor.read(names) });
        }
        const [inPlace, plain] = found;
        expect(inPlace.results).toEqual(plain.results);
        for (const name of names) {
          const [mine, theirs] = [inPlace.state.get(name)!, plain.state.get(name)!];
          // Weights and moments keep every bit. The correction of tables, 1 - 0.999^t, has what an error of 2^-24 in the power leaves of it.
          if (name !== 'tables/log-steps' && name !== 'tables/offsets') expect(mine, name).toEqual(theirs);
          else mine.forEach((value, i) => expect(Math.abs(value - theirs[i]), name).toBeLessThan(0.02 * 1e-4 * (step + 1)));
        }
      }
    } finally {
      for (const executor of sides) executor.dispose();
    }
  });

  test('changes nothing where effects are not asked for', async () => {
    const program = trainingProgram(TINY, 2);
    const executor = await session!.create(program);
    try {
      await executor.write(tinyState(program));
      await executor.write(accumulators(program, 0));
      const names = program.variables.map(({ name }) => name);
      const before = await executor.read(names);
      const { loss } = await executor.run(apply, scalars({ skewness: 1, kurtosis: 0.1, target: 1.8 }), ['loss']);
      expect(loss[0]).toBeGreaterThan(0);
      expect(await executor.read(names)).toEqual(before);
    } finally {
      executor.dispose();
    }
  });
});
