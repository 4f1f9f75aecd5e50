/**
 * Writes src/worker/formats/onnx/onnx_pb.ts from resources/onnx/onnx.proto. Run it after replacing the .proto:
 *   node scripts/generate-onnx.mjs
 * It needs no network and no installed protoc: buf brings its own compiler, protoc-gen-es is plain JavaScript.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const target = path.join(root, 'src/worker/formats/onnx/onnx_pb.ts');
const modules = path.join(root, 'node_modules/@bufbuild');
const out = mkdtempSync(path.join(tmpdir(), 'onnx-pb-'));

const template = {
  version: 'v2',
  plugins: [
    {
      // Started through the running Node, because a .cmd shim cannot be executed directly on Windows.
      local: [process.execPath, path.join(modules, 'protoc-gen-es/bin/protoc-gen-es')],
      out: '.',
      opt: ['target=ts', 'import_extension=ts', 'erasable_syntax=true'],
    },
  ],
};

try {
  const templateFile = path.join(out, 'buf.gen.json');
  writeFileSync(templateFile, JSON.stringify(template));
  const input = path.join(root, 'resources/onnx');
  execFileSync(process.execPath, [path.join(modules, 'buf/bin/buf'), 'generate', input, '--template', templateFile, '--output', out], {
    cwd: out,
    stdio: 'inherit',
  });
  const note = '// Generated from resources/onnx/onnx.proto: do not edit, run `node scripts/generate-onnx.mjs` instead.\n';
  const source = note + readFileSync(path.join(out, 'onnx_pb.ts'), 'utf8');
  writeFileSync(target, await format(source, { ...(await resolveConfig(target)), filepath: target }));
  console.log(`Wrote ${path.relative(root, target)}.`);
} finally {
  rmSync(out, { recursive: true, force: true });
}
