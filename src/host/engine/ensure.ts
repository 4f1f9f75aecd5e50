import { dirname } from 'node:path';
import { eqnet } from '../../shared/contract/command-line.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { cacheDirectory } from './cache-dir.ts';
import { buildFusedOps } from './fused-ops.ts';
import { install, type InstallOptions } from './install.ts';
import { damageOf, locateEngine, type EngineLocation } from './locate.ts';
import { chooseManifest, currentPlatform, PORTABLE_SLOWDOWN, type Platform } from './platform.ts';
import type { OnProgress } from './progress.ts';
import { compilerRemedy, findCompiler, findPip, pipRemedy } from './tools.ts';

/** There is no engine and none could be installed; the caller goes on with the portable engine and says the sentence. */
export interface EngineMissing {
  /** what is absent, one phrase each */
  missing: string[];
  /** one sentence: what is missing, what it costs, what mends it */
  sentence: string;
}

/** The engine with our own ops, which are compiled where this version of the program has none yet. */
export async function withFusedOps(
  engine: EngineLocation,
  onProgress?: OnProgress,
  { env, signal }: Pick<InstallOptions, 'env' | 'signal'> = {},
): Promise<EngineLocation> {
  if (engine.ops || engine.gpu) return engine;
  onProgress?.({ step: 'Compiling the fused ops', done: 0, total: 1, unit: 'steps' });
  const ops = await buildFusedOps(dirname(dirname(engine.libDir)), engine.addonPath, env, signal);
  return 'problem' in ops ? engine : { ...engine, ops };
}

/**
 * The engine to use: the installed one, or one that is installed now, at first use.
 * Never throws for a machine that cannot have one, and never for a failed download: the portable engine still works.
 *
 * @throws WorkbenchError 'stopped' when the signal comes
 */
export async function ensureEngine(
  onProgress?: OnProgress,
  options: Omit<InstallOptions, 'onProgress'> = {},
  platform: Platform = currentPlatform(),
): Promise<EngineLocation | EngineMissing> {
  const located = locateEngine(options);
  if (located) return withFusedOps(located, onProgress, options);
  const choice = chooseManifest(platform, options.gpu ? 'gpu' : 'cpu');
  if ('unsupported' in choice)
    return { missing: [`a TensorFlow engine for ${platform.os}-${platform.arch}`], sentence: choice.unsupported };
  const [{ pip }, compiler] = await Promise.all([findPip(options.env), findCompiler(options.env)]);
  const missing = [
    ...(pip ? [] : [{ what: 'a Python with pip', remedy: pipRemedy(platform.os as NodeJS.Platform) }]),
    ...(compiler ? [] : [{ what: 'a C++ compiler', remedy: compilerRemedy(platform.os as NodeJS.Platform) }]),
  ];
  if (missing.length > 0) {
    const remedies = [...new Set(missing.map(({ remedy }) => remedy))].join(', ');
    const damage = damageOf(choice.manifest, options.cacheDir ?? cacheDirectory(options.env));
    const engine = damage
      ? `The installed TensorFlow engine is broken (${damage}) and cannot be set up again`
      : 'The TensorFlow engine cannot be set up';
    return {
      missing: missing.map(({ what }) => what),
      sentence: `${engine} without ${missing.map(({ what }) => what).join(' and ')} (${remedies}, then ${eqnet('engine install')}), so the portable engine is used, which is ${PORTABLE_SLOWDOWN}.`,
    };
  }
  try {
    return await withFusedOps(await install({ ...options, onProgress }), onProgress, options);
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code === 'stopped') throw error;
    return {
      missing: ['the TensorFlow engine, whose set-up failed'],
      sentence: `The portable engine is used, which is ${PORTABLE_SLOWDOWN}, because the TensorFlow engine could not be set up: ${error.message}`,
    };
  }
}
