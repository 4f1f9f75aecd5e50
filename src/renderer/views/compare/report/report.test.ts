import { afterEach, describe, expect, test } from 'vitest';
import type { RunView, ShelfEntry } from '../../../../shared/contract/api/views.ts';
import { uniformConfiguration } from '../../../../shared/domain/configuration.ts';
import { parseForm } from '../../../../shared/domain/form.ts';
import { chainFacts } from '../../../../shared/domain/test-networks.ts';
import { setLanguage } from '../../../i18n.ts';
import type { Letter } from '../../../stores/compare.ts';
import { recipeOf } from '../../../testing/memory-host.ts';
import { alignedLayers, sideOf, type Side } from '../model.ts';
import { buildReport } from './build.ts';
import { reportData, reportFileName } from './collect.ts';
import { escapeHtml, html } from './html.ts';
import { reportStyle, themeTokens } from './style.ts';

const NASTY = `</title><script>alert("1")</script> & 'x'`;
const facts = chainFacts([100, 400, 100]);
const run = {
  id: 'run-1',
  label: NASTY,
  title: 'A run',
  settings: recipeOf({ title: NASTY }),
  engine: { executor: 'session', version: 'tensorflow-2', threads: 2, gpu: false },
  network: { architecture: 'small-cnn', parameters: 600, layers: facts },
  images: { train: 10, validation: 5, test: 7 },
  predictor: { rmse: 0.003, kendall: 0.8 },
  float: { accuracy: 0.93, images: 7 },
  supernet: { weightsDigest: 'abc123' },
  digest: 'digest-of-the-run',
  candidates: [],
} as unknown as RunView;
function side(letter: Letter, bits: number, accuracy: number, classes: boolean): Side {
  const measured = {
    accuracy,
    images: 7,
    interval: [accuracy - 0.01, accuracy + 0.01] as [number, number],
    classes: classes ? [{ correct: 3, images: 4 }] : null,
  };
  const entry = {
    id: letter,
    run: run.id,
    name: `${letter} ${NASTY}`,
    configuration: uniformConfiguration(facts, bits, parseForm('csa')),
    candidateId: null,
    predicted: 0.9,
    measured,
    compare: letter,
    createdAt: '',
  };
  return sideOf(entry as ShelfEntry & { compare: Letter }, run, null, null);
}
const tokens = `:root { --s1: 4px; }
[data-theme='dark'] {
  color-scheme: dark;
  --canvas: #0d0e12;
  /* bits */
  --bit-2: #274885;
}
[data-theme='light'] {
  color-scheme: light;
  --canvas: #f2f3f5;
  --bit-2: #c8dcff;
}
`;
const project = { name: NASTY, folder: `/home/someone/it's here.eqnet` };
function report(sides: Side[]): string {
  const base = sides.at(-1)!;
  return buildReport(reportData(project, sides, base, alignedLayers(sides, base), new Date(0)), reportStyle(tokens));
}
const parse = (text: string): Document => new DOMParser().parseFromString(text, 'text/html');

describe('escaping', () => {
  test.each([
    [`<a href="x">'&'`, '&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;'],
    ['a\u0000\u0008b\nc', 'ab\nc'],
    ['&lt;', '&amp;lt;'],
  ])('%j', (text, expected) => expect(escapeHtml(text)).toBe(expected));
  test('markup stays, text does not; lists are joined', () => {
    expect(html`<p title="${'"<'}">${[html`<b>${'a<b'}</b>`, null, false, 3]}</p>`.text).toBe('<p title="&quot;&lt;"><b>a&lt;b</b>3</p>');
  });
});

test('the themes come from the tokens', () => {
  expect(themeTokens(tokens, 'dark')).toBe('color-scheme: dark; --canvas: #0d0e12; --bit-2: #274885;');
  expect(themeTokens(tokens, 'light')).toMatch(/--canvas: #f2f3f5;/);
  expect(() => themeTokens(':root{}', 'dark')).toThrow("no theme 'dark'");
  expect(reportStyle(tokens)).toContain('@media screen and (prefers-color-scheme:dark){:root{color-scheme: dark;');
});

describe('a report', () => {
  afterEach(() => setLanguage('en'));
  const text = report([side('A', 3, 0.9, true), side('B', 4, 0.88, false), side('D', 4, 0.91, true)]);
  const page = parse(text);

  test('holds no script and nothing from outside', () => {
    expect(page.querySelectorAll('script, link, img, iframe, object, form')).toHaveLength(0);
    expect(text).not.toMatch(/<script|javascript:|https?:|url\(|@import/i);
    expect(page.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute('content')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'",
    );
  });
  test('shows names as they are', () => {
    expect(page.querySelector('h1')?.textContent).toBe(`Comparison, ${NASTY}`);
    expect(page.querySelectorAll('tbody tr')[0].querySelector('th')?.textContent?.trim()).toBe(`A A ${NASTY}`);
  });
  test('counts differences from the numbers shown', () => {
    const cells = [...page.querySelectorAll('tbody tr')[0].querySelectorAll('td')].map((cell) => cell.textContent);
    expect(cells.slice(1, 5)).toEqual(['90.00', '89.00–91.00', '−1.00', '90.00']);
    expect(page.querySelectorAll('tbody tr')[0].querySelectorAll('td.worse')).toHaveLength(1);
    expect(page.querySelectorAll('tbody tr')[0].querySelectorAll('td.better')).toHaveLength(1);
  });
  test('outlines what is as in the baseline', () => {
    const [weights] = page.querySelectorAll('table.strips');
    const rows = [...weights.querySelectorAll('tbody tr')].map((row) =>
      [...row.querySelectorAll('.bit')].map((bit) => bit.className.replace('bit ', '')),
    );
    expect(rows).toEqual([
      ['same', 'b3', 'same'],
      ['same', 'same', 'same'],
      ['b8', 'b4', 'b8'],
    ]);
  });
  test('has the classes of those that were counted, and all that is needed to do it again', () => {
    expect(text).toContain('75.0');
    expect(text).toContain(escapeHtml(`eqnet eval 'it'\\''s here.eqnet' --run run-1 --config a.json`));
    expect(text).toContain('digest-of-the-run');
    expect([...page.querySelectorAll('details pre')].map((pre) => JSON.parse(pre.textContent) as unknown)).toContainEqual(
      JSON.parse(JSON.stringify(run.settings)),
    );
  });
  test('alone, or with unknown layers, it has no differences', () => {
    const one = parse(report([side('A', 3, 0.9, false)]));
    expect(one.querySelectorAll('svg.bars')).toHaveLength(0);
    const gone = { ...side('B', 3, 0.9, false), run: null, cost: null, layers: new Map() };
    expect(report([gone, side('A', 3, 0.9, false)])).toContain('class="bit gap"');
  });
  test('speaks the language of the interface', () => {
    setLanguage('de');
    expect(parse(report([side('A', 3, 0.9, true)])).querySelector('h1')?.textContent).toBe(`Vergleich, ${NASTY}`);
  });
});

test.each([
  ['mnist quick', 'mnist-quick-comparison.html'],
  ['../a/b', 'a-b-comparison.html'],
  ['***', 'project-comparison.html'],
  ['Größe.eqnet', 'Größe-comparison.html'],
])('file name of %j', (name, expected) => expect(reportFileName(name)).toBe(expected));
