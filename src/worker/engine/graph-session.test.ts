import { describe, expect, test } from 'vitest';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { loadBinding, nativeModule } from './binding.ts';
import { GraphWriter } from './graph-def.ts';
import { openSession, type GraphSession } from './graph-session.ts';
import { TF_TYPE } from './lowering.ts';
import { nativeNote } from './testing.ts';

const addonPath = process.env.EQNET_ADDON || '';
const binding = addonPath ? loadBinding(addonPath, { opsPath: process.env.EQNET_OPS || undefined }) : null;
const native = nativeModule();
const SESSIONS = binding
  ? [{ through: 'the addon', module: null }, ...(native ? [{ through: 'our own module', module: native }] : [])]
  : [];

const F = { kind: 'type', value: TF_TYPE.float32 } as const;
const I = { kind: 'type', value: TF_TYPE.int32 } as const;
const shape = (...value: number[]) => ({ kind: 'shape', value }) as const;

/** y = x + x, and k, an integer, as it came */
function graph(op = 'AddV2'): GraphWriter {
  const writer = new GraphWriter();
  writer.node('x', 'Placeholder', [], { dtype: F, shape: shape(2, 3) });
  writer.node('none', 'Placeholder', [], { dtype: F, shape: shape(0) });
  writer.node('k', 'Placeholder', [], { dtype: I, shape: shape() });
  writer.node('y', op, ['x', 'x'], { T: F });
  writer.node('still', 'Identity', ['k'], { T: I });
  writer.node('nothing', 'Identity', ['none'], { T: F });
  return writer;
}

const FEEDS = [
  { name: 'x', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  { name: 'k', shape: [], data: Int32Array.of(-7) },
  { name: 'none', shape: [0], data: new Float32Array(0) },
];

describe.each(SESSIONS)(`a graph through $through${nativeNote}`, ({ module }) => {
  const opened = (use: (session: GraphSession) => void) => {
    const session = openSession(binding!, module, graph());
    try {
      use(session);
    } finally {
      session.dispose();
    }
  };

  test('gives what is fetched, in this order, as often as it is asked', () =>
    opened((session) => {
      for (let i = 0; i < 2; i++)
        expect(session.run(FEEDS, ['still', 'y', 'nothing'])).toEqual([
          Int32Array.of(-7),
          Float32Array.of(2, 4, 6, 8, 10, 12),
          new Float32Array(0),
        ]);
      expect(session.feedMilliseconds).toBeGreaterThan(0);
    }));

  test('runs targets for what they do', () => {
    const writer = graph();
    writer.node('v', 'VarHandleOp', [], { dtype: F, shape: shape(2, 3), shared_name: { kind: 'string', value: 'v' } });
    writer.node('value', 'ReadVariableOp', ['v'], { dtype: F });
    writer.node('copy', 'DeepCopy', ['x'], { T: F });
    writer.target('set', 'AssignVariableOp', ['v', 'copy'], { dtype: F });
    const session = openSession(binding!, module, writer);
    try {
      expect(session.run(FEEDS, [], ['set'])).toEqual([]);
      expect(session.run([], ['value'])).toEqual([FEEDS[0].data]);
      const doubled = FEEDS[0].data.map((value) => 2 * value);
      expect(session.run([{ ...FEEDS[0], data: doubled }], ['y'], ['set'])).toEqual([doubled.map((value) => 2 * value)]);
      expect(session.run([], ['value'])).toEqual([doubled]);
    } finally {
      session.dispose();
    }
  });

  test('keeps no hold of what it is fed with', () =>
    opened((session) => {
      const data = Float32Array.of(1, 1, 1, 1, 1, 1);
      const [y] = session.run([{ ...FEEDS[0], data }], ['y']);
      data.fill(5);
      expect(y).toEqual(new Float32Array(6).fill(2));
    }));

  test.each([
    ['an op that is not there', FEEDS, ['z'], /^TensorFlow stopped: /],
    ['a feed that is missing', [], ['y'], /^TensorFlow stopped: .*x/],
  ])("%s is the engine's error, and the session goes on", (_, feeds, fetches, words) =>
    opened((session) => {
      expect(() => session.run(feeds, fetches)).toThrow(WorkbenchError);
      expect(() => session.run(feeds, fetches)).toThrow(words);
      expect(session.run(FEEDS, ['still'])).toEqual([Int32Array.of(-7)]);
    }),
  );

  test('a graph with an unknown op is refused', () => {
    expect(() => openSession(binding!, module, graph('NoSuchOp'))).toThrow(/^TensorFlow refused the graph: .*NoSuchOp/s);
  });
});
