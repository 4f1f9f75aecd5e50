// Sections of docs/results.md between marks, each of which a program of its own writes; scripts/results.mjs keeps them when it writes the rest.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const begin = (name) => `<!-- ${name}: begin -->`;
const end = (name) => `<!-- ${name}: end -->`;
const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

/** A section with its marks; empty where a file has none. */
function sectionOf(text, name) {
  const from = text.indexOf(begin(name));
  const to = text.indexOf(end(name), from);
  return from < 0 || to < 0 ? '' : text.slice(from, to + end(name).length);
}

/** All sections with their marks, in their order. */
export function keptSections(file) {
  const text = read(file);
  const names = [...text.matchAll(/<!-- ([a-z-]+): begin -->/g)].map(([, name]) => name);
  return names.map((name) => sectionOf(text, name)).filter(Boolean);
}

/** Puts a section into a file, in place of the one of that name that it has. */
export function putSection(file, name, content) {
  const text = read(file) || '# Results\n';
  const section = `${begin(name)}\n\n${content.trim()}\n\n${end(name)}`;
  const old = sectionOf(text, name);
  writeFileSync(file, old ? text.replace(old, () => section) : `${text.trimEnd()}\n\n${section}\n`);
}

/** Rows of cells in Markdown. */
export const markdownRows = (head, rows) => [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
