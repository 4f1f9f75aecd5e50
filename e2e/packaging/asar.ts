import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Entry {
  files?: Record<string, Entry>;
  size?: number;
  offset?: string;
  unpacked?: boolean;
  link?: string;
}

/** A file of an archive: null content = it lies beside the archive. */
export interface ArchiveFile {
  path: string;
  content: Buffer | null;
}

/** Reads Electron's archive format: two length words, a JSON tree with its own length before it, and the files. */
export function readArchive(path: string): ArchiveFile[] {
  const archive = readFileSync(path);
  const begin = 8 + archive.readUInt32LE(4);
  const tree = JSON.parse(archive.toString('utf8', 16, 16 + archive.readUInt32LE(12))) as Entry;
  const files: ArchiveFile[] = [];
  const visit = (entry: Entry, name: string) => {
    for (const [child, below] of Object.entries(entry.files ?? {})) visit(below, name ? `${name}/${child}` : child);
    if (entry.files || entry.link) return;
    const start = begin + Number(entry.offset ?? 0);
    files.push({ path: name, content: entry.unpacked ? null : archive.subarray(start, start + (entry.size ?? 0)) });
  };
  visit(tree, '');
  return files;
}

/** Lays an archive and what lies beside it out as plain files. */
export function extractArchive(archive: string, folder: string): void {
  cpSync(`${archive}.unpacked`, folder, { recursive: true, verbatimSymlinks: true });
  for (const { path, content } of readArchive(archive)) {
    if (!content) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}
