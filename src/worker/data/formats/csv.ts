import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { invalidData, SPLIT_CODE, type DataFormat, type FileStamp, type ImageIndex } from './format.ts';
import { factsOf, isFile, splitOf, stampOf, unreadable } from './paths.ts';

const PATHS = ['path', 'file', 'filename', 'file_name', 'image', 'image_path', 'filepath'];
const LABELS = ['label', 'class', 'target', 'category', 'class_name'];
const SPLITS = ['split', 'set', 'subset', 'partition'];

/** Rows of comma-separated values (RFC 4180): quotes around fields, doubled inside of them. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[at + 1] === '"') field += text[++at];
      else quoted = false;
    } else if (char === '"' && field === '') quoted = true;
    else if (char === ',' || char === '\n') {
      row.push(field.trim());
      field = '';
      if (char === '\n') {
        rows.push(row);
        row = [];
      }
    } else if (char !== '\r') field += char;
  }
  if (field || row.length) rows.push([...row, field.trim()]);
  return rows.filter((cells) => cells.some((cell) => cell !== ''));
}

const column = (head: readonly string[], names: readonly string[]): number => head.findIndex((name) => names.includes(name.toLowerCase()));

/** Numbers in their order, everything else by code units. */
function sortedNames(names: Iterable<string>): string[] {
  const list = [...new Set(names)];
  return list.every((name) => /^\d+$/.test(name)) ? list.sort((a, b) => Number(a) - Number(b)) : list.sort();
}

async function open(path: string): Promise<ImageIndex> {
  const folder = dirname(path);
  const [head = [], ...rows] = parseCsv(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
  const [pathColumn, labelColumn, splitColumn] = [PATHS, LABELS, SPLITS].map((names) => column(head, names));
  if (pathColumn < 0 || labelColumn < 0)
    throw invalidData(
      `${path} has the columns ${head.join(', ') || '(none)'}: its first line must name a column 'path' and a column 'label', and may name 'split'.`,
      path,
    );
  if (!rows.length) throw invalidData(`${path} names no images: it has only its first line.`, path);
  const files: FileStamp[] = [stampOf(folder, path)];
  const places: string[] = [];
  const names: string[] = [];
  const splits: number[] = [];
  for (const [i, row] of rows.entries()) {
    const [file, name] = [row[pathColumn] ?? '', row[labelColumn] ?? ''];
    if (!file || !name) throw invalidData(`Row ${i + 2} of ${path} has no ${file ? 'label' : 'path'}: fill it in or remove the row.`, path);
    const place = resolve(folder, file);
    const facts = factsOf(place);
    if (!facts?.isFile())
      throw invalidData(`Row ${i + 2} of ${path} names ${file}, which is no file in ${folder}: correct it or remove the row.`, path);
    const stated = splitColumn < 0 ? '' : (row[splitColumn] ?? '');
    const split = stated === '' ? SPLIT_CODE.none : splitOf(stated);
    if (split === undefined)
      throw invalidData(`Row ${i + 2} of ${path} has the split '${stated}': it must be train, validation or test.`, path);
    places.push(place);
    names.push(name);
    splits.push(split);
    files.push(stampOf(folder, place, facts));
  }
  const classNames = sortedNames(names);
  const labelOf = new Map(classNames.map((name, label) => [name, label]));
  return {
    format: 'csv',
    count: places.length,
    classNames,
    labels: Int32Array.from(names, (name) => labelOf.get(name)!),
    splits: Uint8Array.from(splits),
    files,
    name: (image) => files[image + 1].name,
    read: async (image) => {
      try {
        return { kind: 'encoded', bytes: await readFile(places[image]) };
      } catch (error) {
        throw unreadable(places[image], error);
      }
    },
    close: async () => undefined,
  };
}

export const csvFormat: DataFormat = { name: 'csv', detect: (path) => isFile(path) && extname(path).toLowerCase() === '.csv', open };
