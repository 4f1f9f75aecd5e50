import { describe, expect, test } from 'vitest';
import { parseRecipe } from '../../shared/schema/presets.ts';
import { GraphBuilder } from '../engine/builder.ts';
import { gradientsOf } from '../engine/gradients.ts';
import { peakBytes } from '../engine/nodes-to-run.ts';
import { modelOf } from '../models/project-model.ts';
import { TableLayout } from '../quant/table-layout.ts';
import { buildProgram } from '../supernet/program.ts';
import { requireMemory } from './memory-check.ts';

describe('tensors of one call', () => {
  const megabyte = 2 ** 18;
  const peak = (body: (b: GraphBuilder) => ReturnType<GraphBuilder['feed']>): number => {
    const b = new GraphBuilder();
    b.function('f', () => ({ y: body(b) }));
    return peakBytes(b.build().functions.get('f')!, false) / 2 ** 20;
  };
  const x = (b: GraphBuilder) => b.feed('x', [megabyte]);
  test.each<[string, Parameters<typeof peak>[0], number]>([
    ['an input', (b) => b.reshape(x(b), [megabyte]), 1],
    ['a chain of elementwise ops stays where it is', (b) => b.relu(b.exp(b.neg(x(b)))), 1],
    ['what is read later is kept', (b) => { const v = x(b); return b.plus(b.exp(v), v); }, 2],
    ['what is read twice takes one place', (b) => { const v = b.exp(x(b)); return b.mul(v, v); }, 1],
    ['outputs are kept to the end', (b) => { const v = x(b); const w = b.exp(v); return b.concat([b.concat([v, w]), w]); }, 6],
    ['a variable is not counted', (b) => b.sum(b.plus(b.read(b.variable('w', [megabyte])), b.read(b.variable('w', [megabyte])))), 1],
    ['a gradient keeps what it needs', (b) => { const v = x(b); return gradientsOf(b, b.sum(b.square(b.exp(v))), [v])[0]!; }, 3],
  ])('%s', (_, body, expected) => {
    expect(peak(body)).toBeCloseTo(expected, 2);
  }); // prettier-ignore

  test('is linear in the batch, and least with our own ops', () => {
    const layout = layoutOf('resnet20');
    const of = (batch: number, fused: boolean) => peakBytes(programOf(layout, batch).functions.get('pass')!, fused);
    const [one, two, four] = [64, 128, 256].map((batch) => of(batch, true));
    expect((four - two) / (two - one)).toBeCloseTo(2, 1);
    expect(two).toBeLessThan(0.8 * of(128, false));
  });
});

const layoutOf = (architecture: 'resnet20' | 'small-cnn') =>
  new TableLayout(modelOf(parseRecipe({ name: 'x', model: { architecture } }, 'x'), [32, 32, 3], 10).graph);
const programOf = (layout: TableLayout, batch: number) =>
  buildProgram(layout, { pretrainBatch: batch, trainBatch: batch, evaluationBatch: batch, recalibration: [batch], calibration: 0 });

describe('a recipe that does not fit', () => {
  const layout = layoutOf('resnet20');
  const sized = (trainBatch: number, checkpointing: boolean) =>
    buildProgram(layout, { pretrainBatch: 32, trainBatch, evaluationBatch: 32, recalibration: [64], calibration: 0 }, { checkpointing });
  const plan = (supernet: number, available: number, checkpointing = false) => ({
    program: sized(supernet, checkpointing),
    recipe: parseRecipe(
      { name: 'x', engine: { checkpointing }, pretrain: { batch: 32 }, supernet: { batch: supernet }, evaluation: { batch: 32, recalibrationImages: 64 }, predictor: { recalibrationImages: 64 } },
      'x',
    ),
    checkpointed: () => sized(supernet, true),
    layers: layout.facts.length,
    fused: true,
    available,
    single: () => programOf(layout, 1),
  }); // prettier-ignore

  test('is refused with the setting, what it needs, what is free, and the largest value that fits', () => {
    const available = 1.2e9;
    let sentence = '';
    try {
      requireMemory(plan(1024, available));
    } catch (error) {
      expect(error).toMatchObject({ code: 'recipe-invalid' });
      sentence = (error as Error).message;
    }
    const found =
      /^'supernet\.batch' is 1,024, which needs about 2\.\d GB of memory, and 1\.2 GB are free: lower it to (\d+) or less, turn 'engine\.checkpointing' on, which needs about 0\.\d GB and more time, or close other programs\.$/.exec(
        sentence,
      );
    const most = Number(found?.[1]);
    expect(most % 8).toBe(0);
    expect(() => requireMemory(plan(most, available))).not.toThrow();
    expect(() => requireMemory(plan(most + 16, available))).toThrow(/'supernet\.batch' is/);
  });
  test('is not told of checkpointing where that is on already or does not fit either', () => {
    expect(() => requireMemory(plan(1024, 1.2e9, true))).not.toThrow();
    expect(() => requireMemory(plan(4096, 1.2e9, true))).toThrow(/lower it to [\d,]+ or less, or close other programs\.$/);
    expect(() => requireMemory(plan(4096, 1.2e9))).toThrow(/lower it to [\d,]+ or less, or close other programs\.$/);
  });
  test('is refused where not even one image fits', () => {
    expect(() => requireMemory(plan(128, 1e8))).toThrow(/even a single image does not fit, so choose a smaller network or smaller images/);
  });
  test('passes where it fits', () => {
    expect(() => requireMemory(plan(1024, 1e10))).not.toThrow();
  });
});
