import { basename, relative } from 'node:path';

/** How people call `eqnet` from a checkout. */
export const CHECKOUT_PROGRAM = 'npm run eqnet --';

/**
 * The command that started this process, as people type it: `eqnet` where the package is installed or linked, else the
 * form of the checkout.
 * @param {NodeJS.ProcessEnv} [env]
 * @param {string} [script] what Node was started with
 */
export function programName(env = process.env, script = process.argv[1] ?? '') {
  if (env.npm_lifecycle_event === 'eqnet') return CHECKOUT_PROGRAM;
  if (basename(script) !== 'eqnet.mjs' || /[\\/]node_modules[\\/]/.test(script)) return 'eqnet';
  return `node ${relative(process.cwd(), script)}`;
}
