/** The font of the app as a part of a picture, so that it looks the same where the font is not installed. */
import latin from '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2?url';
import { FONT } from './tokens.ts';

/** First family of the list, without its quotes. */
const FAMILY = /'([^']+)'/.exec(FONT)![1];

let rule: Promise<string> | null = null;

async function read(): Promise<string> {
  const answer = await fetch(latin);
  if (!answer.ok) throw new Error(`the font ${latin} could not be read (${answer.status})`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return `@font-face{font-family:'${FAMILY}';font-weight:100 900;src:url(data:font/woff2;base64,${btoa(text)}) format('woff2')}`;
}

/** A rule of a style sheet that holds the font itself. Read once. @throws Error when the font cannot be read */
export async function fontRule(): Promise<string> {
  rule ??= read();
  try {
    return await rule;
  } catch (error) {
    rule = null;
    throw error;
  }
}
