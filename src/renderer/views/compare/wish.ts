/** What the dialog for adding to Compare hands back, and how pasted text becomes a configuration. */
import type { RunView } from '../../../shared/contract/api/views.ts';
import { WorkbenchError } from '../../../shared/contract/errors.ts';
import type { LayerFacts, QuantizationPoint } from '../../../shared/domain/layer-graph.ts';
import { validateConfiguration, type ElasticSpace } from '../../../shared/domain/validate-configuration.ts';
import { configurationSchema, type Configuration } from '../../../shared/schema/configuration.ts';

/** A configuration that is to be compared: one of the shelf, or a new one. */
export type Wish =
  { kind: 'shelf'; id: string } | { kind: 'new'; run: string; name: string; configuration: Configuration; candidateId: string | null };

/** Runs that configurations can be taken of: those with a trained supernet, newest first. */
export const usableRuns = (runs: readonly RunView[]): RunView[] =>
  runs.filter(({ phases, network }) => phases.supernet.state === 'done' && network !== null).reverse();

const place = (path: readonly PropertyKey[]): string =>
  path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');

/**
 * Reads a configuration as `eqnet config` writes it, and checks it against a network and its space.
 * @returns the configuration, or a sentence for every problem
 */
export function readConfiguration(
  text: string,
  facts: readonly LayerFacts[],
  space: ElasticSpace,
  points: readonly QuantizationPoint[],
): { configuration: Configuration } | { problems: string[] } {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    return { problems: [error instanceof Error ? error.message : String(error)] };
  }
  const parsed = configurationSchema.safeParse(json);
  if (!parsed.success)
    return { problems: parsed.error.issues.map(({ path, message }) => (path.length ? `${place(path)}: ${message}` : message)) };
  try {
    return { configuration: validateConfiguration(parsed.data, facts, space, points) };
  } catch (error) {
    if (!(error instanceof WorkbenchError)) throw error;
    const { problems } = error.details;
    return { problems: Array.isArray(problems) ? problems.map(String) : [error.message] };
  }
}
