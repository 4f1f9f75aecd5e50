import { computed, type ComputedRef } from 'vue';
import { spaceProblems } from '../../shared/domain/layer-space.ts';
import { buildSearchSpace, spaceSize } from '../../shared/domain/space.ts';
import { powerOfTen } from '../format.ts';
import { useProjects } from '../stores/projects.ts';

export interface SpaceSizeWords {
  /** log10 of the count; null while unknown, or where the space is empty */
  log10: number | null;
  mantissa: string;
  /** null where the count is small enough to be written out */
  exponent: number | null;
  /** plain text, e.g. `5.7 × 10^30`; null while unknown */
  text: string | null;
  /** the same to be read aloud */
  spoken: string;
  /** why the space cannot be trained, one sentence each */
  problems: readonly string[];
}

/** Number of configurations of the draft's space, one form for the whole network. */
export function useSpaceSize(): ComputedRef<SpaceSizeWords> {
  const projects = useProjects();
  return computed(() => {
    const none: SpaceSizeWords = { log10: null, mantissa: '', exponent: null, text: null, spoken: '', problems: [] };
    const { draft, network } = projects;
    if (!draft || !network) return none;
    const problems = spaceProblems(draft.space, network.layers, network.points);
    let log10: number;
    try {
      log10 = spaceSize(buildSearchSpace(network.layers, network.points, draft.space), draft.space).globalForm;
    } catch {
      // layers that read one tensor have nothing in common: the Space screen says which
      return { ...none, problems };
    }
    const { mantissa, exponent } = powerOfTen(log10);
    const text = exponent === null ? mantissa : `${mantissa} × 10^${exponent}`;
    return { log10, mantissa, exponent, text, spoken: text, problems };
  });
}
