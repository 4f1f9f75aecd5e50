import type { DataReport } from '../../../shared/contract/data-report.ts';
import type { Recipe } from '../../../shared/schema/recipe.ts';
import { cacheKey, decodedOf, recipeSplits, rootOf } from '../../data/files/load-files.ts';
import { openCached } from '../../data/files/cache.ts';
import { decodeAll } from '../../data/files/decoded-set.ts';
import { reportOn } from '../../data/files/report.ts';
import { findTarget } from '../../data/files/target.ts';
import { openImages } from '../../data/formats/registry.ts';

/**
 * Looks at every image of a data set: sizes, corrupt ones, classes, splits, duplicates, mean and deviation.
 * @param keep the decoded images go into the cache, and what a run would refuse is an error; else a look only
 * @throws WorkbenchError `data-invalid`, `disk-full`, `stopped`
 */
export async function checkData(
  data: Recipe['data'],
  keep: boolean,
  tell: (done: number, total: number) => void | Promise<void>,
): Promise<DataReport> {
  const path = rootOf(data);
  const index = await openImages(path, data.format);
  try {
    const target = await findTarget(index, data, path, !keep);
    if (keep) {
      const cached = await decodedOf(index, target, path, tell);
      recipeSplits(cached, data, path);
      return await reportOn({ path, index, facts: cached, data, cached: true, proposed: false });
    }
    const known = openCached(cacheKey(index, target));
    const facts = known ?? (await decodeAll(index, target, path, () => undefined, tell));
    const proposed = !data.size && !target.exact;
    return await reportOn({ path, index, facts, data, cached: known !== null, proposed });
  } finally {
    await index.close();
  }
}
