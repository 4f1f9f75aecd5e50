/** Keeps what searches on demand found with the project, so that it outlasts their jobs. */
import { watch } from 'vue';
import type { JobView } from '../../../shared/contract/api/views.ts';
import type { SearchPhaseResult } from '../../../shared/contract/job-protocol.ts';
import { configurationKey } from '../../../shared/domain/configuration.ts';
import { useApp } from '../../stores/app.ts';
import { useJobs } from '../../stores/jobs.ts';
import type { FoundCandidate } from './search-rows.ts';
import type { SearchSettings } from './search-settings.ts';

/** jobs of a run that are remembered as adopted */
const MOST_ADOPTED = 20;

/** The predicted configurations of a search's result. */
function candidatesOf(result: unknown): FoundCandidate[] {
  const { candidates = [] } = (result ?? {}) as Partial<SearchPhaseResult>;
  return candidates.flatMap(({ configuration, predicted }) =>
    predicted === null ? [] : [{ key: configurationKey(configuration), predicted }],
  );
}

/**
 * @param fit run and fit of its predictor: another fit predicts in another way, so what was found belongs to one
 * @param onFound gets the best of each search
 */
export function adoptFound(
  settings: SearchSettings,
  run: () => string | undefined,
  fit: () => string,
  finished: () => readonly JobView[],
  onFound: (key: string) => void,
): void {
  const app = useApp();
  const jobs = useJobs();
  const isAdopted = (id: string, job: string): boolean => settings.adopted[id]?.includes(job) ?? false;

  function keep(id: string, job: string, list: readonly FoundCandidate[]): void {
    const key = fit();
    const known = new Map([...(settings.found[key] ?? []), ...list].map((each) => [each.key, each]));
    const others = Object.entries(settings.found).filter(([other]) => !other.startsWith(`${id} `));
    settings.found = { ...Object.fromEntries(others), [key]: [...known.values()] };
    settings.adopted = { ...settings.adopted, [id]: [...(settings.adopted[id] ?? []), job].slice(-MOST_ADOPTED) };
    if (list[0]) onFound(list[0].key);
  }

  const asking = new Set<string>();
  watch(
    finished,
    async (list) => {
      const id = run();
      if (id === undefined) return;
      for (const job of list) {
        if (isAdopted(id, job.id) || asking.has(job.id)) continue;
        asking.add(job.id);
        const result = await app.attempt(() => jobs.result(job.id));
        asking.delete(job.id);
        // meanwhile another run may be shown; its own visit adopts it
        if (result !== undefined && run() === id && !isAdopted(id, job.id)) keep(id, job.id, candidatesOf(result));
      }
    },
    { immediate: true },
  );
}
