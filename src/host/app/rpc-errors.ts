import { ORPCError } from '@orpc/server';
import { toErrorPayload } from '../../shared/contract/errors.ts';

interface Issue {
  path?: readonly (PropertyKey | { key: PropertyKey })[];
  message: string;
}

const isIssues = (value: unknown): value is readonly Issue[] => Array.isArray(value) && value.length > 0;

/** What the schemas of the contract say of an input, as one sentence. */
function refusal(issues: readonly Issue[]): string {
  const phrases = issues.map(({ path = [], message }) => {
    const name = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return name ? `'${name}': ${message}` : message;
  });
  return `A value was refused: ${phrases.join('; ')}.`;
}

/**
 * Whatever a procedure threw, as the one error that the contract knows; faults of the program are told on standard error too.
 * @param path the procedure, for that
 */
export function toRpcError(
  error: unknown,
  path: readonly string[],
): ORPCError<'WORKBENCH', { code: string; details?: Record<string, unknown> }> {
  const issues = error instanceof ORPCError ? (error.data as { issues?: unknown } | undefined)?.issues : undefined;
  const { code, message, details } = isIssues(issues) ? { code: 'usage', message: refusal(issues), details: {} } : toErrorPayload(error);
  if (code === 'internal') process.stderr.write(`${path.join('.')}: ${error instanceof Error ? error.stack : message}\n`);
  // a stack is for us, not for a window
  return new ORPCError('WORKBENCH', { status: 422, message, data: { code, details: code === 'internal' ? {} : details }, cause: error });
}
