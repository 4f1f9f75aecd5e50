/**
 * Structured clone as text, for the values that cross a message port of ours: JSON values, undefined, bytes. Anything
 * else is refused by name, so that a test never passes on a value that the real thing would carry in another way.
 */
type Text = null | boolean | number | string | Text[] | { [key: string]: Text };

const TAG = '$';

export function encode(value: unknown): Text {
  switch (typeof value) {
    case 'undefined':
      return { [TAG]: 'undefined' };
    case 'number':
      return Number.isFinite(value) ? value : { [TAG]: 'number', value: String(value) };
    case 'boolean':
    case 'string':
      return value;
    case 'object':
      return value === null ? null : encodeObject(value);
    default:
      throw new TypeError(`electron stand-in: a ${typeof value} cannot be sent`);
  }
}

function encodeObject(value: object): Text {
  if (Array.isArray(value)) return value.map(encode);
  if (value instanceof Uint8Array) return { [TAG]: 'bytes', value: toBase64(value) };
  if (value instanceof ArrayBuffer) return { [TAG]: 'buffer', value: toBase64(new Uint8Array(value)) };
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new TypeError(`electron stand-in: sending a ${value.constructor.name} is not part of it`);
  }
  const entries = Object.entries(value).map(([key, item]) => [key.startsWith(TAG) ? TAG + key : key, encode(item)] as const);
  return Object.fromEntries(entries);
}

export function decode(text: Text): unknown {
  if (text === null || typeof text !== 'object') return text;
  if (Array.isArray(text)) return text.map(decode);
  switch (text[TAG]) {
    case 'undefined':
      return undefined;
    case 'number':
      return Number(text.value);
    case 'bytes':
      return fromBase64(String(text.value));
    case 'buffer':
      return fromBase64(String(text.value)).buffer;
    default:
      return Object.fromEntries(Object.entries(text).map(([key, item]) => [key.startsWith(TAG) ? key.slice(1) : key, decode(item)]));
  }
}

export type { Text };

/** Characters of one call; a call cannot have more arguments than the stack holds. */
const CHUNK = 8192;

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < bytes.length; i += CHUNK) binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return btoa(binary);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
