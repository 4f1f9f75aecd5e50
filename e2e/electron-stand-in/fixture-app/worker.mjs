const port = process.parentPort;
port.on('message', ({ data }) => {
  if (data === 'report') {
    port.postMessage({
      argument: process.argv.at(-1),
      environment: process.env.FIXTURE,
      send: typeof process.send,
      bytes: new Float32Array([1, 2]),
      nan: Number.NaN,
    });
  }
  if (data === 'talk') process.stdout.write('last words\n', () => process.exit(3));
  if (data === 'crash') process.abort();
  if (data === 'end') process.exit(0);
});
