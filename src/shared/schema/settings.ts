import { z } from 'zod';

export const THEMES = ['system', 'light', 'dark'] as const;
export const LANGUAGES = ['en', 'de'] as const;

/** What a person sets once for all projects; kept by the host in its own folder. */
export const settingsSchema = z.strictObject({
  theme: z.enum(THEMES).default('system').describe('colours'),
  language: z
    .enum(['system', ...LANGUAGES])
    .default('system')
    .describe('language of the interface'),
  workerRuntime: z
    .enum(['host', 'node'])
    .default('host')
    .describe('host: jobs run in a process of the app; node: in a plain Node.js, the way out when a native library clashes with the app'),
  executor: z.enum(['auto', 'session', 'portable']).default('auto').describe('engine of new runs'),
  threads: z.number().int().min(1).max(1024).nullable().default(null).describe('threads of new runs; null = all cores'),
  jobs: z.number().int().min(1).max(16).default(1).describe('jobs that may run at the same time on the processor'),
  notifications: z.boolean().default(true).describe('tell the system when a job is done or has failed'),
});
export type Settings = z.infer<typeof settingsSchema>;
