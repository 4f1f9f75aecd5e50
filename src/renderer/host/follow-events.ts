import type { HostEvent } from '../../shared/contract/api/views.ts';
import { toWorkbenchError } from '../../shared/contract/client.ts';
import type { HostLink } from './host-link.ts';

/** ms before a stream that the host has ended is asked for again. */
const PAUSE_MS = 500;

/**
 * Follows the events of the host for this window for ever: when the connection was lost and is back, a new stream begins with
 * the present state of everything.
 * @param onEvent is called in order, one event at a time
 * @returns ends it
 */
export function followEvents(link: HostLink, onEvent: (event: HostEvent) => void): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  const follow = async (): Promise<void> => {
    while (!signal.aborted && (await link.whenOpen())) {
      try {
        for await (const event of await link.client.app.events({ window: link.window }, { signal })) {
          if (signal.aborted) return;
          onEvent(event);
        }
      } catch (error) {
        if (signal.aborted) return;
        // with the connection lost, the next turn waits for it; anything else is a fault, told like every uncaught one
        if (toWorkbenchError(error).code !== 'connection-lost')
          queueMicrotask(() => {
            throw error;
          });
      }
      if (!signal.aborted && link.state === 'open') await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  void follow();
  return () => abort.abort();
}
