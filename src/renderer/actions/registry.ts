/**
 * What the actions of src/shared/actions.ts do at the moment: screens and the shell register handlers, menus, palette and
 * keyboard call them. The handler that was registered last is the one that acts.
 */
import { onScopeDispose, shallowReactive } from 'vue';
import { actionById } from '../../shared/actions.ts';

export interface ActionHandler {
  run: (argument: string | null) => void | Promise<void>;
  /** whether it can act now; reactive. Always, when left out */
  enabled?: () => boolean;
  /** what it would act on, e.g. the edit that undo takes back; reactive */
  label?: () => string | null;
}

const handlers = shallowReactive(new Map<string, readonly ActionHandler[]>());

/** @returns takes the handler away again */
export function registerAction(id: string, handler: ActionHandler): () => void {
  if (!actionById.has(id)) throw new Error(`'${id}' is not in the list of actions`);
  handlers.set(id, [...(handlers.get(id) ?? []), handler]);
  return () =>
    handlers.set(
      id,
      (handlers.get(id) ?? []).filter((entry) => entry !== handler),
    );
}

/** Registers a handler for as long as the component (or effect scope) lives. */
export function useAction(id: string, run: ActionHandler['run'], enabled?: () => boolean, label?: () => string | null): void {
  onScopeDispose(registerAction(id, { run, enabled, label }));
}

/** Whether an action would do something now. Reactive. */
export function isEnabled(id: string): boolean {
  const handler = handlers.get(id)?.at(-1);
  return handler !== undefined && (handler.enabled?.() ?? true);
}

/** What an action would act on now; null where it does not say. Reactive. */
export const labelOf = (id: string): string | null => handlers.get(id)?.at(-1)?.label?.() ?? null;

/** @returns false when nothing can act on it now */
export function runAction(id: string, argument: string | null = null): boolean {
  if (!isEnabled(id)) return false;
  void handlers.get(id)?.at(-1)?.run(argument);
  return true;
}
