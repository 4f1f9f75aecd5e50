/** The environment of the process; there is none in a browser. */
function environment(): Readonly<Record<string, string | undefined>> {
  return (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {};
}

/** What a person types to start the command line here: `eqnet`, or from a checkout the form that started this process. */
export const programName = (): string => environment().EQNET_PROGRAM || 'eqnet';

/** A command of ours as a person types it here, e.g. `eqnet show DIR`. Every sentence that names a command takes it from here. */
export const eqnet = (rest: string): string => `${programName()} ${rest}`;

/** Arguments as a shell takes them; those with blanks or other special characters in quotes. */
export const shellArguments = (argv: readonly string[]): string =>
  argv.map((argument) => (/^[\w@%+=:,./\\~-]+$/.test(argument) ? argument : `"${argument.replaceAll('"', '\\"')}"`)).join(' ');
