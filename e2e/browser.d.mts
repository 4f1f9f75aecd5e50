export function findChromium(env?: NodeJS.ProcessEnv): Promise<string | null>;
export const CHROMIUM_SWITCHES: string[];
