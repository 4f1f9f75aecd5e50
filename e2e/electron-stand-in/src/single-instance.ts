import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Claim {
  /** whether this process is the first on its user data */
  first: boolean;
  /** resolves when the first instance has been told about this one */
  told: Promise<void>;
  release(): void;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Claims the user data for this process, or tells the process that has it about our command line. */
export function claimInstance(userData: string, onSecond: (argv: string[], directory: string) => void): Claim {
  const lock = join(userData, 'stand-in-instance');
  // the path of a socket may have about a hundred characters
  const name = createHash('sha256').update(userData).digest('hex').slice(0, 20);
  const address = join(tmpdir(), `eqnet-instance-${name}.sock`);
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
  } catch {
    if (isAlive(Number(readFileSync(lock, 'utf8')))) return { first: false, told: tellFirst(address), release: () => undefined };
    writeFileSync(lock, String(process.pid));
  }
  rmSync(address, { force: true });
  const server = createServer((socket) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('end', () => {
      const { argv, directory } = JSON.parse(text) as { argv: string[]; directory: string };
      onSecond(argv, directory);
    });
  });
  server.listen(address);
  server.unref();
  return {
    first: true,
    told: Promise.resolve(),
    release: () => {
      server.close();
      rmSync(lock, { force: true });
    },
  };
}

function tellFirst(address: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('error', () => resolve());
    socket.end(JSON.stringify({ argv: process.argv, directory: process.cwd() }), () => resolve());
  });
}
