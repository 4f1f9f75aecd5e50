/** The report of a comparison as one HTML document without scripts and without anything from outside. */
import { markPath, SLOT_SHAPES } from '../../../charts/frame.ts';
import type { Figure, ReportCost, ReportData, ReportSide } from './data.ts';
import { html, Markup } from './html.ts';

const mark = ({ slot }: Pick<ReportSide, 'slot'>): Markup =>
  html`<svg class="mark" viewBox="0 0 11 11" aria-hidden="true">
    <path d="${markPath(SLOT_SHAPES[(slot - 1) % SLOT_SHAPES.length], 5.5, 5.5, 8)}" fill="var(--run-${slot})" />
  </svg>`;

const figure = ({ text, tone }: Figure): Markup => (tone ? html`<td class="${tone}">${text}</td>` : html`<td>${text}</td>`);

function configurations({ words, columns, sides }: ReportData): Markup {
  return html`<section>
    <h2>${words.configurations}</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            ${columns.map((name) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${sides.map(
            (side) =>
              html`<tr>
                <th scope="row">${mark(side)}<b>${side.letter}</b> ${side.name}</th>
                ${side.figures.map(figure)}
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function cell(bits: number | null, base: number | null, isBase: boolean, lacks: string): Markup {
  if (bits === null) return html`<td><span class="bit gap" title="${lacks}"></span></td>`;
  const same = !isBase && bits === base;
  return html`<td><span class="bit ${same ? 'same' : `b${bits}`}">${bits}</span></td>`;
}

function strip(data: ReportData, part: 'weights' | 'activations'): Markup {
  const { words, sides, layers, baseline } = data;
  const base = sides.find(({ letter }) => letter === baseline);
  return html`<table class="strips">
    <caption>
      ${words[part]}
    </caption>
    <thead>
      <tr>
        <th scope="col">${words.layer}</th>
        ${layers.map(({ number, name }) => html`<th scope="col" title="${name}">${number}</th>`)}
        <th scope="col">${words.average}</th>
      </tr>
    </thead>
    <tbody>
      ${sides.map(
        (side) =>
          html`<tr>
            <th scope="row">${mark(side)}${side.letter}</th>
            ${layers.map((_, index) => cell(side[part][index], base?.[part][index] ?? null, side.letter === baseline, words.lacks))}
            <td class="average">${part === 'weights' ? side.averageWeights : side.averageActivations}</td>
          </tr> `,
      )}
    </tbody>
  </table>`;
}

const bits = (data: ReportData): Markup =>
  html`<section>
    <h2>${data.words.bits}</h2>
    <p>${data.words.bitsNote}</p>
    <div class="scroll">${strip(data, 'weights')}${strip(data, 'activations')}</div>
  </section>`;

const BAR_WIDTH = 840;
const BAR_HEIGHT = 56;

/** Signed bars of one configuration; all configurations share the scale from `low` to `high`. */
function bars(values: readonly (number | null)[], slot: number, low: number, high: number): Markup {
  const span = high - low || 1;
  const zero = (high / span) * (BAR_HEIGHT - 8) + 4;
  const step = BAR_WIDTH / Math.max(1, values.length);
  const round = (value: number): string => value.toFixed(1);
  const shapes = values.map((value, index) => {
    if (!value) return null;
    const height = Math.max(1, (Math.abs(value) / span) * (BAR_HEIGHT - 8));
    return html`<rect
      x="${round((index + 0.15) * step)}"
      y="${round(value > 0 ? zero - height : zero)}"
      width="${round(step * 0.7)}"
      height="${round(height)}"
      fill="var(--run-${slot})"
    />`;
  });
  return html`<svg class="bars" viewBox="0 0 ${BAR_WIDTH} ${BAR_HEIGHT}" aria-hidden="true">
    <path d="M0 ${round(zero)}H${BAR_WIDTH}" stroke="var(--line-strong)" />
    ${shapes}
  </svg>`;
}

function cost({ words, sides, layers }: ReportData, { title, unit, rows }: ReportCost): Markup {
  const shown = sides.flatMap((side, index) => (rows[index] ? [{ side, row: rows[index] }] : []));
  const all = shown.flatMap(({ row }) => row.values).filter((value): value is number => value !== null);
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  return html`<h3>${title}</h3>
    ${shown.map(
      ({ side, row }) =>
        html`<div class="cost">
          <span>${mark(side)}<b>${side.letter}</b></span
          >${bars(row.values, side.slot, low, high)}<span class="${row.total.tone ?? ''}">${row.total.text}</span>
        </div>`,
    )}
    <details>
      <summary>${words.layers}</summary>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">${words.layer}</th>
              ${shown.map(({ side }) => html`<th scope="col">${side.letter}, ${unit}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${layers.map(
              ({ number, name }, index) =>
                html`<tr>
                  <th scope="row">${number} ${name}</th>
                  ${shown.map(({ row }) => html`<td>${row.texts[index]}</td>`)}
                </tr> `,
            )}
            <tr>
              <th scope="row">${words.total}</th>
              ${shown.map(({ row }) => figure(row.total))}
            </tr>
          </tbody>
        </table>
      </div>
    </details>`;
}

function classes({ words, sides }: ReportData): Markup {
  const counted = sides.filter((side) => side.classes !== null);
  if (counted.length === 0)
    return html`<section>
      <h2>${words.classes}</h2>
      <p>${words.noClasses}</p>
    </section>`;
  const count = Math.max(...counted.map((side) => side.classes!.length));
  return html`<section>
    <h2>${words.classes}</h2>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">${words.class}</th>
            ${counted.map((side) => html`<th scope="col">${mark(side)}${side.letter}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${Array.from(
            { length: count },
            (_, index) =>
              html`<tr>
                <th scope="row">${index}</th>
                ${counted.map((side) => html`<td>${side.classes![index] ?? '—'}</td>`)}
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

const runs = ({ words, runs: list }: ReportData): Markup =>
  html`<section class="long">
    <h2>${words.runs}</h2>
    ${list.map(
      (run) =>
        html`<h3>${run.title}</h3>
          <dl>
            ${run.facts.map(
              ([name, value]) =>
                html`<dt>${name}</dt>
                  <dd>${value}</dd>`,
            )}
          </dl>
          <pre>${run.command}</pre>
          <details>
            <summary>${words.recipe}: recipe.json</summary>
            <pre>${run.recipe}</pre>
          </details>`,
    )}
  </section>`;

const reproduce = ({ words, sides }: ReportData): Markup =>
  html`<section class="long">
    <h2>${words.reproduce}</h2>
    ${sides.map(
      (side) =>
        html`<h3>${mark(side)}${side.letter} ${side.name}</h3>
          <pre>${side.commands.join('\n')}</pre>
          <details>
            <summary>${words.configuration}: ${side.file}</summary>
            <pre>${side.configuration}</pre>
          </details>`,
    )}
  </section>`;

/** @param style from `reportStyle` */
export function buildReport(data: ReportData, style: string): string {
  const page = html`<!doctype html>
    <html lang="${data.language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${data.title}</title>
        <style>
          ${new Markup(style)}
        </style>
      </head>
      <body>
        <header>
          <h1>${data.title}</h1>
          <p>${data.facts}</p>
        </header>
        <main>
          ${configurations(data)} ${bits(data)}
          ${
            data.costs.length > 0 &&
            html`<section class="long">
              <h2>${data.words.costs}</h2>
              ${data.costs.map((each) => cost(data, each))}
            </section>`
          }
          ${classes(data)} ${runs(data)} ${reproduce(data)}
        </main>
        <footer>${data.made}</footer>
      </body>
    </html> `;
  return page.text;
}
