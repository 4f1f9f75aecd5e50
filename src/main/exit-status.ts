import { constants } from 'node:os';

export interface ExitStatus {
  /** null when a signal ended the process */
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Some numbers have two names; the first is the usual one. */
const SIGNALS = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name as NodeJS.Signals]),
);

/**
 * How a process ended, from the status that `waitpid` gives on POSIX systems (Electron hands it on as it is): the low
 * seven bits are the signal, the next byte the exit code. Elsewhere the status is the exit code.
 */
export function readExitStatus(status: number, platform: NodeJS.Platform = process.platform): ExitStatus {
  if (platform === 'win32') return { code: status, signal: null };
  const signal = SIGNALS.get(status & 0x7f);
  return signal ? { code: null, signal } : { code: (status >> 8) & 0xff, signal: null };
}
