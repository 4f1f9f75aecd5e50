/** What a report shows: numbers are texts already, in the language of the reader. */

/** A text with what it means for the reader. */
export interface Figure {
  text: string;
  tone?: 'better' | 'worse' | 'quiet';
}

export interface ReportSide {
  letter: string;
  /** place in the palette, from 1 */
  slot: number;
  name: string;
  /** cells of the first table, as many as `columns` has */
  figures: readonly Figure[];
  /** by aligned layer; null = it lacks the layer */
  weights: readonly (number | null)[];
  activations: readonly (number | null)[];
  averageWeights: string;
  averageActivations: string;
  /** by class, as text; null where classes were not counted */
  classes: readonly string[] | null;
  /** name under which the commands read the configuration */
  file: string;
  /** JSON */
  configuration: string;
  commands: readonly string[];
}

/** Cost of every layer against the baseline. */
export interface ReportCost {
  title: string;
  unit: string;
  /** by side; null for the baseline */
  rows: readonly ({ values: readonly (number | null)[]; texts: readonly string[]; total: Figure } | null)[];
}

export interface ReportRun {
  title: string;
  facts: readonly (readonly [name: string, value: string])[];
  /** JSON */
  recipe: string;
  /** does the run again */
  command: string;
}

export interface ReportData {
  language: string;
  title: string;
  facts: string;
  baseline: string;
  columns: readonly string[];
  sides: readonly ReportSide[];
  layers: readonly { number: number; name: string }[];
  costs: readonly ReportCost[];
  runs: readonly ReportRun[];
  made: string;
  words: Readonly<
    Record<
      | 'configurations'
      | 'bits'
      | 'bitsNote'
      | 'weights'
      | 'activations'
      | 'average'
      | 'layer'
      | 'layers'
      | 'total'
      | 'costs'
      | 'classes'
      | 'class'
      | 'noClasses'
      | 'runs'
      | 'recipe'
      | 'reproduce'
      | 'configuration'
      | 'lacks',
      string
    >
  >;
}
