import { app } from 'electron';
import { projectArgument, projectFolder } from './open-argument.ts';

/** A wish from outside: a project to open, or null for "come to the front". */
export type OpenHandler = (project: string | null) => void;

/**
 * Collects what the system asks for from the first moment on: the program's argument, a second start of it, a project
 * dropped on its icon. Requests that come before `handle` are kept for it.
 */
export function openRequests() {
  const waiting: string[] = [];
  let handler: OpenHandler | null = null;
  const ask = (project: string | null) => {
    if (handler) handler(project);
    else if (project) waiting.push(project);
  };

  const first = projectArgument(process.argv.slice(1), process.cwd());
  if (first) waiting.push(first);
  app.on('second-instance', (_event, argv, directory) => ask(projectArgument(argv.slice(1), directory)));
  app.on('open-file', (event, path) => {
    event.preventDefault();
    const project = projectFolder(path);
    if (project) ask(project);
  });

  return {
    /** Hands over what has waited, then everything as it comes. */
    handle(next: OpenHandler): void {
      handler = next;
      for (const project of waiting.splice(0)) next(project);
    },
  };
}

export type OpenRequests = ReturnType<typeof openRequests>;
