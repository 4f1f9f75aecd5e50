import { readFileSync } from 'node:fs';
import { eqnet } from '../shared/contract/command-line.ts';
import { WorkbenchError } from '../shared/contract/errors.ts';
import type { LayerFacts, QuantizationPoint } from '../shared/domain/layer-graph.ts';
import { validateConfiguration, type ElasticSpace } from '../shared/domain/validate-configuration.ts';
import { configurationSchema, type Configuration } from '../shared/schema/configuration.ts';
import { withoutMark } from './text-file.ts';
import { writeFileAtomic } from './write-atomic.ts';

/**
 * Reads a configuration file and checks it against a network and its space.
 * @param points of the network; left out, whether layers that share a tensor agree is checked by the worker alone
 * @throws WorkbenchError `config-invalid` with one sentence for each problem
 */
export function readConfigurationFile(
  path: string,
  layers: readonly LayerFacts[],
  space: ElasticSpace,
  points?: readonly QuantizationPoint[],
): Configuration {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new WorkbenchError(
      'config-invalid',
      `Configuration ${path} cannot be read (${(error as NodeJS.ErrnoException).code}): check the path, or write one with '${eqnet('config')}'.`,
      {},
      error,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(withoutMark(text));
  } catch (error) {
    throw new WorkbenchError(
      'config-invalid',
      `Configuration ${path} is not valid JSON (${(error as Error).message}): correct it, or write one with '${eqnet('config')}'.`,
      {},
      error,
    );
  }
  const result = configurationSchema.safeParse(json);
  if (result.success) return validateConfiguration(result.data, layers, space, points);
  const problems = result.error.issues.map((issue) => {
    const place = issue.path
      .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
      .join('')
      .replace(/^\./, '');
    return place ? `'${place}' ${issue.message}` : issue.message;
  });
  throw new WorkbenchError(
    'config-invalid',
    `Configuration ${path} is not valid: ${problems.join('; ')}; write one with '${eqnet('config')}' and change that.`,
    { problems },
  );
}

export function configurationText(configuration: Configuration): string {
  return `${JSON.stringify(configuration, null, 2)}\n`;
}

export function writeConfigurationFile(path: string, configuration: Configuration): void {
  writeFileAtomic(path, configurationText(configuration));
}
