import { oc } from '@orpc/contract';
import { z } from 'zod';
import { PHASES } from '../job-protocol.ts';

/**
 * Every procedure can fail with WORKBENCH: a sentence that names the thing, the value and the way out, with the code of
 * shared/contract/errors.ts. Anything else is a defect.
 */
export const base = oc.errors({
  WORKBENCH: { status: 422, data: z.object({ code: z.string(), details: z.record(z.string(), z.unknown()).optional() }) },
});

/** Longest path that a host accepts. */
const MAX_PATH = 4096;

export const pathSchema = z
  .string()
  .min(1)
  .max(MAX_PATH)
  // eslint-disable-next-line no-control-regex -- a NUL ends a path early in native code
  .regex(/^[^\u0000]*$/, 'may not hold a NUL character');
const runIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,127}$/, 'is not the id of a run');
export const phaseSchema = z.enum(PHASES);

/** Names an open project by its folder. */
export const projectRef = z.strictObject({ project: pathSchema });
/** Names a run of an open project. */
export const runRef = projectRef.extend({ run: runIdSchema });
