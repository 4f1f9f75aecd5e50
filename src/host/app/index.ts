export { createWorkbench, type Workbench } from './workbench.ts';
export type { WorkbenchOptions } from './options.ts';
export type { WorkbenchRouter } from './router.ts';
export { HOST_LISTENER } from './event-hub.ts';
