import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseRecipe } from '../../shared/schema/presets.ts';
import { TableLayout } from '../quant/table-layout.ts';
import { checkFeasible } from './context.ts';
import { networkOf } from './look/network.ts';

const folder = join(import.meta.dirname, '../../../resources/recipes');

test.each(readdirSync(folder))('%s: the space, samples and search targets fit the network', async (file) => {
  const recipe = parseRecipe(JSON.parse(readFileSync(join(folder, file), 'utf8')), file);
  const layout = new TableLayout(await networkOf(recipe));
  expect(() => checkFeasible(recipe, layout)).not.toThrow();
});
