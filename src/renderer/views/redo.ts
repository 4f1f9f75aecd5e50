/** Doing phases of a finished run again with other settings of the draft. */
import { PHASES, type Phase } from '../../shared/contract/job-protocol.ts';
import type { RunView } from '../../shared/contract/api/views.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { duration } from '../format.ts';
import { t } from '../i18n.ts';
import { useDialogs } from '../shell/dialogs.ts';
import { useApp } from '../stores/app.ts';
import { useProjects } from '../stores/projects.ts';
import { useRuns } from '../stores/runs.ts';

/** The recipe of a run with sections of the draft in place of its own. */
export function recipeWith(run: Pick<RunView, 'settings'>, draft: Recipe, sections: readonly ('predictor' | 'search')[]): Recipe {
  const next = { ...run.settings };
  for (const section of sections) Object.assign(next, { [section]: draft[section] });
  return next;
}

/** Seconds that a run spent from a phase on. */
export function secondsFrom(run: Pick<RunView, 'phases'>, from: Phase): number {
  return PHASES.slice(PHASES.indexOf(from)).reduce((sum, phase) => sum + run.phases[phase].seconds, 0);
}

/**
 * Asks, where results would be lost, and does the phases from `from` on again.
 * @returns false when it was cancelled or refused
 */
export async function redo(run: RunView, from: Phase, sections: readonly ('predictor' | 'search')[]): Promise<boolean> {
  const app = useApp();
  const projects = useProjects();
  const draft = projects.draft;
  if (!draft) return false;
  const lost = PHASES.slice(PHASES.indexOf(from)).filter((phase) => run.phases[phase].state !== 'pending');
  if (lost.length > 0) {
    const names = lost.map((phase) => t(`shell.phase.${phase}`)).join(', ');
    const question = {
      title: t('predictor.redo.title', { phase: t(`shell.phase.${from}`) }),
      text: t('predictor.redo.text', { phases: names, time: duration(secondsFrom(run, from)) }),
      action: t('predictor.redo.action'),
    };
    if (!(await useDialogs().confirm(question))) return false;
  }
  const done = await app.attempt(async () => {
    await projects.flush();
    await useRuns().resume(run.id, { from, recipe: JSON.parse(JSON.stringify(recipeWith(run, draft, sections))) as Recipe });
    return true;
  });
  return done === true;
}
