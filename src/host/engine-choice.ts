import type { Recipe } from '../shared/schema/recipe.ts';
import { ensureEngine, withFusedOps } from './engine/ensure.ts';
import { install } from './engine/install.ts';
import { locateEngine, type EngineLocation } from './engine/locate.ts';
import type { OnProgress } from './engine/progress.ts';
import { dependencyVersion } from './package-root.ts';
import type { RunEngine } from './run-record.ts';

/** The engine that a worker is started with. */
export interface LaunchEngine extends RunEngine {
  addonPath?: string;
  /** our own ops, where they could be compiled */
  opsPath?: string;
  /** One sentence for people when it is not the engine that they could have. */
  notice?: string;
}

const portable = (notice?: string): LaunchEngine => ({
  executor: 'portable',
  version: `tfjs-wasm-${dependencyVersion('@tensorflow/tfjs-backend-wasm')}`,
  notice,
});

/** Names what computes: the build of TensorFlow and, where they are there, our own ops. */
export const engineVersion = ({ engineId, ops }: EngineLocation): string => (ops ? `${engineId}+${ops.digest}` : engineId);

const native = (executor: 'session' | 'eager', location: EngineLocation): LaunchEngine => ({
  executor,
  version: engineVersion(location),
  addonPath: location.addonPath,
  opsPath: location.ops?.path,
});

/** The installed engine of that version, if there is one. */
function installedAs(version: string): EngineLocation | null {
  return (
    [true, false].map((gpu) => locateEngine({ gpu })).find((location) => location && version.split('+')[0] === location.engineId) ?? null
  );
}

/**
 * Finds the engine for a wish, and sets the native one up at its first use.
 * @param version of a run that goes on: where both builds are installed, the one with which it began
 * @param wish `auto` takes the native engine where there is or can be one, else the portable one with a notice
 * @throws WorkbenchError `engine-missing` or `engine-failed` when the native engine was asked for by name and cannot be had
 */
export async function chooseEngine(
  wish: Recipe['engine']['executor'],
  onProgress?: OnProgress,
  signal?: AbortSignal,
  version?: string,
): Promise<LaunchEngine> {
  if (wish === 'portable') return portable();
  const same = version === undefined ? null : installedAs(version);
  if (same) return native(wish === 'eager' ? 'eager' : 'session', await withFusedOps(same, onProgress, { signal }));
  if (wish !== 'auto')
    return native(wish, await withFusedOps(locateEngine() ?? (await install({ onProgress, signal })), onProgress, { signal }));
  const found = await ensureEngine(onProgress, { signal });
  return 'sentence' in found ? portable(found.sentence) : native('session', found);
}
