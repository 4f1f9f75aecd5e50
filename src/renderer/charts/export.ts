import { inject, type InjectionKey } from 'vue';
import { markPath, type LegendEntry } from './frame.ts';
import type { SaveFile } from './save-file.ts';
import { labelWidth } from './parts.ts';
import { FONT, useTokens, withoutVariables } from './tokens.ts';

/** The plot of a chart as an SVG document, in the colours of the theme that is shown; empty while nothing is drawn. */
export type ChartImage = () => string;

/** The host's way to save; without one the browser downloads. */
export const CHART_SAVE: InjectionKey<SaveFile> = Symbol('chart save');

/** Pixels of a PNG for each px on the screen. */
const PNG_RATIO = 2;

/** Hands the file to the browser's download. */
function download(name: string, content: string | Blob, mime: string): void {
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
    .replaceAll('ß', 'ss')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return `${stem || 'chart'}.${extension}`;
}

/** SVG document of an SVG element of the page, without variables. */
function svgOfElement(element: SVGSVGElement): string {
  const copy = element.cloneNode(true) as SVGSVGElement;
  const { width, height } = element.getBoundingClientRect();
  for (const left of copy.querySelectorAll('[data-screen-only]')) left.remove();
  for (const [name, value] of Object.entries({
    xmlns: 'http://www.w3.org/2000/svg',
    width: String(width),
    height: String(height),
  })) {
    copy.setAttribute(name, value);
  }
  return withoutVariables(new XMLSerializer().serializeToString(copy));
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function swatchMarkup(entry: LegendEntry, x: number, y: number): { markup: string; width: number } {
  const ink = useTokens().color(entry.color);
  const { swatch } = entry;
  if (swatch === 'line' || swatch === 'line-dots') {
    const dash = entry.dash ? ` stroke-dasharray="${entry.dash.join(' ')}"` : '';
    const dot = swatch === 'line-dots' ? `<circle cx="${x + 9}" cy="${y}" r="2.5" fill="${ink}"/>` : '';
    return { markup: `<path d="M${x} ${y}h18" stroke="${ink}" stroke-width="1.75"${dash}/>${dot}`, width: 18 };
  }
  const shape = swatch === 'ring' ? 'circle' : swatch;
  const look = swatch === 'ring' || entry.hollow ? `fill="none" stroke="${ink}" stroke-width="1.5"` : `fill="${ink}"`;
  return { markup: `<path d="${markPath(shape, x + 5, y, 7)}" ${look}/>`, width: 10 };
}

const HEAD_LINE = 20;
const MARGIN = 12;

export interface PictureParts {
  /** the plot as an SVG document */
  plot: string;
  title: string;
  /** units and axes that stand beside the chart on the screen */
  caption?: string;
  legend: readonly LegendEntry[];
  /** style sheet with the font */
  style?: string;
}

/** A chart as a document that stands for itself: title, legend and plot. */
export function picture({ plot, title, caption = '', legend, style = '' }: PictureParts): { svg: string; width: number; height: number } {
  const { color } = useTokens();
  const size = (name: string) => Number(new RegExp(`^<svg[^>]*\\s${name}="([\\d.]+)"`).exec(plot)?.[1] ?? 0);
  const inner = { width: size('width'), height: size('height') };
  let x = MARGIN;
  let y = MARGIN + HEAD_LINE * 1.5;
  const marks: string[] = [];
  const shown = legend.filter((entry) => !entry.hidden);
  for (const entry of shown) {
    const width = 34 + labelWidth(entry.name);
    if (x > MARGIN && x + width > inner.width + MARGIN) {
      x = MARGIN;
      y += HEAD_LINE;
    }
    const mark = swatchMarkup(entry, x, y);
    marks.push(
      `${mark.markup}<text x="${x + mark.width + 6}" y="${y + 4}" font-size="12" fill="${color('--text-2')}">${escaped(entry.name)}</text>`,
    );
    x += mark.width + 6 + labelWidth(entry.name) + 14;
  }
  const top = shown.length > 0 ? y + HEAD_LINE / 2 : MARGIN + HEAD_LINE;
  const width = inner.width + 2 * MARGIN;
  const height = top + inner.height + MARGIN;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${escaped(FONT)}">`,
    ...(style ? [`<style>${style}</style>`] : []),
    `<rect width="100%" height="100%" fill="${color('--panel')}"/>`,
    `<text x="${MARGIN}" y="${MARGIN + 10}" font-size="13" font-weight="600" fill="${color('--text')}">${escaped(title)}${caption ? `<tspan dx="8" font-size="12" font-weight="400" fill="${color('--text-3')}">${escaped(caption)}</tspan>` : ''}</text>`,
    ...marks,
    plot.replace('<svg', `<svg x="${MARGIN}" y="${top}"`),
    '</svg>',
  ].join('');
  return { svg, width, height };
}

/** Draws an SVG document of this size in px into a PNG. */
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

/** Picture of an SVG element that a chart draws by hand. */
export function imageOfElement(element: () => SVGSVGElement | null): ChartImage {
  return () => {
    const found = element();
    return found ? svgOfElement(found) : '';
  };
}
