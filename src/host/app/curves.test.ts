import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CURVE_GROUPS, exactUpTo } from '../../shared/domain/thinning.ts';
import { ProjectStore } from '../project-store.ts';
import { scriptedEngine, temporaryFolder, tinyRecipe } from '../testing/project-fixture.ts';
import { readCurves } from './curves.ts';
import { OpenProject } from './open-project.ts';

const POINTS = 10_000;
const PEAK = 4321;

async function openMade(): Promise<{ project: OpenProject; id: string }> {
  const store = await ProjectStore.open(join(temporaryFolder(), 'curves.eqnet'));
  onTestFinished(() => store.close());
  const { id } = store.createRun(tinyRecipe(), 'f', scriptedEngine);
  const points = Array.from({ length: POINTS }, (_, step) => ({ series: 'loss/long', step, value: step === PEAK ? 1000 : step % 7 }));
  store.putMetrics(id, 'supernet', points, 5000);
  store.putMetrics(id, 'supernet', [{ series: 'loss/one', step: 3, value: Number.NaN }], 5000);
  return { project: new OpenProject(store, { first: tinyRecipe() }, () => undefined), id };
}

const floats = (text: string, Type: typeof Float64Array | typeof Float32Array) => [
  ...new Type(new Uint8Array(Buffer.from(text, 'base64')).buffer),
];
const stepsOf = ({ steps, count }: { steps: string | { first: number; stride: number }; count: number }): number[] =>
  typeof steps === 'string' ? floats(steps, Float64Array) : Array.from({ length: count }, (_, i) => steps.first + i * steps.stride);

describe('curves of a run', () => {
  it('have as many points as a chart can show, the peak among them, and means of all', async () => {
    const { project, id } = await openMade();
    const [long, one] = await readCurves(project, id, { prefixes: ['loss/'] });
    expect(long.total).toBe(POINTS);
    expect(long.count).toBeLessThanOrEqual(exactUpTo(CURVE_GROUPS) + 1);
    expect(stepsOf(long)[floats(long.values, Float32Array).indexOf(1000)]).toBe(PEAK);
    const counts = new Uint32Array(new Uint8Array(Buffer.from(long.means!.counts, 'base64')).buffer);
    expect([counts.length, counts.reduce((sum, count) => sum + count, 0)]).toEqual([long.means!.count, POINTS]);
    expect(one).toMatchObject({ series: 'loss/one', count: 1, total: 1, means: null });
    expect(floats(one.values, Float32Array)).toEqual([Number.NaN]);
  });

  it.each<[string, { from: number; to: number }, number[], boolean]>([
    ['a few points are all there, with those before that smoothing remembers', { from: 4000, to: 4100 }, [3488, 4101, 614], true],
    ['from the beginning', { from: -5, to: 20 }, [0, 21, 22], true],
    ['to the end', { from: 9900, to: 20_000 }, [9388, 9999, 612], true],
    ['a long range is thinned', { from: 1000, to: 7000 }, [488, 7001, 6514], false],
  ])('of a range: %s', async (_, range, [first, last, total], exact) => {
    const { project, id } = await openMade();
    const [curve] = await readCurves(project, id, { series: ['loss/long'], range });
    const steps = stepsOf(curve);
    expect([steps[0], steps.at(-1), curve.total, curve.means === null]).toEqual([first, last, total, exact]);
    if (exact) expect(curve.count).toBe(total);
  });

  it('can be coarser, and are empty where there is no such series', async () => {
    const { project, id } = await openMade();
    const [coarse] = await readCurves(project, id, { series: ['loss/long'], groups: 4 });
    expect(coarse.count).toBeLessThanOrEqual(exactUpTo(4) + 1);
    expect(await readCurves(project, id, { series: ['none'] })).toMatchObject([{ count: 0, total: 0, means: null }]);
  });
});
