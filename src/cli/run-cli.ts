import { Command, CommanderError } from 'commander';
import { programVersion } from '../host/package-root.ts';
import { eqnet, programName } from '../shared/contract/command-line.ts';
import { EXIT_CODES, fromErrorPayload, toErrorPayload, WorkbenchError, type ErrorCode } from '../shared/contract/errors.ts';
import { registerConfig } from './commands/config.ts';
import { registerData } from './commands/data.ts';
import { EngineNotReady, registerEngine } from './commands/engine.ts';
import { registerEval } from './commands/eval.ts';
import { registerExport } from './commands/export.ts';
import { registerModel } from './commands/model.ts';
import { registerProfile } from './commands/profile.ts';
import { registerRecipes } from './commands/recipes.ts';
import { registerRun } from './commands/run.ts';
import { registerSearch } from './commands/search.ts';
import { registerServe } from './commands/serve.ts';
import { registerShow } from './commands/show.ts';
import { printJson, type CliContext } from './context.ts';

/** What each exit code means, beside the error codes that share it. */
const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  1: 'a fault in the program',
  2: 'a wrong command, option or value',
  3: 'a recipe, configuration or model is wrong',
  4: 'images are missing, damaged or too few',
  5: 'the native engine is missing or failed',
  6: 'no project there',
  7: 'the project is open elsewhere',
  8: 'it cannot be written',
  9: 'what lies on disk does not fit',
  10: 'the computing process ended; --resume goes on',
  130: 'stopped by Ctrl-C; --resume goes on',
};

function exitCodeHelp(): string {
  const byExit = new Map<number, ErrorCode[]>();
  for (const [code, exit] of Object.entries(EXIT_CODES)) byExit.set(exit, [...(byExit.get(exit) ?? []), code as ErrorCode]);
  const rows = [...byExit]
    .sort(([a], [b]) => a - b)
    .map(([exit, codes]) => {
      const [meaning, names] = [`  ${String(exit).padStart(3)}  ${EXIT_MEANINGS[exit]}`, `(${codes.join(', ')})`];
      return meaning.length + names.length < 80 ? `${meaning} ${names}` : `${meaning}\n       ${names}`;
    });
  return `\nExit codes:\n    0  done\n${rows.join('\n')}\n`;
}

const INTRODUCTION =
  'EQ-Net Workbench trains one network whose layers can be quantized to 2..8 bits in any mixture (a supernet), predicts how ' +
  'accurate every mixture is, searches the best one under a budget of bits, and exports it as an ONNX file that is proved in ' +
  'a second runtime.';

const FIRST_STEPS = `
First steps:
  $ eqnet recipes                                   what there is to run
  $ eqnet run mnist-quick --project digits.eqnet    everything; some minutes
  $ eqnet show digits.eqnet                         what came out
  $ eqnet config digits.eqnet --uniform 4 --out four.json
  $ eqnet eval digits.eqnet --config four.json      any mixture, no training
  $ eqnet export digits.eqnet --config four.json --out four.onnx

'eqnet COMMAND --help' explains a command with examples. Results go to standard
output, progress and errors to standard error; with --json a command prints one
JSON object.
`;

/** Help in which every command of ours reads as it is typed here. */
const helpText = (text: string): string => text.replaceAll(/(?<=\$ |')eqnet /g, `${programName()} `);

function buildProgram(context: CliContext, onError: (text: string) => void): Command {
  const program = new Command(programName())
    .description(INTRODUCTION)
    .version(programVersion, '-V, --version', 'print the version')
    .option('-q, --quiet', 'no progress on standard error')
    .addHelpText('after', FIRST_STEPS + exitCodeHelp())
    .showSuggestionAfterError(true)
    .on('option:quiet', () => {
      context.view.quiet = true;
    });
  registerRun(program, context);
  registerShow(program, context);
  registerEval(program, context);
  registerSearch(program, context);
  registerConfig(program, context);
  registerExport(program, context);
  registerData(program, context);
  registerModel(program, context);
  registerProfile(program, context);
  registerRecipes(program, context);
  registerEngine(program, context);
  registerServe(program, context);
  const quietly = (command: Command): void => {
    command.exitOverride();
    // commander writes a help that nobody asked for, as that of a bare `eqnet engine`, to standard error
    command.configureOutput({ writeOut: (text) => context.out(helpText(text)), writeErr: onError });
    command.configureHelp({ showGlobalOptions: command !== program });
    command.commands.forEach(quietly);
  };
  quietly(program);
  return program;
}

/** One sentence in place of commander's `error: ...` lines. */
function usageError(error: CommanderError, argv: readonly string[]): WorkbenchError {
  if (error.code === 'commander.help')
    return new WorkbenchError('usage', `Unknown command '${argv.at(-1)}': see '${eqnet('--help')}'.`, {}, error);
  const [first, ...more] = error.message
    .replace(/^error: /, '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const hint = more.join(' ').replace(/^\((.*)\)$/, '$1');
  const text = `${first[0].toUpperCase()}${first.slice(1).replace(/\.$/, '')}`;
  return new WorkbenchError(
    'usage',
    `${text}${hint ? ` (${hint})` : ''}: see '${eqnet('--help')}' or '${eqnet('COMMAND --help')}'.`,
    {},
    error,
  );
}

/**
 * Runs one `eqnet` command.
 * @param argv what follows the program's name
 * @returns the exit code; whatever goes wrong was said in one sentence, and with --json as an object on standard output
 */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  let unasked = '';
  try {
    const program = buildProgram(context, (text) => (unasked += text));
    if (!argv.length) {
      context.out(helpText(program.helpInformation() + FIRST_STEPS + exitCodeHelp()));
      return 0;
    }
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    if (thrown instanceof CommanderError && thrown.code === 'commander.help' && argv[0] !== 'help') {
      context.out(helpText(unasked));
      return 0;
    }
    if (thrown instanceof EngineNotReady) return thrown.exitCode;
    const error = thrown instanceof CommanderError ? usageError(thrown, argv) : fromErrorPayload(toErrorPayload(thrown));
    context.view.settle();
    context.view.warn(`eqnet: ${error.message}`);
    if (error.code === 'internal' && process.env.EQNET_DEBUG && thrown instanceof Error) context.view.warn(thrown.stack ?? '');
    if (argv.includes('--json')) printJson(context, { error: { code: error.code, message: error.message, exitCode: error.exitCode } });
    return error.exitCode;
  }
}
