import { describe, expect, test } from 'vitest';
import { BENCHMARKS } from './benchmarks.mjs';
import bounds from './bounds.json' with { type: 'json' };
import { judge, replaceSection, sectionText } from './report.mjs';
import { summarize } from './step-report.mjs';

const stored = { margin: 0.1, bounds: { time: 0.5 } };

test.each([
  [0.3, []],
  [0.55, []],
  [0.56, ["'time' is 0.560, more than its bound of 0.500 and 10 % of it (0.550)"]],
  [Number.NaN, ["'time' is NaN"]],
  [undefined, ["'time' has a bound in bench/bounds.json and was not measured"]],
])('judge: a ratio of %s under a bound of 0.5', (time, sentences) => {
  const { worse } = judge(time === undefined ? {} : { time }, stored);
  expect(worse).toEqual(sentences.map((sentence) => expect.stringContaining(sentence)));
});

test('every bound belongs to a benchmark', () => {
  const names = BENCHMARKS.map(({ name }) => name);
  for (const name of Object.keys(bounds.bounds)) expect(names).toContain(name);
  for (const name of names) expect(Object.keys(bounds.bounds[name] ?? {}), `bounds of ${name}`).not.toEqual([]);
});

describe('the written part of the document', () => {
  const document = 'before\n\n<!-- measured: begin -->\n\nold\n\n<!-- measured: end -->\n\nafter\n';
  test('is replaced, and nothing else', () => {
    const once = replaceSection(document, 'new');
    expect(once).toBe('before\n\n<!-- measured: begin -->\n\nnew\n\n<!-- measured: end -->\n\nafter\n');
    expect(replaceSection(once, 'new')).toBe(once);
  });
  test('is missed when a mark is gone', () => {
    expect(() => replaceSection('before', 'new')).toThrow("lacks the lines '<!-- measured: begin -->'");
  });
  test('describes the machine and holds every table of what was run', () => {
    const machine = { cpu: 'CPU', cores: 2, memoryGb: 8, system: 'Linux', versions: { Node: '20' }, threads: 2, loadAtStart: [0.1, 0, 0] };
    const found = {
      b: {
        date: '2026-01-02T03:04:05Z',
        machine,
        tables: [
          {
            title: 'Times',
            rows: [
              ['ms', 'ours '],
              ['step', '5*'],
            ],
          },
        ],
        notes: ['a note'],
        ratios: { time: 0.5 },
        turns: 3,
        disturbed: 1,
      },
    };
    const text = sectionText([{ name: 'a', title: 'A' }, { name: 'b', title: 'B' }], found); // prettier-ignore
    expect(text).toBe(
      [
        '## B: measured 2026-01-02',
        'CPU, 2 cores, 8 GB, Linux; Node 20; 2 threads; load at start 0.1 0 0 (1, 5, 15 minutes).',
        'In turns with a star (1 of 3) other programs had more than 5 % of the processors.',
        '### Times',
        '| ms | ours |\n| --- | ---: |\n| step | 5* |',
        '| key ratio | value |\n| --- | ---: |\n| time | 0.500 |',
        '- a note',
      ].join('\n\n'),
    );
  });
});

describe('summary of steps', () => {
  const side = (name, milliseconds, others, extra = {}) => ({
    name,
    readySeconds: 1,
    firstMilliseconds: 2 * milliseconds,
    peakMegabytes: 10 * milliseconds,
    rounds: others.map((share) => ({
      milliseconds: [milliseconds],
      cpuMilliseconds: [milliseconds],
      median: milliseconds * (1 + share),
      others: share,
      updates: [1],
      longest: [30],
      ...extra,
    })),
  });
  test('ratios come from undisturbed rounds', () => {
    const { ratios, times, shares } = summarize(
      [
        side('ours float', 20, [0, 0.5]),
        side('PyTorch float', 40, [0, 0]),
        side('ours elastic', 66, [0, 0]),
        side('PyTorch elastic', 100, [0, 0]),
        side('ours elastic, form caa', 70, [0, 0]),
        side('ours elastic, form tss', 56, [0, 0]),
      ],
      'net:',
    );
    expect(ratios).toEqual({
      'net: ours float / PyTorch float': 0.5,
      'net: ours elastic / PyTorch elastic': 0.66,
      'net: peak memory, ours elastic / PyTorch elastic': 0.66,
      'net: caa / tss': 1.25,
      'net: our elastic step / 3 float steps': 1.1,
      'net: WDR, clip, Adam and tables / elastic step': 1 / 66,
      'net: first elastic step, s': 0.132,
      'net: longest time without a look at messages, s': 0.03,
    });
    expect(times[1]).toEqual(['ours float', '1.0', '40', '20 ', '30*', '20', '20', '20', '200']);
    expect(shares[1].slice(0, 4)).toEqual(['ours float / PyTorch float', '0.50 ', '0.75*', '0.50']);
  });
});
