import { InvalidArgumentError, Option, type Command } from 'commander';
import { DEFAULT_HOST, DEFAULT_PORT, serve } from '../../server/index.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { CliContext } from '../context.ts';
import { parseFolder } from '../options.ts';

const HELP = `
Serves the workbench to a browser: for a machine without a screen, or where the
desktop app does not run. The address it prints holds the token of this start;
whoever has it can read and write below the roots. It listens for this machine
only; from another one use a tunnel:
  $ ssh -L ${DEFAULT_PORT}:127.0.0.1:${DEFAULT_PORT} MACHINE

Ctrl-C stops running jobs with a checkpoint and ends the server; they can be
resumed. The variable EQNET_TOKEN sets the token, so that the address stays.

Examples:
  $ eqnet serve --open                    and show it in the browser
  $ eqnet serve --root ~/projects         projects below this folder only
  $ eqnet serve --port 0                  at any free port
  $ eqnet serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem
`;

interface Options {
  port: number;
  host: string;
  root: string[];
  tlsCert?: string;
  tlsKey?: string;
  allowInsecureRemote?: boolean;
  allowHost: string[];
  open?: boolean;
}

const LAST_PORT = 65535;

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > LAST_PORT) throw new InvalidArgumentError(`It must be a whole number from 0 to ${LAST_PORT}.`);
  return port;
}

function parseHostName(text: string): string {
  if (!/^[\w.:-]+$/.test(text)) throw new InvalidArgumentError('It must be a name or number without port, such as gpu.example.org.');
  return text;
}

function tlsOf({ tlsCert, tlsKey }: Options): { cert: string; key: string } | undefined {
  if (tlsCert !== undefined && tlsKey !== undefined) return { cert: tlsCert, key: tlsKey };
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  const [given, missing] = tlsCert === undefined ? ['--tls-key', '--tls-cert'] : ['--tls-cert', '--tls-key'];
  throw new WorkbenchError('usage', `${given} needs ${missing} as well: give both files.`);
}

async function run(context: CliContext, options: Options): Promise<void> {
  await serve(
    {
      port: options.port,
      host: options.host,
      roots: options.root,
      tls: tlsOf(options),
      allowInsecureRemote: options.allowInsecureRemote ?? false,
      allowHosts: options.allowHost,
      open: options.open ?? false,
    },
    {
      signal: context.signal,
      say: (text) => context.view.line(text),
      onReady: (url) => {
        context.view.line('EQ-Net Workbench is ready; open this address in a browser. Ctrl-C ends it.');
        context.out(`${url}\n`);
      },
    },
  );
}

/** Adds one more value of an option that may be given several times. */
const each =
  (parse: (text: string) => string) =>
  (text: string, previous: string[]): string[] => [...previous, parse(text)];

export function registerServe(program: Command, context: CliContext): void {
  program
    .command('serve')
    .summary('the workbench in a browser')
    .description('Serves the workbench to a browser.')
    .addOption(new Option('--port <n>', '0 to 65535; 0 = any free one').argParser(parsePort).default(DEFAULT_PORT))
    .addOption(new Option('--host <address>', 'address to listen at').argParser(parseHostName).default(DEFAULT_HOST))
    .addOption(
      new Option('--root <dir>', 'folder that projects, images and exports may lie in; may be given several times')
        .argParser(each(parseFolder))
        .default([], 'the current folder and that of the user'),
    )
    .addOption(new Option('--tls-cert <file>', 'certificate (PEM) for encrypted connections').argParser(parseFolder))
    .addOption(new Option('--tls-key <file>', 'key (PEM) of the certificate').argParser(parseFolder))
    .option('--allow-insecure-remote', 'let other machines connect without encryption')
    .addOption(
      new Option('--allow-host <name>', 'further name by which the server is addressed; may be given several times')
        .argParser(each(parseHostName))
        .default([], 'localhost and the own addresses'),
    )
    .option('--open', 'show the page in the browser of this machine')
    .addHelpText('after', HELP)
    .action((options: Options) => run(context, options));
}
