/**
 * What others have written and we run: exactly the versions and bytes that were looked at, and nothing
 * that runs by being installed but what has to be built.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

interface Package {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

function read<Document>(name: string): Document {
  return JSON.parse(readFileSync(join(root, name), 'utf8')) as Document;
}

test('every package that is shipped is pinned by version and hash, and only one may run a script', () => {
  const manifest = read<Manifest>('package.json');
  const asked = { ...manifest.dependencies, ...manifest.devDependencies };
  for (const [name, version] of Object.entries(asked)) {
    assert.match(version, /^\d+\.\d+\.\d+$/, `${name} is not one version`);
  }
  const { packages } = read<{ packages: Readonly<Record<string, Package>> }>('package-lock.json');
  const installed = Object.entries(packages).filter(([path]) => path !== '');
  assert.ok(installed.length > 50);
  for (const [path, { integrity, hasInstallScript, dev, optional }] of installed) {
    // Tools for platforms that nobody built the lock file on come without one.
    const isForeignTool = dev === true && optional === true;
    if (!isForeignTool) assert.match(integrity ?? '', /^sha512-/, `${path} has no hash`);
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (hasInstallScript) assert.ok(name in manifest.allowScripts, `${name} runs a script`);
  }
  const allowed = Object.entries(manifest.allowScripts).filter(([, may]) => may);
  assert.deepEqual(allowed, [['better-sqlite3', true]]);
});
