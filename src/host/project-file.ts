import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { WorkbenchError } from '../shared/contract/errors.ts';
import { makeFolder } from './make-folder.ts';
import { storageError } from './storage-error.ts';
import { writeFileAtomic } from './write-atomic.ts';

/** Version of project.json; raised when older programs could not read it. */
export const PROJECT_VERSION = 1;
export const PROJECT_FILE = 'project.json';

const projectSchema = z.strictObject({
  schemaVersion: z.literal(PROJECT_VERSION),
  name: z.string(),
  /** ISO 8601, UTC */
  createdAt: z.string(),
  runs: z.array(z.strictObject({ id: z.string(), recipe: z.string(), createdAt: z.string() })),
});

/** What project.json says; everything measured lies in project.db. */
export type ProjectFile = z.infer<typeof projectSchema>;

/** Whether a file is one of those that an empty project consists of; some can be there before project.json is. */
export const isOwnFile = (name: string): boolean => /^project\.(lock|db|json)/.test(name);

/**
 * Reads and checks project.json.
 * @returns null when the folder does not exist, is empty, or holds only what a killed first start left behind
 * @throws WorkbenchError `project-newer`, `project-invalid`, or `project-missing` for a folder with foreign files
 */
export function readProjectFile(folder: string): ProjectFile | null {
  const path = join(folder, PROJECT_FILE);
  let text: string;
  try {
    if (!existsSync(path)) {
      if (statSync(folder, { throwIfNoEntry: false })?.isFile()) {
        throw new WorkbenchError(
          'project-missing',
          `${folder} is a file and not an EQ-Net project: name the project's folder, or a new one.`,
        );
      }
      const foreign = existsSync(folder) ? readdirSync(folder).find((name) => !isOwnFile(name)) : undefined;
      if (foreign === undefined) return null;
      throw new WorkbenchError(
        'project-missing',
        `${folder} is not an EQ-Net project (it holds '${foreign}' but no ${PROJECT_FILE}): choose an empty or a new folder, e.g. ${join(folder, 'my.eqnet')}.`,
      );
    }
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw storageError(error, path);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new WorkbenchError(
      'project-invalid',
      `${path} is damaged (no valid JSON): restore it from a copy, or choose another folder with --project.`,
      {},
      error,
    );
  }
  const version = (json as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version === 'number' && version > PROJECT_VERSION) {
    throw new WorkbenchError(
      'project-newer',
      `${path} was written by a newer EQ-Net Workbench (format ${version}, this one reads up to ${PROJECT_VERSION}): update the program.`,
    );
  }
  const result = projectSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new WorkbenchError(
    'project-invalid',
    `${path} is not a valid project file ('${issue.path.join('.') || 'the whole file'}': ${issue.message}): restore it from a copy, or choose another folder with --project.`,
  );
}

export function writeProjectFile(folder: string, project: ProjectFile): void {
  writeFileAtomic(join(folder, PROJECT_FILE), `${JSON.stringify(project, null, 2)}\n`);
}

/** Makes the folder and a fresh description; does not write project.json yet. */
export function newProject(folder: string): ProjectFile {
  try {
    makeFolder(folder);
  } catch (error) {
    throw storageError(error, folder);
  }
  return { schemaVersion: PROJECT_VERSION, name: basename(folder).replace(/\.eqnet$/, ''), createdAt: new Date().toISOString(), runs: [] };
}
