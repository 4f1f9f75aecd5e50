/** The interface's end of the contract: a typed client whose errors are WorkbenchErrors again. */
import { createORPCClient, mapEventIterator, ORPCError, type ClientContext, type ClientLink } from '@orpc/client';
import type { ContractRouterClient } from '@orpc/contract';
import type { Contract } from './api/index.ts';
import { EXIT_CODES, WorkbenchError, type ErrorCode } from './errors.ts';

export type HostClient = ContractRouterClient<Contract>;
/** Carries calls to a host; every call knows only its path and input. */
export type HostTransport = ClientLink<ClientContext>;

const isErrorCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(EXIT_CODES, code);

/** Whatever a call failed with, as the error that its host threw. */
export function toWorkbenchError(error: unknown): WorkbenchError {
  if (error instanceof WorkbenchError) return error;
  if (!(error instanceof ORPCError))
    return new WorkbenchError('internal', error instanceof Error ? error.message : String(error), {}, error);
  const { code, details } = ((error.data as unknown) ?? {}) as { code?: unknown; details?: Record<string, unknown> };
  return new WorkbenchError(error.code === 'WORKBENCH' && isErrorCode(code) ? code : 'internal', error.message, details, error);
}

export const isEventStream = (value: unknown): value is AsyncIterator<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

/**
 * The client of a host behind a transport. Calls and event streams fail with WorkbenchErrors only; a call that its caller
 * has aborted fails with the reason of the abort.
 */
export function createHostClient(transport: HostTransport): HostClient {
  return createORPCClient<HostClient>({
    async call(path, input, options) {
      const convert = (error: unknown): unknown => (options.signal?.aborted ? options.signal.reason : toWorkbenchError(error));
      try {
        const output = await transport.call(path, input, options);
        if (!isEventStream(output)) return output;
        return mapEventIterator(output, { value: async (value) => value, error: async (error) => convert(error) });
      } catch (error) {
        throw convert(error);
      }
    },
  });
}
