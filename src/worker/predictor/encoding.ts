import type { Configuration } from '../../shared/schema/configuration.ts';
import { layersInOrder } from '../../shared/domain/configuration.ts';
import { MAX_BITS, MIN_BITS, type Form } from '../../shared/domain/form.ts';
import type { LayerFacts } from '../../shared/domain/layer-graph.ts';
import { layerForm } from '../../shared/domain/layer-space.ts';
import type { GeneAxis, SearchSpace } from '../../shared/domain/space.ts';

/**
 * The CQAP code (EQ-Net section 3.5; eqnet-spec section 5), one row of float32:
 *
 *  - 0 per-channel, 1 per-tensor, 2 weights symmetric, 3 weights asymmetric, 4 activations symmetric, 5 activations
 *    asymmetric. Each pair sums to 1 (the published code leaves columns 3 and 5 empty);
 *  - from 6 on, 7 slots for each quantized layer in network order, one-hot in the weight bits 2..8;
 *  - then 7 slots for each layer for its activation bits. The slots of the first and last layer stay zero.
 *
 * The form is one of the whole network. Where layers differ, a column holds the share of the parameters (first and last
 * layer included) in layers of that kind.
 */
const FORM_COLUMNS = 6;
const SLOTS = MAX_BITS - MIN_BITS + 1;

/** Columns of the code of a network with that many quantized layers: 6 + 14 * layers (ResNet18: 21 layers, 300). */
export function encodingLength(quantizedLayers: number): number {
  return FORM_COLUMNS + 2 * SLOTS * quantizedLayers;
}

function writePair(row: Float32Array, offset: number, share: number): void {
  row[offset] = share;
  row[offset + 1] = 1 - share;
}

/**
 * Writes the code of a configuration into `rows[offset .. offset + encodingLength - 1]`.
 * @throws WorkbenchError `config-invalid` when a layer has no entry
 */
export function encodeConfiguration(configuration: Configuration, facts: readonly LayerFacts[], rows: Float32Array, offset = 0): void {
  const layers = layersInOrder(configuration, facts);
  rows.fill(0, offset, offset + encodingLength(facts.length));
  const parameters = facts.reduce((sum, fact) => sum + fact.parameters, 0);
  const share = (holds: (index: number) => boolean) => {
    const kind = facts.reduce((sum, fact, index) => sum + (holds(index) ? fact.parameters : 0), 0);
    return kind / parameters;
  };
  writePair(
    rows,
    offset,
    share((index) => layers[index].granularity === 'channel'),
  );
  writePair(
    rows,
    offset + 2,
    share((index) => layers[index].weightSymmetry === 'symmetric'),
  );
  writePair(
    rows,
    offset + 4,
    share((index) => layers[index].activationSymmetry === 'symmetric'),
  );
  const weights = offset + FORM_COLUMNS - MIN_BITS;
  const activations = weights + SLOTS * facts.length;
  facts.forEach((fact, index) => {
    if (fact.pinned) return;
    rows[weights + SLOTS * index + layers[index].weightBits] = 1;
    rows[activations + SLOTS * index + layers[index].activationBits] = 1;
  });
}

/**
 * What codes of genomes under one form have in common: the row without the slots of the genes, and for each gene the columns
 * to which its bit-width is added to find the slots that it sets.
 */
export function genomeSlots(space: SearchSpace, form: Form): { template: Float32Array; columns: readonly (readonly number[])[] } {
  const template = new Float32Array(encodingLength(space.facts.length));
  const eights = {
    layers: space.facts.map(({ name }, index) => ({
      name,
      weightBits: MAX_BITS,
      activationBits: MAX_BITS,
      ...layerForm(form, space.sets[index]),
    })),
  };
  encodeConfiguration(eights, space.facts, template);
  const slots = (axis: GeneAxis, start: number) => axis.layers.map((group) => group.map((layer) => start - MIN_BITS + SLOTS * layer));
  const weights = slots(space.weights, FORM_COLUMNS);
  const activations = slots(space.activations, FORM_COLUMNS + SLOTS * space.facts.length);
  const columns = [...weights, ...activations];
  for (const column of columns.flat()) template[column + MAX_BITS] = 0;
  return { template, columns };
}

/**
 * A function that writes the code of a genome under one form, equal to `encodeConfiguration` of the decoded genome but
 * without building the configuration: a search encodes tens of thousands.
 */
export function genomeEncoder(space: SearchSpace, form: Form): (genes: Uint8Array, rows: Float32Array, offset: number) => void {
  const { template, columns } = genomeSlots(space, form);
  const genes = Uint16Array.from(columns.flatMap((list, gene) => list.map(() => gene)));
  const places = Uint32Array.from(columns.flat());
  return (genome, rows, offset) => {
    rows.set(template, offset);
    for (let i = 0; i < places.length; i++) rows[offset + places[i] + genome[genes[i]]] = 1;
  };
}
