import { PROFILE_KINDS, type ProfileKind, type ProfileLayer, type StepProfile } from '../../../shared/contract/profile.ts';
import type { LayerGraph } from '../../../shared/domain/layer-graph.ts';
import type { Node } from '../../engine/graph.ts';
import type { NodeTime } from '../../engine/timed-kernels.ts';
import { kindOf } from './kinds.ts';

/** The nodes of one pass, and the changes of its variables together, ms. */
export interface PassTimes {
  nodes: ReadonlyMap<Node, NodeTime>;
  changes: number;
}

/** The least of both, node by node. */
export function leastOf(a: PassTimes, b: PassTimes): PassTimes {
  const nodes = [...b.nodes].map(([node, time]): [Node, NodeTime] => {
    const other = a.nodes.get(node) ?? time;
    return [node, { total: Math.min(time.total, other.total), unquantized: Math.min(time.unquantized, other.unquantized) }];
  });
  return { nodes: new Map(nodes), changes: Math.min(a.changes, b.changes) };
}

type Summary = Pick<StepProfile, 'ops' | 'kinds' | 'quantizationShare' | 'layers'>;

/**
 * Sums the nodes of all passes of a step by kind and by layer. What a node takes beyond `dispatch` is its kernel's time; the
 * rest of it is of the kind `dispatch`. Fake quantization within a batch normalization is the time of that op less the
 * time of the same op without it.
 *
 * @param dispatch milliseconds of one op that has nothing to compute
 * @param step     milliseconds of the whole step, and of its update, as training does them
 */
export function summarize(
  passes: readonly PassTimes[],
  dispatch: number,
  step: Pick<StepProfile['step'], 'milliseconds' | 'update'>,
  graph: LayerGraph,
): Summary {
  const kinds = new Map<ProfileKind, { milliseconds: number; ops: number }>();
  const add = (kind: ProfileKind, milliseconds: number, ops: number): void => {
    const sum = kinds.get(kind) ?? { milliseconds: 0, ops: 0 };
    kinds.set(kind, { milliseconds: sum.milliseconds + milliseconds, ops: sum.ops + ops });
  };
  const layers = new Map<string, { forward: number; backward: number; quantization: number }>();
  let count = 0;
  for (const { nodes, changes } of passes) {
    for (const [node, time] of nodes) {
      const kernel = Math.max(time.total - dispatch, 0);
      const within = Math.min(Math.max(time.total - time.unquantized, 0), kernel);
      const kind = kindOf(node);
      count += 1;
      add(kind, kernel - within, 1);
      if (within > 0) add('activation-quantization', within, 0);
      add('dispatch', time.total - kernel, 0);
      const { layer, backward } = node.origin;
      if (layer === null) continue;
      const sum = layers.get(layer) ?? { forward: 0, backward: 0, quantization: 0 };
      layers.set(layer, sum);
      sum[backward ? 'backward' : 'forward'] += kernel;
      sum.quantization += kind.endsWith('quantization') ? kernel : within;
    }
    add('update', changes, 0);
  }
  add('update', step.update, 0);
  const total = [...kinds.values()].reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const share = (milliseconds: number): number => (total > 0 ? milliseconds / total : 0);
  const quantization = (['activation-quantization', 'weight-quantization'] as const).map((kind) => kinds.get(kind)?.milliseconds ?? 0);
  return {
    ops: { milliseconds: total, count, stepLess: total - step.milliseconds },
    kinds: PROFILE_KINDS.flatMap((kind) => {
      const sum = kinds.get(kind);
      return sum ? [{ kind, ...sum, share: share(sum.milliseconds) }] : [];
    }),
    quantizationShare: share(quantization[0] + quantization[1]),
    layers: graph.layers.flatMap(({ name, kind }): ProfileLayer[] => {
      const sum = layers.get(name);
      if (!sum) return [];
      const milliseconds = sum.forward + sum.backward;
      return milliseconds > 0 ? [{ name, kind, ...sum, milliseconds, share: share(milliseconds) }] : [];
    }),
  };
}
