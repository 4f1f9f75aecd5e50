/** Names and places of new projects. */
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { useApp } from '../stores/app.ts';
import { host } from '../stores/host.ts';
import { useProjects } from '../stores/projects.ts';

const ENDING = '.eqnet';
const MOST_NAMES = 200;

/** A path below a folder, with the separator that the folder uses. */
export function joinPath(folder: string, name: string): string {
  const separator = folder.includes('\\') && !folder.includes('/') ? '\\' : '/';
  return folder.endsWith(separator) ? folder + name : folder + separator + name;
}
/** Folder of a project of that name. */
export const projectPath = (folder: string, name: string): string => joinPath(folder, name.endsWith(ENDING) ? name : name + ENDING);

/** Whether a name can be that of a folder on every system. */
export const isFolderName = (name: string): boolean => /^[^/\\:*?"<>|\p{Cc}]+$/u.test(name) && !/^[. ]|[. ]$/.test(name);

/**
 * The first free name of `base`, `base-2`, `base-3` ... in a folder.
 * @throws WorkbenchError the host's own sentence, where none may be made there
 */
export async function freeName(folder: string, base: string): Promise<string> {
  let problem = '';
  for (let number = 1; number <= MOST_NAMES; number++) {
    const name = number === 1 ? base : `${base}-${number}`;
    const found = await host().files.checkNewProject({ path: projectPath(folder, name) });
    if (found === null) return name;
    problem = found;
  }
  throw new WorkbenchError('project-readonly', problem);
}

/** Makes a project for a sample in the folder for new projects, under a free name, and opens it. */
export async function createFromSample(recipe: Recipe): Promise<void> {
  const folder = (await useApp().facts()).projectsFolder;
  const name = await freeName(folder, recipe.name);
  await useProjects().create(projectPath(folder, name), recipe);
}
