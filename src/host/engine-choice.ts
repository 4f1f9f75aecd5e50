import type { Recipe } from '../shared/schema/recipe.ts';
import { ensureEngine } from './engine/ensure.ts';
import { install } from './engine/install.ts';
import { locateEngine, type EngineLocation } from './engine/locate.ts';
import type { OnProgress } from './engine/progress.ts';
import { dependencyVersion } from './package-root.ts';
import type { RunEngine } from './run-record.ts';

/** The engine that a worker is started with. */
export interface LaunchEngine extends RunEngine {
  addonPath?: string;
  /** One sentence for people when it is not the engine that they could have. */
  notice?: string;
}

const portable = (notice?: string): LaunchEngine => ({
  executor: 'portable',
  version: `tfjs-wasm-${dependencyVersion('@tensorflow/tfjs-backend-wasm')}`,
  notice,
});

const native = (executor: 'session' | 'eager', location: EngineLocation): LaunchEngine => ({
  executor,
  version: location.engineId,
  addonPath: location.addonPath,
});

/** The installed engine of that version, if there is one. */
function installedAs(version: string): EngineLocation | null {
  return [true, false].map((gpu) => locateEngine({ gpu })).find((location) => location?.engineId === version) ?? null;
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
  if (same) return native(wish === 'eager' ? 'eager' : 'session', same);
  if (wish !== 'auto') return native(wish, locateEngine() ?? (await install({ onProgress, signal })));
  const found = await ensureEngine(onProgress, { signal });
  return 'sentence' in found ? portable(found.sentence) : native('session', found);
}
