/** The parts of ECharts that the charts use; nothing else of it is bundled. */
import {
  CustomChart,
  LineChart as LineSeries,
  ScatterChart as ScatterSeries,
  type CustomSeriesOption,
  type LineSeriesOption,
  type ScatterSeriesOption,
} from 'echarts/charts';
import {
  GraphicComponent,
  GridComponent,
  MarkAreaComponent,
  MarkLineComponent,
  type GraphicComponentOption,
  type GridComponentOption,
  type MarkAreaComponentOption,
  type MarkLineComponentOption,
} from 'echarts/components';
import { init, use, type ComposeOption } from 'echarts/core';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

use([
  CustomChart,
  LineSeries,
  ScatterSeries,
  GraphicComponent,
  GridComponent,
  MarkAreaComponent,
  MarkLineComponent,
  CanvasRenderer,
  SVGRenderer,
]);

export type ChartOption = ComposeOption<
  | CustomSeriesOption
  | LineSeriesOption
  | ScatterSeriesOption
  | GraphicComponentOption
  | GridComponentOption
  | MarkAreaComponentOption
  | MarkLineComponentOption
>;
export type SeriesOption = CustomSeriesOption | LineSeriesOption | ScatterSeriesOption;
export type Plot = ReturnType<typeof init>;
export { init, type LineSeriesOption };

/** Marks above which a canvas is faster than SVG elements. */
export const CANVAS_FROM = 3000;

/** Draws an option without a page, as an SVG document of this size in px. */
export function svgDocument(option: ChartOption, width: number, height: number, background: string): string {
  const plot = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    plot.setOption({ ...option, animation: false, backgroundColor: background });
    // What it adds for the pointer has no use in a picture.
    return plot.renderToSVGString().replace(/<style[\s\S]*?<\/style>/g, '');
  } finally {
    plot.dispose();
  }
}
