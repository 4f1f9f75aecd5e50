import type { GridCell, PhaseInputs, PhaseResults } from '../../shared/contract/job-protocol.ts';
import { parseForm, type FormKey } from '../../shared/domain/form.ts';
import { nearestUniform } from '../../shared/domain/layer-space.ts';
import type { RunContext } from './context.ts';

const keyOf = ({ weightBits, activationBits, form }: Omit<GridCell, 'accuracy' | 'images'>) => `${weightBits}/${activationBits}/${form}`;

/**
 * Accuracy of every uniform configuration: bit-widths x forms, on test images. Layers that do not allow a cell's bits or
 * form take their nearest allowed ones. Cells that are done are not measured again.
 */
export async function grid(context: RunContext, { done }: PhaseInputs['grid']): Promise<PhaseResults['grid']> {
  const { recipe, layout, data, reporter } = context;
  const { gridBits, gridForms, gridImages, recalibrationImages } = recipe.evaluation;
  const wanted = gridForms.flatMap((form) => gridBits.map((bits) => ({ weightBits: bits, activationBits: bits, form: form as FormKey })));
  const known = new Map(done.map((cell) => [keyOf(cell), cell]));
  await context.stateOf('supernet');
  const evaluator = await context.evaluator();
  const cells: GridCell[] = [];
  for (const [i, cell] of wanted.entries()) {
    let measured = known.get(keyOf(cell));
    if (!measured) {
      const configuration = nearestUniform(recipe.space, layout.facts, layout.points, cell.weightBits, parseForm(cell.form));
      const { accuracy, images } = await evaluator.measure(configuration, data.test, {
        recalibrationImages,
        images: gridImages,
        onBatch: context.breathe,
      });
      measured = { ...cell, accuracy, images };
      reporter.send({ type: 'unit', phase: 'grid', unit: measured });
    }
    cells.push(measured);
    const note = `${cell.weightBits} bit ${cell.form} ${(100 * measured.accuracy).toFixed(2)} %`;
    reporter.report({ phase: 'grid', unit: 'configuration', done: i + 1, total: wanted.length, note });
  }
  return { cells };
}
