/**
 * The error that every part of the workbench throws for something a person can mend.
 * `message` is one sentence that names the thing, the value and the way out.
 */
export type ErrorCode =
  | 'usage'
  | 'recipe-invalid'
  | 'config-invalid'
  /** a network that cannot be read or does not fit */
  | 'model-invalid'
  | 'data-invalid'
  | 'engine-missing'
  | 'engine-failed'
  | 'project-missing'
  | 'project-locked'
  /** another window has stored a newer version of what was to be changed */
  | 'stale'
  | 'project-readonly'
  | 'project-newer'
  | 'project-invalid'
  | 'fingerprint-mismatch'
  | 'checkpoint-invalid'
  | 'disk-full'
  | 'worker-died'
  | 'stopped'
  | 'out-of-memory'
  /** only between the interface and its host */
  | 'connection-lost'
  | 'internal';

/** Process exit code of each error code; documented in `eqnet --help` and docs/cli.md. */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  internal: 1,
  'connection-lost': 1,
  usage: 2,
  'recipe-invalid': 3,
  'config-invalid': 3,
  'model-invalid': 3,
  'data-invalid': 4,
  'engine-missing': 5,
  'engine-failed': 5,
  'project-missing': 6,
  'project-locked': 7,
  stale: 7,
  'project-readonly': 8,
  'disk-full': 8,
  'project-newer': 9,
  'project-invalid': 9,
  'fingerprint-mismatch': 9,
  'checkpoint-invalid': 9,
  'worker-died': 10,
  'out-of-memory': 10,
  stopped: 130,
};

/** The serialisable form of an error, as it crosses a process border. */
export interface ErrorPayload {
  code: ErrorCode;
  message: string;
  details?: Record<string, unknown>;
}

export class WorkbenchError extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'WorkbenchError';
    this.code = code;
    this.details = details;
  }

  get exitCode(): number {
    return EXIT_CODES[this.code];
  }

  toPayload(): ErrorPayload {
    return { code: this.code, message: this.message, details: this.details };
  }
}

/** What the system says of a path, in words; the code of the payload that it becomes, and the way out. */
const PATH_PROBLEMS: Readonly<Record<string, readonly [code: ErrorCode, problem: string, remedy: string]>> = {
  EACCES: ['project-readonly', 'cannot be written (EACCES)', 'choose a folder you may write to, or change its permissions'],
  EPERM: ['project-readonly', 'cannot be written (EPERM)', 'choose a folder you may write to, or change its permissions'],
  EROFS: ['project-readonly', 'cannot be written (EROFS)', 'choose a folder you may write to, or change its permissions'],
  EISDIR: ['project-readonly', 'is a folder where a file belongs', 'move it away or choose another place'],
  ENOTDIR: ['project-readonly', 'has a file in its path where a folder belongs', 'move that away or choose another place'],
  EEXIST: ['project-readonly', 'is in the way', 'move it away or choose another place'],
  ENOTEMPTY: ['project-readonly', 'is a folder that is not empty', 'move it away or choose another place'],
  ENAMETOOLONG: ['project-readonly', 'has a name that is too long', 'choose a shorter one'],
  ENOENT: ['project-invalid', 'does not exist', 'see whether it was moved or deleted while it was in use, and put it back'],
};

/**
 * Turns anything thrown into a payload; file-system errors get the code and the sentence that tell a person what to do.
 * @param path the file or folder in use, for an error that does not name one
 */
export function toErrorPayload(error: unknown, path?: string): ErrorPayload {
  if (error instanceof WorkbenchError) return error.toPayload();
  const cause = error as { code?: string; path?: string; syscall?: string } | null;
  const place = path ?? cause?.path;
  if (cause?.code === 'ENOSPC' || cause?.code === 'EDQUOT') {
    return {
      code: 'disk-full',
      message: `The disk is full while writing ${place ?? 'a file'}: free some space and run the same command again, a run with --resume.`,
    };
  }
  const known = cause?.code === undefined || cause.syscall?.startsWith('spawn') ? undefined : PATH_PROBLEMS[cause.code];
  if (known && (place !== undefined || known[0] === 'project-readonly')) {
    const [code, problem, remedy] = known;
    return { code, message: `${place ?? 'A file or folder'} ${problem}: ${remedy}.` };
  }
  return {
    code: 'internal',
    message: error instanceof Error ? error.message : String(error),
    details: { stack: error instanceof Error ? error.stack : undefined },
  };
}

/** Rebuilds the error on the other side of a process border. */
export function fromErrorPayload(payload: ErrorPayload): WorkbenchError {
  return new WorkbenchError(payload.code, payload.message, payload.details);
}
