import type { DataReport } from '../../shared/contract/data-report.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { Draft } from '../app/draft.ts';
import { inProject } from '../in-project.ts';
import { bundledRecipe } from '../recipes.ts';
import { adoptData, type Lowered } from './adopt.ts';
import { checkData, type DataWorkOptions } from './check.ts';

/** What a project starts from that has no recipe yet. */
const TEMPLATE = 'mnist-quick';

export interface AddedData {
  report: DataReport;
  recipe: Recipe;
  lowered: Lowered[];
  /** the file that holds the recipe */
  draft: string;
}

/**
 * Decodes a data set into the cache and makes it the data of a project's draft recipe. The project is made if need be.
 * @throws WorkbenchError `data-invalid`, `disk-full`, `stopped`: then the draft is what it was
 */
export async function addData(folder: string, data: Recipe['data'], options: DataWorkOptions): Promise<AddedData> {
  const report = await checkData(data, true, options);
  return inProject(folder, async (store) => {
    const draft = Draft.open(store.folder, () => store.runs().at(-1)?.recipe ?? bundledRecipe(TEMPLATE));
    const { recipe, lowered } = adoptData(draft.recipe, data, report);
    draft.save(recipe, draft.revision);
    return { report, recipe, lowered, draft: draft.path };
  });
}
