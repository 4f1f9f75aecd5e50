import type { HostMessage, WorkerMessage } from '../shared/contract/job-protocol.ts';
import { WorkerSession } from './jobs/worker-session.ts';

/** The two ways a worker hears from its host: utilityProcess in the desktop, child_process elsewhere. */
interface Port {
  post(message: WorkerMessage): void;
  onMessage(handle: (message: HostMessage) => void): void;
}

interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', handle: (event: { data: HostMessage }) => void): void;
}

function findPort(): Port {
  const { parentPort } = process as unknown as { parentPort?: ParentPort };
  if (parentPort)
    return {
      post: (message) => parentPort.postMessage(message),
      onMessage: (handle) => parentPort.on('message', ({ data }) => handle(data)),
    };
  return {
    // What a lost host does not hear must not end the worker before its checkpoint is written.
    post: (message) => process.connected && process.send?.(message, () => undefined),
    onMessage: (handle) => process.on('message', (message) => handle(message as HostMessage)),
  };
}

const port = findPort();
const session = new WorkerSession((message) => port.post(message));

port.onMessage((message) => {
  const answered = session.receive(message);
  if (message.type === 'close') void answered.finally(() => process.exit(0));
});

// A worker without a host has nobody to work for: it keeps what it has and ends.
process.on('disconnect', () => {
  if (!session.opened) process.exit(0);
  void session.receive({ type: 'close' }).finally(() => process.exit(0));
});
// A terminal or a service manager signals the whole group; the host decides what it means, and a lost host means stop.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
