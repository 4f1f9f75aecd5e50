// The section of docs/results.md that `npm run measure:app` writes.
import { markdownRows as table, putSection } from './kept-sections.mjs';

/** Puts the section into a file, in place of the one that it has. */
export const putAppSection = (file, content) => putSection(file, 'app', content);

const count = (number) => number.toLocaleString('en-US');
const memory = ({ residentMb, heapMb }) => [residentMb ?? 'not told here', heapMb];
const frames = ({ frames: seen, medianMs, p95Ms, p99Ms, mostMs, longer }) => [seen, medianMs, p95Ms, p99Ms, mostMs, longer];

/** What was measured, as text. */
export function describeApp({ at, machine, start, training, long, minutes }) {
  const { before, after } = long;
  return `## The app

\`npm run measure:app\` measures this section and writes it; it took ${minutes} minutes. ${at.slice(0, 10)}, ${machine.cores} x ${machine.processor}, ${machine.memoryGb} GB, Node ${machine.node}, headless Chromium without a GPU on the browser host; no real Electron was measured.

Start, median of ${start.starts}: \`eqnet serve\` says its address after ${count(start.serverMs)} ms; from opening the address to a button that can be pressed ${count(start.pageMs)} ms.

Memory after a simulated run: a worker that computes nothing sends ${count(long.points)} points in each of ${count(long.series)} series, as many as a run of 30 minutes with 56 steps a second, within ${count(long.seconds)} s. The host stores every point and the Train screen draws them as it would those of a real run. Megabytes, after a garbage collection:

${table(
  ['', 'resident', 'heap and buffers'],
  [
    ['host, before', ...memory(before.host)],
    ['host, after', ...memory(after.host)],
    ['window, before', ...memory(before.window)],
    ['window, after', ...memory(after.window)],
  ],
)}

The page loaded anew with all points shows its first curve after ${count(long.reloadMs)} ms.

Time between two frames of the Train screen, ms:

${table(
  ['', 'frames', 'median', '95 %', '99 %', 'longest', 'above 50 ms'],
  [
    ['while MNIST really trains beside it', ...frames(training)],
    ['simulated run, its begin', ...frames(long.frames.early)],
    ['simulated run, its end', ...frames(long.frames.late)],
  ],
)}`;
}
