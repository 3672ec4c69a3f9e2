// Bundles each program into one executable file under dist/: a single file starts faster and uses
// less memory than a tree of modules. CommonJS, so that modules which are imported only when a
// command needs them stay unevaluated until then. better-sqlite3 is native and stays outside.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const dist = join(root, 'dist');

const programs = {
  fleetctl: 'cli/main.ts',
  'fleet-agent': 'agent/main.ts',
  'fleet-controller': 'controller/main.ts',
  'fleet-certs': 'certs-tool/main.ts',
};

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }\n');

await build({
  absWorkingDir: root,
  entryPoints: Object.entries(programs).map(([out, entry]) => ({ in: entry, out })),
  outdir: dist,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.11',
  external: ['better-sqlite3'],
  minifyWhitespace: true,
  minifySyntax: true,
  banner: { js: '#!/usr/bin/env node' },
  legalComments: 'none',
  logLevel: 'warning',
});

for (const name of Object.keys(programs)) chmodSync(join(dist, `${name}.js`), 0o755);
