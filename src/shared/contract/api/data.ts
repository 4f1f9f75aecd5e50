import { type } from '@orpc/contract';
import { z } from 'zod';
import { LEAST_CACHE, MOST_CACHE } from '../../schema/data-cache.ts';
import { DATA_FORMATS } from '../../schema/data-formats.ts';
import { recipeSchema } from '../../schema/recipe.ts';
import type { DataCacheView, DownloadView } from '../data-report.ts';
import { base, pathSchema, projectRef } from './common.ts';

const { size, channels, resize, split, skipCorrupt } = recipeSchema.shape.data.def.innerType.shape;

/** Images of the user's own, and how to take them; what is left out has the default of the recipe. */
const wish = z.strictObject({
  root: pathSchema,
  format: z.enum(['auto', ...DATA_FORMATS]).optional(),
  size,
  channels,
  resize: resize.optional(),
  split: split.optional(),
  skipCorrupt: skipCorrupt.optional(),
});

export const data = {
  /** looks at every image and changes nothing; the job's result is a `DataReport` */
  check: base.input(wish).output(type<{ job: string }>()),
  /**
   * decodes the images into the cache and makes them the data of the project's draft; the job's result is
   * `{ report: DataReport, lowered: Lowered[] }`. Other fields of a draft that was changed meanwhile are kept
   */
  add: base.input(projectRef.extend({ data: wish })).output(type<{ job: string }>()),
  /** data sets that can be fetched, with size, licence and checksums; nothing is fetched */
  downloads: base.output(type<DownloadView[]>()),
  /** fetches one of them; the job's result is `{ path: string }`, to be given to `check` or `add` */
  download: base.input(z.strictObject({ name: z.string().max(64), folder: pathSchema.optional() })).output(type<{ job: string }>()),
  /** the cache of decoded images of this user account */
  cache: base.output(type<DataCacheView>()),
  /** how many bytes it may take; what was used longest ago goes where it holds more. null = the default again */
  limitCache: base.input(z.strictObject({ bytes: z.number().min(LEAST_CACHE).max(MOST_CACHE).nullable() })).output(type<DataCacheView>()),
  /** takes one data set, or all of them, out of the cache */
  clearCache: base
    .input(
      z.strictObject({
        key: z
          .string()
          .regex(/^[0-9a-f]{32}$/)
          .optional(),
      }),
    )
    .output(type<DataCacheView>()),
};
