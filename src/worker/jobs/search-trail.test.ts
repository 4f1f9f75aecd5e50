import { describe, expect, test } from 'vitest';
import type { SearchPoints } from '../../shared/contract/look.ts';
import { configurationKey, parseConfigurationKey } from '../../shared/domain/configuration.ts';
import { configurationCost } from '../../shared/domain/cost.ts';
import { parseForm, type FormKey } from '../../shared/domain/form.ts';
import { nonDominated } from '../../shared/domain/pareto.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { buildSearchSpace, decodeGenome } from '../../shared/domain/space.ts';
import { FULL_SPACE } from '../../shared/domain/test-networks.ts';
import { createModel } from '../models/registry.ts';
import { TableLayout } from '../quant/table-layout.ts';
import type { ScoredGeneration } from '../search/genetic.ts';
import { SearchTrail, thin } from './search-trail.ts';

const { facts, points } = new TableLayout(createModel({ architecture: 'resnet20' }, [32, 32, 3], 10));
const SPACE = buildSearchSpace(facts, points, FULL_SPACE);

function generations(form: FormKey, target: number, count: number, size: number, seed = 1): ScoredGeneration[] {
  const random = new RandomStream(seed, `test/${form}/${target}`);
  return Array.from({ length: count }, (_, generation) => ({
    form: parseForm(form),
    target,
    generation,
    genomes: Array.from({ length: size }, () => Uint8Array.from({ length: SPACE.length }, () => 2 + random.integer(7))),
    fitness: Float32Array.from({ length: size }, () => random.uniform()),
  }));
}

function trailOf(scored: readonly ScoredGeneration[], searches: number, msPerGeneration = 1000) {
  const live: SearchPoints[] = [];
  let clock = 0;
  const trail = new SearchTrail(
    SPACE,
    10,
    searches,
    (round) => live.push(round),
    () => clock,
  );
  for (const generation of scored) {
    clock += msPerGeneration;
    trail.add(generation);
  }
  return { live, explored: trail.finish() };
}

const keysOf = (rounds: readonly SearchPoints[]) => rounds.flatMap((round) => round.points.map(({ key }) => key));

describe('SearchTrail', () => {
  test('keeps everything of a small sweep, by search and generation, each configuration once', () => {
    const scored = [...generations('tss', 3, 3, 20), ...generations('caa', 4, 2, 20)];
    scored[2] = { ...scored[2], genomes: [scored[0].genomes[0], ...scored[2].genomes.slice(1)] };
    const { explored } = trailOf(scored, 2);
    expect(explored.map(({ form, target, generation, points: { length } }) => [form, target, generation, length])).toEqual([
      ['tss', 3, 0, 20],
      ['tss', 3, 1, 20],
      ['tss', 3, 2, 19],
      ['caa', 4, 0, 20],
      ['caa', 4, 1, 20],
    ]);
    expect(explored[1].points[4]).toEqual({
      key: configurationKey(decodeGenome(SPACE, scored[1].genomes[4], parseForm('tss'))),
      predicted: scored[1].fitness[4],
    });
  });

  test('of many it keeps 5,000: the non-dominated ones of all, and the others evenly', () => {
    const scored = [...generations('tss', 3, 40, 100), ...generations('tss', 4, 40, 100)];
    const { explored } = trailOf(scored, 2);
    const kept = new Set(keysOf(explored));
    expect([kept.size, keysOf(explored).length]).toEqual([5000, 5000]);
    const all = scored.flatMap(({ genomes, fitness }) =>
      genomes.map((genes, i) => ({ key: configurationKey(decodeGenome(SPACE, genes, parseForm('tss'))), predicted: fitness[i] })),
    );
    const objectives = all.map(({ key, predicted }) => {
      const { bitOps, weightBits } = configurationCost(parseConfigurationKey(key, facts), facts).total;
      return [bitOps, weightBits, -predicted];
    });
    for (const index of nonDominated(objectives)) expect(kept.has(all[index].key)).toBe(true);
    for (const { points: of } of explored) expect(of.length).toBeGreaterThan(30);
  });

  test.each([
    [1000, 10, 100],
    [10, 2, 100],
  ])('at %i ms for each generation, %i of ten go out at once, %i points at most', (ms, rounds, most) => {
    const { live } = trailOf(generations('tss', 3, 10, 300), 1, ms);
    // The last ones follow when the search ends.
    expect([live.length, live.length + 1]).toContain(rounds);
    for (const round of live) expect(round.points.length).toBe(most);
    expect(live.at(-1)!.generation).toBe(9);
  });
});

test.each([
  [3, 5, [0, 1, 2]],
  [10, 5, [0, 2, 4, 6, 8]],
  [7, 3, [0, 2, 4]],
])('thin: %i to at most %i', (count, most, kept) => {
  expect(
    thin(
      Array.from({ length: count }, (_, i) => i),
      most,
    ),
  ).toEqual(kept);
});
