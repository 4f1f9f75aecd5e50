import type { Phase, PhaseResults } from '../shared/contract/job-protocol.ts';
import { canonicalJson } from '../shared/domain/canonical-json.ts';
import { sha256 } from './fingerprint.ts';

const byText = <T>(items: readonly T[], key: (item: T) => string) =>
  items
    .map((item) => ({ key: key(item), item }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);

/**
 * One number for everything that a run found, without times, file paths or the order in which things finished: the same
 * recipe, engine and thread count give the same digest, also after interruptions. sha256, hexadecimal.
 */
export function runDigest(results: { [P in Phase]: PhaseResults[P] }): string {
  const samples = results.sample.samples.map(({ index, repeat, split, form, accuracy, images }) => ({
    index,
    repeat,
    split,
    form,
    accuracy,
    images,
  }));
  const { seconds: _seconds, explored: _explored, ...search } = results.search;
  const exports = results.export.exports.map(({ candidateId, format, bytes, proof }) => ({ candidateId, format, bytes, proof }));
  return sha256(
    canonicalJson({
      weights: results.supernet.weightsDigest,
      float: results.pretrain.testAccuracy,
      grid: byText(results.grid.cells, ({ form, weightBits, activationBits }) => `${form}-${weightBits}-${activationBits}`),
      samples: byText(samples, ({ index, repeat }) => `${repeat}-${String(index).padStart(6, '0')}`),
      predictor: results.predictor,
      search: { ...search, candidates: byText(search.candidates, ({ id }) => id) },
      measured: byText(results.measure.measured, ({ id }) => id),
      exports: byText(exports, ({ candidateId, format }) => `${candidateId}-${format}`),
    }),
  );
}
