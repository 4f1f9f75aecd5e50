// The picture of `npm run bench:length`: memory of worker and host, JS heap and tensors over minutes. On white, so that it can be read on any page.
const WIDTH = 860;
const LEFT = 64;
const RIGHT = 16;
const PANELS = [
  { top: 44, height: 230 },
  { top: 330, height: 70 },
];
const HEIGHT = 446;
const INK = {
  text: '#1d2530',
  faint: '#5d6878',
  line: '#d9dee5',
  shade: '#f2f4f7',
  worker: '#1668c9',
  host: '#0f8a5f',
  heap: '#b4560b',
  tensors: '#7a3fb8',
};

/** Steps of an axis from 0: 1, 2 or 5 times a power of ten, at most `count` of them. */
function ticksTo(high, count) {
  const rough = high / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  return Array.from({ length: Math.floor(high / step + 1e-9) + 1 }, (_, i) => i * step);
}

const number = (value) => Number(value.toFixed(1));
const text = (x, y, words, { anchor = 'start', color = INK.faint, size = 12, weight = 400 } = {}) =>
  `<text x="${number(x)}" y="${number(y)}" text-anchor="${anchor}" fill="${color}" font-size="${size}" font-weight="${weight}">${words}</text>`;

/**
 * @param samples   `{ minute, rss, heap, hostRss, tensors, tfTensors }`, bytes, by time
 * @param phases    `{ name, from, to }` in minutes
 * @param marks     minutes of `checkpoints`, `snapshots` and `evaluations`
 * @param caption   one line below the title
 */
export function plot({ samples, phases, marks, caption }) {
  const end = Math.max(...samples.map(({ minute }) => minute), ...phases.map(({ to }) => to));
  const x = (minute) => LEFT + (minute / end) * (WIDTH - LEFT - RIGHT);
  const parts = [];
  const axis = ({ top, height }, high, count, format) => {
    const y = (value) => top + height * (1 - value / high);
    for (const tick of ticksTo(high, count)) {
      parts.push(`<path d="M${LEFT} ${number(y(tick))}H${WIDTH - RIGHT}" stroke="${INK.line}"/>`);
      parts.push(text(LEFT - 8, y(tick) + 4, format(tick), { anchor: 'end' }));
    }
    return y;
  };
  const line = (y, pick, color) => {
    const known = samples.filter((sample) => pick(sample) !== null);
    const path = known.map((sample, i) => `${i ? 'L' : 'M'}${number(x(sample.minute))} ${number(y(pick(sample)))}`).join('');
    parts.push(`<path d="${path}" fill="none" stroke="${color}" stroke-width="1.6" stroke-linejoin="round"/>`);
  };
  const [memory, tensors] = PANELS;
  for (const [i, { name, from, to }] of phases.entries()) {
    for (const { top, height } of i % 2 ? [] : PANELS)
      parts.push(`<rect x="${number(x(from))}" y="${top}" width="${number(x(to) - x(from))}" height="${height}" fill="${INK.shade}"/>`);
    if (x(to) - x(from) > 70) parts.push(text(x(from) + 6, memory.top + 16, name));
  }
  const most = Math.max(...samples.flatMap(({ rss, hostRss }) => [rss, hostRss ?? 0])) / 1e6;
  const y = axis(memory, most * 1.15, 5, (value) => value.toLocaleString('en-US'));
  line(y, ({ rss }) => rss / 1e6, INK.worker);
  line(y, ({ hostRss }) => (hostRss === null ? null : hostRss / 1e6), INK.host);
  line(y, ({ heap }) => heap / 1e6, INK.heap);
  const mostTensors = Math.max(4, ...samples.flatMap(({ tensors: own, tfTensors }) => [own ?? 0, tfTensors]));
  const yTensors = axis(tensors, mostTensors * 1.15, 3, (value) => value.toLocaleString('en-US'));
  line(yTensors, ({ tensors: own }) => own, INK.tensors);
  line(yTensors, ({ tfTensors }) => tfTensors, INK.heap);
  const foot = memory.top + memory.height;
  for (const minute of marks.evaluations) parts.push(`<path d="M${number(x(minute))} ${foot}v5" stroke="${INK.faint}"/>`);
  for (const minute of marks.snapshots)
    parts.push(
      `<path d="M${number(x(minute))} ${memory.top}V${foot}" stroke="${INK.faint}" stroke-dasharray="3 3"/>`,
      text(x(minute) + 5, memory.top + 16, 'snapshot'),
    );
  for (const tick of ticksTo(end, 8)) parts.push(text(x(tick), tensors.top + tensors.height + 18, `${number(tick)}`, { anchor: 'middle' }));
  parts.push(
    text(WIDTH - RIGHT, HEIGHT - 8, 'minutes', { anchor: 'end' }),
    text(LEFT, foot + 20, 'ticks: evaluations at every bit-width', { size: 11 }),
  );
  const legend = [
    ['worker, resident', INK.worker],
    ['host, resident', INK.host],
    ['worker, JS heap', INK.heap],
  ];
  parts.push(text(LEFT, 18, 'Memory, MB', { color: INK.text, size: 14, weight: 600 }), text(LEFT, 35, caption));
  legend.forEach(([words, color], i) =>
    parts.push(text(WIDTH - RIGHT - 130 * (legend.length - 1 - i), 18, words, { anchor: 'end', color })),
  );
  parts.push(text(LEFT, tensors.top - 10, 'Tensors', { color: INK.text, size: 14, weight: 600 }));
  parts.push(
    text(LEFT + 66, tensors.top - 10, 'in TensorFlow', { color: INK.tensors }),
    text(LEFT + 160, tensors.top - 10, 'tf.memory().numTensors', { color: INK.heap }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, sans-serif" role="img" aria-label="Memory and tensors over the minutes of a training"><rect width="${WIDTH}" height="${HEIGHT}" rx="6" fill="#fff"/>
${parts.join('\n')}
</svg>
`;
}
