import { app } from 'electron';

/** Jobs answer a stop after their current step and a checkpoint; a step of the portable engine takes seconds. */
const CLOSE_LIMIT_MS = 75_000;

/**
 * Runs `close` before the app ends, however it is asked to, and waits for it up to a limit: jobs checkpoint and
 * projects are closed. A start of the program meanwhile comes after the end.
 *
 * @returns whether the app is on its way out
 */
export function closeBeforeQuit(close: () => Promise<void>, limitMs = CLOSE_LIMIT_MS): () => boolean {
  let state: 'open' | 'closing' | 'closed' = 'open';
  app.on('before-quit', (event) => {
    if (state === 'closed') return;
    event.preventDefault();
    if (state === 'closing') return;
    state = 'closing';
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs);
    });
    void Promise.race([close().catch(report), limit]).then(() => {
      clearTimeout(timer);
      state = 'closed';
      app.quit();
    });
  });
  return () => state !== 'open';
}

function report(error: unknown): void {
  process.stderr.write(`Closing failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
