import { inject, type InjectionKey } from 'vue';
import { FONT, useTokens, withoutVariables } from './tokens.ts';

/** A chart as a picture, in the colours of the theme that is shown. */
export interface ChartImage {
  svg(): string;
  png(): Promise<Blob>;
}

/** Puts a file where the person wants it. */
export type SaveFile = (name: string, content: string | Blob, mime: string) => void | Promise<void>;

/** The host's way to save; without one the browser downloads. */
export const CHART_SAVE: InjectionKey<SaveFile> = Symbol('chart save');

/** Pixels of a PNG for each px on the screen. */
export const PNG_RATIO = 2;

/** Hands the file to the browser's download. */
export function download(name: string, content: string | Blob, mime: string): void {
  const url = URL.createObjectURL(typeof content === 'string' ? new Blob([content], { type: `${mime};charset=utf-8` }) : content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has read the address once the click was handled, but not before.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The way to save that the app provides, else the browser's download. To be called in `setup`. */
export function useSave(): SaveFile {
  return inject(CHART_SAVE, download);
}

/** File name of a chart: its title in lower case without signs. */
export function fileName(title: string, extension: string): string {
  const stem = title
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return `${stem || 'chart'}.${extension}`;
}

/** Stand-alone SVG document of an SVG element of the page: no variables, its own font and ground. */
export function svgOfElement(element: SVGSVGElement): string {
  const copy = element.cloneNode(true) as SVGSVGElement;
  const { width, height } = element.getBoundingClientRect();
  for (const left of copy.querySelectorAll('[data-screen-only]')) left.remove();
  for (const [name, value] of Object.entries({
    xmlns: 'http://www.w3.org/2000/svg',
    width: String(width),
    height: String(height),
    'font-family': FONT,
  })) {
    copy.setAttribute(name, value);
  }
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [name, value] of Object.entries({ width: '100%', height: '100%', fill: useTokens().color('--panel') })) {
    ground.setAttribute(name, value);
  }
  copy.prepend(ground);
  return withoutVariables(new XMLSerializer().serializeToString(copy));
}

/** Draws a stand-alone SVG document into a PNG. */
export async function pngOfSvg(svg: string, width: number, height: number): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(width * PNG_RATIO));
    canvas.height = Math.max(1, Math.round(height * PNG_RATIO));
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => {
        if (blob) resolve(blob);
        else reject(new Error(`An image of ${canvas.width} × ${canvas.height} px could not be made: the picture is too large.`));
      }, 'image/png');
    });
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Pictures of an SVG element that a chart draws by hand. */
export function imageOfElement(element: () => SVGSVGElement | null): ChartImage {
  const svg = () => {
    const found = element();
    return found ? svgOfElement(found) : '';
  };
  return {
    svg,
    png: () => {
      const box = element()?.getBoundingClientRect();
      return pngOfSvg(svg(), box?.width ?? 1, box?.height ?? 1);
    },
  };
}
