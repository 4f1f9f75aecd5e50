import { readFileSync } from 'node:fs';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { WorkbenchError } from '../shared/contract/errors.ts';

export interface TlsFiles {
  cert: string;
  key: string;
}

/** Whether a numeric address can be reached from this machine only. */
function isLoopback(address: string): boolean {
  const v4 = address.replace(/^::ffff:/i, '');
  return isIP(v4) === 4 ? v4.startsWith('127.') : address === '::1';
}

async function resolve(host: string): Promise<string> {
  if (isIP(host)) return host;
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new WorkbenchError(
      'usage',
      `--host ${host} is no address of this machine: give a name or number that it has, such as 127.0.0.1.`,
      {},
      cause,
    );
  }
}

/**
 * The numeric address to listen at. Every address but loopback needs TLS, or the explicit word that a clear connection
 * is wanted: the token and everything else could be read on the way.
 */
export async function chooseAddress(options: { host: string; tls: boolean; allowInsecureRemote: boolean }): Promise<string> {
  const address = await resolve(options.host);
  if (isLoopback(address) || options.tls || options.allowInsecureRemote) return address;
  throw new WorkbenchError(
    'usage',
    `--host ${options.host} can be reached from other machines and the connection is not encrypted: add --tls-cert and --tls-key, ` +
      `or stay at 127.0.0.1 and use a tunnel ('ssh -L 7650:127.0.0.1:7650 THIS-MACHINE'), or accept the risk with --allow-insecure-remote.`,
  );
}

function readPem(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new WorkbenchError('usage', `${option} ${file} cannot be read (${code}): give a PEM file that is there and readable.`, {}, cause);
  }
}

/** Reads the certificate and its key, and makes sure that they belong together. */
export function readTls({ cert, key }: TlsFiles): { cert: Buffer; key: Buffer } {
  const pair = { cert: readPem('--tls-cert', cert), key: readPem('--tls-key', key) };
  try {
    createSecureContext(pair);
  } catch (cause) {
    throw new WorkbenchError(
      'usage',
      `The certificate ${cert} and the key ${key} cannot be used (${(cause as Error).message}): give a PEM certificate and the unencrypted PEM key that belongs to it.`,
      {},
      cause,
    );
  }
  return pair;
}
