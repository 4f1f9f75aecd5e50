import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../shared/domain/random.ts';
import { searchSpaceOf } from '../../shared/domain/space.ts';
import { FULL_SPACE, RESNET18 } from '../../shared/domain/test-networks.ts';
import { nativeNote, testExecutors, testMlp } from '../engine/testing.ts';
import { Predictor } from '../predictor/cqap.ts';
import { encodingLength } from '../predictor/encoding.ts';
import { initialPredictor, predictorTensors } from '../predictor/network.ts';
import { paretoSweep, type SweepState } from '../search/pareto-sweep.ts';
import { SearchTrail } from './search-trail.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const SPACE = searchSpaceOf(RESNET18, FULL_SPACE);
const GENERATIONS = 40;

function randomWeights(): Map<string, Float32Array> {
  const shape = { inputs: encodingLength(SPACE.facts.length), hidden: [200, 200], members: 2 };
  const random = new RandomStream(0, 'test/search-memory');
  const weights = initialPredictor(shape, 0, 0.7);
  const output = `/layer${shape.hidden.length}/weights`;
  for (const { name } of predictorTensors(shape).filter((tensor) => tensor.name.endsWith(output))) weights.get(name)!.forEach((_, i, values) => (values[i] = 0.01 * random.normal())); // prettier-ignore
  return weights;
}

describe.each(testExecutors())(`repeated searches on $kind${nativeNote}`, ({ kind, create }) => {
  const engine = { createExecutor: create, mlp: kind === 'session' ? testMlp() : null };
  const weights = randomWeights();

  async function search(seed: number): Promise<number> {
    const predictor = await Predictor.open(weights, engine);
    const trail = new SearchTrail(SPACE, GENERATIONS, 1, () => undefined);
    let state: SweepState = { completed: [], current: null };
    for await (state of paretoSweep({
      space: SPACE,
      forms: ['caa'],
      targets: [3],
      fitness: (codes, count) => predictor.predict(codes, count),
      seed,
      population: 100,
      generations: GENERATIONS,
      parents: 0.25,
      mutation: 0.1,
      keep: 10,
      onScored: (scored) => trail.add(scored),
    }));
    predictor.dispose();
    trail.finish();
    return state.completed[0].evaluations;
  }

  test('keep nothing', async () => {
    const bytes = () => {
      collectGarbage();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    for (let seed = 0; seed < 4; seed++) await search(seed);
    const before = bytes();
    for (let seed = 4; seed < 16; seed++) expect(await search(seed)).toBeGreaterThan(2000);
    // The individuals of twelve searches alone take 8 MB; compiled code grows by 1.5.
    expect(bytes() - before).toBeLessThan(4e6);
  });
});
