// Who may import whom (ARCHITECTURE.md, "Dependency rule"). `npm run check` fails on a forbidden import.

/** Folders of src/worker from the top down; a folder imports from its own row and the rows below. Tests may import
 * from the whole worker. */
const WORKER_ROWS = [['jobs'], ['supernet', 'predictor', 'search', 'export'], ['quant', 'models', 'data'], ['ops'], ['engine', 'formats']];
const TEST = '\\.test\\.ts$';
const worker = (folders) => `^src/worker/(${folders.join('|')})/`;

const upwards = WORKER_ROWS.slice(1).map((row, i) => ({
  name: `worker-${row.join('-')}-not-upwards`,
  comment: 'Inside the worker, imports go down only.',
  severity: 'error',
  from: { path: worker(row), pathNot: TEST },
  to: { path: `${worker(WORKER_ROWS.slice(0, i + 1).flat())}|^src/worker/entry\\.ts$` },
}));

/** Folders of one row do not know each other, with these exceptions. */
const SIBLINGS = [
  { from: 'supernet' },
  // the search scores genomes in the predictor's encoding
  { from: 'search', may: 'predictor/encoding\\.ts$' },
  // the split draws its configurations with the sampler of the search; the schedule of the learning rate is one for all
  { from: 'predictor', may: 'search/sampler\\.ts$|supernet/schedule\\.ts$' },
  { from: 'export' },
  { from: 'quant' },
  { from: 'models' },
  { from: 'data' },
  { from: 'formats' },
];
const siblings = SIBLINGS.map(({ from, may }) => {
  const others = WORKER_ROWS.find((row) => row.includes(from)).filter((folder) => folder !== from);
  return {
    name: `worker-${from}-not-sideways`,
    comment: 'Folders of one row of the worker are independent; the exceptions are listed in this file.',
    severity: 'error',
    from: { path: worker([from]), pathNot: TEST },
    to: { path: worker(others), ...(may && { pathNot: `^src/worker/(${may})` }) },
  };
});

/** A package that only some folders may load. */
const only = (what, folders, path) => ({
  name: `only-${what}`,
  severity: 'error',
  from: { path: '^src/', pathNot: folders },
  to: { path },
});

module.exports = {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolvable',
      comment: 'An import that leads nowhere, or a package that package.json does not name.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-package-in-program',
      comment: 'The program runs with the packages of `dependencies` alone.',
      severity: 'error',
      // what a window loads is bundled when it is built; Electron is what main and preload run in
      from: { path: '^src/', pathNot: `^src/renderer/|${TEST}|/testing/|testkit|/testing\\.ts$|/ops-cases\\.ts$` },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'], pathNot: 'node_modules/electron/' },
    },
    {
      name: 'no-test-in-program',
      severity: 'error',
      from: { path: '^src/', pathNot: TEST },
      to: { path: TEST },
    },
    {
      name: 'shared-alone',
      comment: 'src/shared runs anywhere: it imports nothing of ours from outside, and nothing of Node.',
      severity: 'error',
      from: { path: '^src/shared/', pathNot: TEST },
      to: { path: '^src/(?!shared/)' },
    },
    {
      name: 'shared-without-node',
      comment: 'src/shared also runs in a window.',
      severity: 'error',
      from: { path: '^src/shared/', pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'src-alone',
      comment: 'The program does not need the scripts and benchmarks.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(scripts|bench)/' },
    },
    { name: 'worker-shared-only', severity: 'error', from: { path: '^src/worker/' }, to: { path: '^src/(?!worker/|shared/)' } },
    { name: 'host-shared-only', severity: 'error', from: { path: '^src/host/' }, to: { path: '^src/(?!host/|shared/)' } },
    {
      name: 'thin-over-host',
      comment: 'cli, server and main are thin: they import the host and shared, never each other or the worker.',
      severity: 'error',
      // the tests of the server connect to it with the window's own link
      from: { path: '^src/(cli|server|main)/', pathNot: '^src/server/.*\\.test\\.ts$' },
      to: { path: '^src/(?!$1/|host/|shared/)', pathNot: '^src/server/index\\.ts$' },
    },
    {
      name: 'server-from-cli-only',
      comment: 'The command line starts the browser host; nobody else does.',
      severity: 'error',
      from: { path: '^src/(?!server/|cli/)' },
      to: { path: '^src/server/' },
    },
    {
      name: 'window-shared-only',
      severity: 'error',
      from: { path: '^src/(preload|renderer)/' },
      to: { path: '^src/(?!$1/|shared/)' },
    },
    {
      name: 'worker-by-built-path-only',
      comment: 'The worker is a program of its own, started by its built path.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/worker/' },
      to: { path: '^src/worker/' },
    },
    ...upwards,
    ...siblings,
    only('electron-in-main-and-preload', '^src/(main|preload)/', '^electron($|/)|node_modules/electron/'),
    only('tensorflow-in-engine', '^src/worker/engine/', 'node_modules/@tensorflow/'),
    only('onnx-runtime-in-export', '^src/worker/export/', 'node_modules/onnxruntime'),
    only('database-in-host', '^src/host/', 'node_modules/libsql/'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^out/|/\\.venv/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
