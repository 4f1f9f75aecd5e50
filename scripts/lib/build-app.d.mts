export function ensurePages(say: (line: string) => void): Promise<void>;
export function ensureApp(say: (line: string) => void): Promise<void>;
