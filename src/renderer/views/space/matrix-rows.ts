/** Rows of the matrix of allowed bits: the network, then layers or stages. */
import { ALL_BITS } from '../../../shared/domain/form.ts';
import type { LayerFacts, LayerGraph } from '../../../shared/domain/layer-graph.ts';
import { layerSpace } from '../../../shared/domain/layer-space.ts';
import { AXES, effectiveSets, isPinned, ownFields, readersWith, type Axis, type Space, type SpaceNet } from './space-edits.ts';

/** `some`: allowed in a part of the stage, or by this layer but not by one that reads the same tensor. */
export type CellState = 'on' | 'some' | 'off' | 'locked';

export interface Row {
  /** name of the layer or stage; '' = the network */
  key: string;
  /** place from 1; null for the network and for stages of several layers */
  number: number | null;
  title: string;
  /** layers that the row stands for; empty = the network */
  layers: readonly string[];
  shape: string;
  weights: number;
  /** 0..1 of the largest row */
  share: number;
  /** by bit-width 2..8 */
  cells: Readonly<Record<Axis, readonly CellState[]>>;
  locked: Readonly<Record<Axis, boolean>>;
  overridden: boolean;
  /** all of its layers are kept at 8 bits by the space */
  pinned: boolean;
  /** other layers that read the same tensor */
  shares: readonly string[];
}

/** Kernel and channels of a layer: 3×3·16→32, or 64→10. */
export function shapeText(graph: LayerGraph, fact: LayerFacts): string {
  const layer = graph.layers.find(({ name }) => name === fact.name);
  const channels = `${fact.inputShape.at(-1) ?? ''}→${fact.outputChannels}`;
  return layer?.kind === 'conv' ? `${layer.kernel.join('×')}·${channels}` : channels;
}

export interface Stage {
  title: string;
  layers: string[];
}

/**
 * Neighbouring layers that belong together: those whose names begin alike up to the first dot, else those whose outputs
 * have the same height and width. The first and last layer stand alone.
 */
export function stagesOf(facts: readonly LayerFacts[]): Stage[] {
  const stages: (Stage & { key: string })[] = [];
  facts.forEach((fact, index) => {
    const dot = fact.name.indexOf('.');
    const key = dot > 0 ? fact.name.slice(0, dot) : fact.pinned ? `${index}` : `of ${fact.outputShape.slice(0, -1).join('×')}`;
    const last = stages.at(-1);
    if (last?.key === key) last.layers.push(fact.name);
    else stages.push({ key, title: dot > 0 ? key : fact.name, layers: [fact.name] });
  });
  return stages.map(({ key, title, layers }) => ({
    title: layers.length > 1 && key.startsWith('of ') ? `${layers[0]}–${layers[layers.length - 1]}` : title,
    layers,
  }));
}

/** The row of the whole network. */
export function networkRow(space: Space, net: SpaceNet): Row {
  const cells = (axis: Axis): CellState[] => ALL_BITS.map((bits) => (space[axis].includes(bits) ? 'on' : 'off'));
  return {
    key: '',
    number: null,
    title: '',
    layers: [],
    shape: '',
    weights: net.facts.reduce((sum, { weights }) => sum + weights, 0),
    share: 1,
    cells: { weightBits: cells('weightBits'), activationBits: cells('activationBits') },
    locked: { weightBits: false, activationBits: false },
    overridden: false,
    pinned: false,
    shares: [],
  };
}

/** Rows of layers or of stages, in network order. */
export function rowsOf(space: Space, net: SpaceNet, graph: LayerGraph, view: 'layers' | 'stages'): Row[] {
  const effective = effectiveSets(space, net);
  const index = new Map(net.facts.map(({ name }, at) => [name, at]));
  const groups = view === 'layers' ? net.facts.map(({ name }) => ({ title: name, layers: [name] })) : stagesOf(net.facts);
  const weightsOf = (layers: readonly string[]): number => layers.reduce((sum, name) => sum + net.facts[index.get(name)!].weights, 0);
  const most = Math.max(...groups.map(({ layers }) => weightsOf(layers)));

  return groups.map(({ title, layers }) => {
    const facts = layers.map((name) => net.facts[index.get(name)!]);
    const free: Record<Axis, string[]> = {
      weightBits: layers.filter((name) => !net.facts[index.get(name)!].pinned),
      activationBits: layers.filter((name) => !net.held[index.get(name)!]),
    };
    const cells = (axis: Axis): CellState[] =>
      ALL_BITS.map((bits) => {
        if (free[axis].length === 0) return bits === 8 ? 'on' : 'locked';
        const allowed = free[axis].filter((name) => effective[index.get(name)!][axis].includes(bits)).length;
        if (allowed === free[axis].length) return 'on';
        const wished = free[axis].some((name) => layerSpace(space, name)[axis].includes(bits));
        return allowed > 0 || wished ? 'some' : 'off';
      });
    const outer = facts[0].inputShape.at(-1);
    return {
      key: layers.length > 1 ? title : layers[0],
      number: layers.length > 1 ? null : index.get(layers[0])! + 1,
      title: layers.length > 1 ? title : layers[0],
      layers,
      shape: layers.length > 1 ? `${outer}→${facts[facts.length - 1].outputChannels}` : shapeText(graph, facts[0]),
      weights: weightsOf(layers),
      share: most > 0 ? weightsOf(layers) / most : 0,
      cells: { weightBits: cells('weightBits'), activationBits: cells('activationBits') },
      locked: { weightBits: free.weightBits.length === 0, activationBits: free.activationBits.length === 0 },
      overridden: layers.some((name) => ownFields(space, name).length > 0 || isPinned(space, name)),
      pinned: layers.every((name) => isPinned(space, name)),
      shares: layers.length > 1 ? [] : readersWith(net, layers[0]).filter((name) => name !== layers[0]),
    };
  });
}

/** The cell of an axis and bit-width. */
export const cellOf = (row: Row, axis: Axis, bits: number): CellState => row.cells[axis][ALL_BITS.indexOf(bits)];

/** Columns of the matrix: the name, 7 weight and 7 activation bit-widths, the mark of an override. */
export const NAME_COLUMN = 0;
export const MARK_COLUMN = 1 + AXES.length * ALL_BITS.length;
/** Axis and bit-width of a column; null for the name and the mark. */
export function columnOf(column: number): { axis: Axis; bits: number } | null {
  if (column <= NAME_COLUMN || column >= MARK_COLUMN) return null;
  return { axis: AXES[Math.floor((column - 1) / ALL_BITS.length)], bits: ALL_BITS[(column - 1) % ALL_BITS.length] };
}
export const columnIndex = (axis: Axis, bits: number): number => 1 + AXES.indexOf(axis) * ALL_BITS.length + ALL_BITS.indexOf(bits);
