/** JSON text with the line of every value, so that a problem can be shown where it is. */

export interface JsonProblem {
  /** from 1 */
  line: number;
  /** key of the sentence below `space.json` */
  reason: 'end' | 'unexpected' | 'string' | 'number' | 'comma' | 'colon' | 'key' | 'double' | 'after';
  /** what stands there */
  found: string;
}
export type JsonRead = { ok: true; value: unknown; lines: Map<string, number> } | { ok: false; problem: JsonProblem };

/** A path such as `space.layers.conv2.weightBits.0` as one text. */
const pathKey = (path: readonly (string | number)[]): string => JSON.stringify(path.map(String));

class Failure extends Error {
  constructor(readonly problem: JsonProblem) {
    super(problem.reason);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };

class Reader {
  private at = 0;
  readonly lines = new Map<string, number>();
  constructor(private readonly text: string) {}

  private line(at = this.at): number {
    let line = 1;
    for (let i = this.text.indexOf('\n'); i >= 0 && i < at; i = this.text.indexOf('\n', i + 1)) line++;
    return line;
  }
  private space(): void {
    while (/[ \t\r\n]/.test(this.text[this.at] ?? '')) this.at++;
  }
  private fail(reason: JsonProblem['reason'], at = this.at): never {
    const found = /^(?:\w+|.)/su.exec(this.text.slice(at))?.[0] ?? '';
    throw new Failure({ line: this.line(at), reason: at >= this.text.length ? 'end' : reason, found });
  }
  private take(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? null;
    if (found !== null) this.at += found.length;
    return found;
  }
  private string(): string {
    const found = this.take(STRING);
    if (found === null) this.fail('string');
    return JSON.parse(found) as string;
  }

  private value(path: readonly (string | number)[]): unknown {
    this.space();
    this.lines.set(pathKey(path), this.line());
    const first = this.text[this.at];
    if (first === '{') return this.object(path);
    if (first === '[') return this.array(path);
    if (first === '"') return this.string();
    if (first === '-' || /\d/.test(first ?? '')) {
      const found = this.take(NUMBER);
      if (found === null || /[\w.]/.test(this.text[this.at] ?? '')) this.fail('number');
      return Number(found);
    }
    const word = /^[a-z]+/i.exec(this.text.slice(this.at))?.[0] ?? '';
    if (!Object.hasOwn(WORDS, word)) this.fail('unexpected');
    this.at += word.length;
    return WORDS[word];
  }

  private object(path: readonly (string | number)[]): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    this.at++;
    this.space();
    if (this.text[this.at] === '}') {
      this.at++;
      return value;
    }
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') this.fail('key');
      const start = this.at;
      const key = this.string();
      if (Object.hasOwn(value, key)) this.fail('double', start);
      const line = this.line(start);
      this.space();
      if (this.text[this.at] !== ':') this.fail('colon');
      this.at++;
      const own = this.value([...path, key]);
      this.lines.set(pathKey([...path, key]), line);
      Object.defineProperty(value, key, { value: own, enumerable: true, configurable: true, writable: true });
      this.space();
      if (this.text[this.at] === '}') break;
      if (this.text[this.at] !== ',') this.fail('comma');
      this.at++;
    }
    this.at++;
    return value;
  }

  private array(path: readonly (string | number)[]): unknown[] {
    const value: unknown[] = [];
    this.at++;
    this.space();
    if (this.text[this.at] === ']') {
      this.at++;
      return value;
    }
    for (;;) {
      value.push(this.value([...path, value.length]));
      this.space();
      if (this.text[this.at] === ']') break;
      if (this.text[this.at] !== ',') this.fail('comma');
      this.at++;
    }
    this.at++;
    return value;
  }

  read(): JsonRead {
    try {
      const value = this.value([]);
      this.space();
      if (this.at < this.text.length) this.fail('after');
      return { ok: true, value, lines: this.lines };
    } catch (error) {
      if (error instanceof Failure) return { ok: false, problem: error.problem };
      throw error;
    }
  }
}

/** Reads JSON as JSON.parse does, but says on which line something is wrong, and on which line each value stands. */
export const readJson = (text: string): JsonRead => new Reader(text).read();

/** The line of a value, else of the nearest one around it. */
export function lineOf(lines: ReadonlyMap<string, number>, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const found = lines.get(pathKey(path.slice(0, length)));
    if (found !== undefined) return found;
  }
  return lines.get(pathKey([])) ?? 1;
}
