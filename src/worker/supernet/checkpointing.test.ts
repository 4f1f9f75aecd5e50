import { describe, expect, test } from 'vitest';
import { parseRecipe } from '../../shared/schema/presets.ts';
import { nodesToRun, peakBytes } from '../engine/nodes-to-run.ts';
import type { Node } from '../engine/graph.ts';
import { nativeNote, plainSession, testExecutors, type TestExecutor } from '../engine/testing.ts';
import { modelOf } from '../models/project-model.ts';
import { TableLayout } from '../quant/table-layout.ts';
import { functionNames } from './program-scope.ts';
import { buildProgram, trainingProgram } from './program.ts';
import { stateDigest, TINY, TINY_RECIPE, TINY_SIZES, tinyBatch, tinyImages, tinyState } from './testing.ts';
import { elasticStep, floatStep } from './trainer.ts';

const STEPS = 3;
/** Where an activation is read by one op instead of two, oneDNN takes both as one op, which rounds another last bit. */
const PLAIN_TOLERANCE = 1e-5;
const executors: (Omit<TestExecutor, 'kind'> & { name: string; exact: boolean })[] = [
  ...testExecutors().map(({ kind, create }) => ({ name: kind, create, exact: true })),
  ...(plainSession ? [{ name: "session with TensorFlow's ops alone", create: plainSession, exact: false }] : []),
];

describe.each(executors)(`gradient checkpointing on the executor: $name${nativeNote}`, ({ create, exact }) => {
  test.each([{ freezeBn: false }, { freezeBn: true }])(
    'float and elastic steps are the same, frozen BN: $freezeBn',
    async ({ freezeBn }) => {
      const set = tinyImages(30);
      const results: { losses: number[]; digest: string }[] = [];
      for (const checkpointing of [false, true]) {
        const program = buildProgram(TINY, TINY_SIZES, { freezeBn, checkpointing });
        const executor = await create(program);
        try {
          await executor.write(tinyState(program));
          const losses: number[] = [];
          for (let i = 0; i < STEPS; i++) losses.push(await floatStep(executor, TINY_RECIPE, tinyBatch(set, 6 * i), i, STEPS));
          let before = 0;
          for (let i = 0; i < STEPS; i++) {
            const { passes, wdrLoss } = await elasticStep(executor, TINY, TINY_RECIPE, tinyBatch(set, 6 * i), i, STEPS);
            losses.push(...passes.map(({ loss }) => loss), wdrLoss);
            // the first one uploads constants
            if (i === 0) before = executor.memory().tensors;
          }
          expect(executor.memory().tensors).toBe(before);
          results.push({ losses, digest: await stateDigest(executor, program) });
        } finally {
          executor.dispose();
        }
      }
      if (exact) expect(results[1]).toEqual(results[0]);
      else expect(Math.max(...results[1].losses.map((loss, i) => Math.abs(loss / results[0].losses[i] - 1)))).toBeLessThan(PLAIN_TOLERANCE);
    },
  );
});

describe('what is computed again', () => {
  const layoutOf = (architecture: string, size: number) =>
    new TableLayout(modelOf(parseRecipe({ name: 'x', model: { architecture } }, 'x'), [size, size, 3], 10).graph);
  // The most of the memory without it. Gradients of all weights are kept to the end, which is much of what ResNet-50 takes.
  test.each([
    { name: 'resnet20', size: 32, ours: true, most: 0.35 },
    { name: 'resnet20', size: 32, ours: false, most: 0.35 },
    { name: 'resnet50', size: 64, ours: true, most: 0.65 },
    { name: 'efficientnet-b0', size: 64, ours: true, most: 0.4 },
  ])(
    '$name, our own ops $ours: a step takes less memory, and each node is written twice at most',
    ({ name: architecture, size, ours, most }) => {
      const layout = layoutOf(architecture, size);
      const [whole, again] = [false, true].map((checkpointing) => trainingProgram(layout, 32, { checkpointing }));
      for (const name of [functionNames.floatStep, functionNames.pass]) {
        const [before, after] = [whole, again].map((program) => peakBytes(program.functions.get(name)!, ours));
        expect(after).toBeLessThan(most * before);
        const { nodes, resolve } = nodesToRun(again.functions.get(name)!, ours);
        const place = new Map<Node, number>(nodes.map((node, i) => [node, i]));
        const needs = (node: Node) => [...node.inputs.map((input) => resolve(input).node), ...(node.after ?? [])];
        expect(nodes.filter((node) => !needs(node).every((one) => place.get(one)! < place.get(node)!))).toEqual([]);
        const copies = nodes.filter((node) => node.again);
        expect(copies.length).toBeGreaterThan(0);
        expect(new Set(copies.map(({ id }) => id)).size).toBe(copies.length);
        // waits for a gradient, by itself or through its inputs
        const waiting = new Set<Node>();
        for (const node of copies)
          if (node.after?.every(({ origin }) => origin.backward) || node.inputs.some((input) => waiting.has(input.node))) waiting.add(node);
        expect(waiting.size).toBe(copies.length);
      }
    },
  );
});
