/** The same as a command, and names of files. */
import { eqnet, shellArguments } from '../../../shared/contract/command-line.ts';
import { parseForm } from '../../../shared/domain/form.ts';
import type { ExportFormat } from '../../../shared/domain/export-formats.ts';
import type { Choice } from './choices.ts';

/** Last part of a path of either kind of system. */
export const baseName = (path: string): string => path.split(/[/\\]/).at(-1) ?? path;

/** The folder of a path; empty for a bare name. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.length - baseName(path).length - 1));

/** A name that a file may have everywhere. */
export const fileStem = (name: string): string => name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+|[.-]+$/g, '') || 'model';

/** The first of `stem.ext`, `stem-2.ext` ... that is not taken. */
export function freeFileName(stem: string, extension: string, taken: readonly string[]): string {
  const lower = new Set(taken.map((name) => name.toLowerCase()));
  for (let number = 1; ; number++) {
    const name = `${stem}${number > 1 ? `-${number}` : ''}${extension}`;
    if (!lower.has(name.toLowerCase())) return name;
  }
}

/**
 * Commands that write the same file. The first one makes the configuration; it is left out for one that no option of the
 * command line names, whose file has to be saved first.
 */
export function commandsOf(
  choice: Pick<Choice, 'name' | 'candidateId' | 'uniform' | 'form'>,
  { folder, run, format }: { folder: string; run: string; format: ExportFormat },
): string[] {
  const stem = fileStem(choice.name);
  const file = `${stem}.json`;
  const made = wayToMake(choice);
  const line = (...words: string[]): string => eqnet(shellArguments(words));
  return [
    ...(made ? [line('config', folder, '--run', run, ...made, '--out', file)] : []),
    line('export', folder, '--run', run, '--config', file, '--format', format.id, '--out', `${stem}${format.extension}`),
  ];
}

function wayToMake({ candidateId, uniform, form }: Pick<Choice, 'candidateId' | 'uniform' | 'form'>): string[] | null {
  if (candidateId !== null) return ['--from-front', candidateId];
  if (uniform === null || form === null) return null;
  const { granularity, weightSymmetry, activationSymmetry } = parseForm(form);
  const symmetries = ['--weight-symmetry', weightSymmetry, '--activation-symmetry', activationSymmetry];
  return ['--uniform', String(uniform), '--granularity', granularity].concat(symmetries);
}
