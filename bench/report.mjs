// The part of docs/benchmarks.md that `npm run bench` writes, and the judgement of `npm run bench:quick`.
import { BUSY, machineText, markdownTable } from './runner.mjs';

const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';

/** Puts text between the two marks of a document. @throws {Error} when it lacks one */
export function replaceSection(document, text) {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin)
    throw new Error(`docs/benchmarks.md lacks the lines '${BEGIN}' and '${END}': put them where the tables shall be.`);
  return `${document.slice(0, begin + BEGIN.length)}\n\n${text}${text && '\n\n'}${document.slice(end)}`;
}

/**
 * Tables of all benchmarks that were run.
 * @param benchmarks their names and titles, in order
 * @param found      by name, what each wrote
 */
export function sectionText(benchmarks, found) {
  return benchmarks
    .filter(({ name }) => found[name])
    .map(({ name, title }) => {
      const { date, machine, tables, notes, ratios, turns, disturbed, options = [] } = found[name];
      const parts = [`## ${title}: measured ${date.slice(0, 10)}`, `${machineText(machine)}.`];
      if (options.length) parts.push(`With \`${options.join(' ')}\`.`);
      if (disturbed)
        parts.push(`In turns with a star (${disturbed} of ${turns}) other programs had more than ${100 * BUSY} % of the processors.`);
      for (const table of tables) parts.push(`### ${table.title}`, markdownTable(table.rows));
      parts.push(markdownTable([['key ratio', 'value'], ...Object.entries(ratios).map(([key, value]) => [key, value.toFixed(3)])]));
      if (notes.length) parts.push(notes.map((note) => `- ${note}`).join('\n'));
      return parts.join('\n\n');
    })
    .join('\n\n');
}

/**
 * Compares ratios, all of them better when lower, with their bounds.
 * @param bounds `{ margin, bounds: { name: number } }`; a ratio may exceed its bound by that share of it
 * @returns `{ lines, worse }`: a line for each bound, and a sentence for each one that is exceeded or was not measured
 */
export function judge(ratios, { margin, bounds }) {
  const lines = [];
  const worse = [];
  for (const [name, bound] of Object.entries(bounds)) {
    const value = ratios[name];
    if (value === undefined) {
      worse.push(`'${name}' has a bound in bench/bounds.json and was not measured: take it out there, or measure it.`);
      continue;
    }
    const limit = bound * (1 + margin);
    lines.push([name, value.toFixed(3), bound.toFixed(3), value <= limit ? 'ok' : 'worse']);
    if (!(value <= limit))
      worse.push(
        `'${name}' is ${value.toFixed(3)}, more than its bound of ${bound.toFixed(3)} and ${100 * margin} % of it (${limit.toFixed(3)}): find what made it slower, or store the new bound with --store and say why.`,
      );
  }
  return { lines, worse };
}
