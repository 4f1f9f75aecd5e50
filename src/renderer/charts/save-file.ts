/** Saves a picture or table of a chart under a name. */
export type SaveFile = (name: string, content: string | Blob, mime: string) => void | Promise<void>;
