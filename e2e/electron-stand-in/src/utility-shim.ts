/** Runs first in a utility process: gives it `process.parentPort` instead of the channel of child_process. */
import { EventEmitter } from 'node:events';
import { isMainThread } from 'node:worker_threads';

class ParentPort extends EventEmitter {
  private readonly waiting: unknown[] = [];

  constructor(private readonly post: (message: unknown) => void) {
    super();
    // messages wait for the first listener
    this.on('newListener', (event) => {
      if (event !== 'message' || this.waiting.length === 0) return;
      setImmediate(() => {
        for (const data of this.waiting.splice(0)) this.emit('message', { data, ports: [] });
      });
    });
  }

  postMessage(message: unknown): void {
    this.post(message);
  }

  receive(data: unknown): void {
    if (this.waiting.length > 0 || this.listenerCount('message') === 0) this.waiting.push(data);
    else this.emit('message', { data, ports: [] });
  }
}

function becomeUtility(): void {
  const send = process.send!.bind(process);
  const port = new ParentPort((message) => send(message));
  process.on('message', (message) => port.receive(message));
  // a utility process ends with its app
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  Object.defineProperty(process, 'send', { value: undefined });
  Object.defineProperty(process, 'parentPort', { value: port });
  Object.defineProperty(process, 'type', { value: 'utility' });
}

// a thread of the process is started with the same arguments, and has neither channel
if (isMainThread) becomeUtility();
