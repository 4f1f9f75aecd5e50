// A worker that answers as the real one does and computes nothing: each series of the elastic training gets its points at a
// steady pace, ten batches a second. EQNET_SIMULATION = {"info", "points", "seconds"}.
const { info, points, seconds } = JSON.parse(process.env.EQNET_SIMULATION);
const BATCHES_A_SECOND = 10;
const send = (message) => process.send(message);

const layers = info.layers.map(({ name }) => name);
const roles = ['highest', 'random', 'lowest'];
const series = [
  ...roles.flatMap((role) => [`supernet/${role}/loss`, `supernet/${role}/cross-entropy`]),
  ...roles.slice(1).map((role) => `supernet/${role}/divergence`),
  'supernet/wdr',
  'supernet/wdr-skewness',
  'supernet/wdr-kurtosis',
  'supernet/rate',
  ...layers.flatMap((name) => [`supernet/skewness/${name}`, `supernet/kurtosis/${name}`]),
];

/** A falling curve with noise, the same at every start. */
function valueAt(index, step) {
  const noise = Math.sin(step * 12.9898 + index * 78.233) * 43758.5453;
  return Math.exp((-4 * step) / points) + 0.2 * (noise - Math.floor(noise)) + 0.05 * index;
}

function trainSupernet() {
  const perBatch = Math.ceil(points / (seconds * BATCHES_A_SECOND));
  let step = 0;
  const timer = setInterval(() => {
    const end = Math.min(points, step + perBatch);
    const batch = [];
    for (; step < end; step++)
      for (const [index, name] of series.entries()) batch.push({ series: name, step, value: valueAt(index, step) });
    batch.push({ series: 'engine/rss', step: end - 1, value: process.memoryUsage.rss() });
    send({ type: 'metrics', points: batch });
    send({ type: 'progress', progress: { phase: 'supernet', unit: 'step', done: step, total: points } });
    if (step % 1000 < perBatch) send({ type: 'vitals', rss: process.memoryUsage.rss(), tensors: 0 });
    if (step >= points) clearInterval(timer);
  }, 1000 / BATCHES_A_SECOND);
}

process.on('message', (message) => {
  if (message.type === 'open') send({ type: 'opened', info });
  else if (message.type === 'stop') send({ type: 'stopped' });
  else if (message.type === 'close') process.exit(0);
  else if (['look', 'predict', 'evaluate', 'search', 'sensitivity'].includes(message.type))
    send({ type: 'failed', error: { code: 'checkpoint-invalid', message: 'A simulated run has no checkpoint.' } });
  else if (message.type === 'phase' && message.phase === 'supernet') trainSupernet();
  else if (message.type === 'phase') {
    const result = message.phase === 'pretrain' ? { steps: 1, testAccuracy: 0 } : { calibrationOnly: [] };
    send({ type: 'phase-done', phase: message.phase, result, seconds: 0 });
  }
});
process.on('disconnect', () => process.exit(0));
