/** Text for HTML: everything that came from a person or a file goes through here. */
const SIGNS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as it may stand between tags and inside quoted attributes. Control characters that HTML forbids are left out. */
export function escapeHtml(text: string): string {
  // eslint-disable-next-line no-control-regex -- they may come with pasted names
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '').replace(/[&<>"']/g, (sign) => SIGNS[sign]);
}

/** Markup that was made with `html`: the only thing that is put in as it is. */
export class Markup {
  constructor(readonly text: string) {}
}
type Part = string | number | Markup | null | false | readonly Part[];

function write(part: Part): string {
  if (part === null || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return part.map(write).join('');
}

/** Markup with its values escaped; lists are joined, null and false leave nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((text, piece, index) => text + write(parts[index - 1]) + piece));
}
