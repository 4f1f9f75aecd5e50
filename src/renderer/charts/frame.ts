import type { SaveFile } from './save-file.ts';

/** What every chart takes for its frame. */
export interface FrameProps {
  /** names the chart: file names, table caption */
  title: string;
  /** one sentence with what the chart shows; the chart makes one from its data where this is left out */
  summary?: string;
  /** shown instead of the plot while there is nothing to draw */
  empty?: string;
  /** element that takes the tools (table view, save), e.g. the head of the panel; else they stand in the legend row */
  toolsTo?: HTMLElement | null;
  /** hides the tools; Alt+Enter still works */
  bare?: boolean;
  save?: SaveFile;
}

export type MarkShape = 'circle' | 'square' | 'triangle' | 'diamond';

/** One entry of the row under the head of the panel. */
export interface LegendEntry {
  id: string;
  name: string;
  /** CSS colour or variable */
  color: string;
  swatch: 'line' | 'line-dots' | 'ring' | MarkShape;
  /** px on, px off */
  dash?: readonly number[];
  /** drawn as an outline */
  hollow?: boolean;
  /** value at the cursor, else the newest */
  value?: string;
  hidden?: boolean;
  /** whether a press hides and shows it */
  toggles?: boolean;
}

/** Shapes of the slots A to D; the second cue beside the colour. */
export const SLOT_SHAPES: readonly MarkShape[] = ['circle', 'square', 'triangle', 'diamond'];

/** SVG path of a mark around (x, y), `size` px wide. */
export function markPath(shape: MarkShape, x: number, y: number, size: number): string {
  const r = size / 2;
  switch (shape) {
    case 'square':
      return `M${x - r * 0.9} ${y - r * 0.9}h${size * 0.9}v${size * 0.9}h${-size * 0.9}z`;
    case 'triangle':
      return `M${x} ${y - r * 1.1}L${x + r * 1.1} ${y + r * 0.85}H${x - r * 1.1}z`;
    case 'diamond':
      return `M${x} ${y - r * 1.25}L${x + r * 1.25} ${y}L${x} ${y + r * 1.25}L${x - r * 1.25} ${y}z`;
    case 'circle':
      return `M${x - r} ${y}a${r} ${r} 0 1 0 ${size} 0a${r} ${r} 0 1 0 ${-size} 0z`;
  }
}
