/**
 * The bundled programs that the integration tests run: built if they are missing or older than the
 * sources, by one test file at a time, and copied, so that a build meanwhile pulls nothing away
 * from under a running test.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keptDatabase } from '../../../proto/sqlite.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const dist = join(root, 'dist');

const FILES = ['fleetctl.js', 'fleet-agent.js', 'fleet-controller.js', 'package.json'] as const;
const SOURCES = ['agent', 'cli', 'controller', 'proto', 'deploy/build'] as const;

/** Another file's build takes seconds; this is for a machine that is busy with much else. */
const BUILD_WAIT_MS = 120_000;

export interface Programs {
  readonly fleetctl: string;
  readonly agent: string;
  readonly controller: string;
}

/** @param directory an empty one, into which the programs are copied */
export function copyPrograms(directory: string): Programs {
  mkdirSync(directory);
  withBuildLock(() => {
    if (isStale()) build();
    for (const file of FILES) cpSync(join(dist, file), join(directory, file));
  });
  // The bundles leave better-sqlite3 outside and look for it as any program does.
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  return {
    fleetctl: join(directory, 'fleetctl.js'),
    agent: join(directory, 'fleet-agent.js'),
    controller: join(directory, 'fleet-controller.js'),
  };
}

/** SQLite's file lock: it waits for its turn, and the kernel drops it when its holder dies. */
function withBuildLock(work: () => void): void {
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const lock = keptDatabase(join(cache, 'integration-build.lock'), BUILD_WAIT_MS);
  try {
    lock.exec('BEGIN EXCLUSIVE');
    work();
  } finally {
    lock.close();
  }
}

function isStale(): boolean {
  const built = FILES.map((file) => join(dist, file));
  if (!built.every((path) => existsSync(path))) return true;
  const oldestMs = Math.min(...built.map(modifiedMs));
  return SOURCES.flatMap(filesBelow).some((path) => modifiedMs(path) > oldestMs);
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(root, folder, name))
    .filter((path) => /\.(?:ts|proto|mjs)$/.test(path));
}

/** A file that was just removed is no reason to build. */
function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function build(): void {
  const isGenerated = existsSync(join(root, 'proto', 'gen', 'descriptor.ts'));
  // Tests that run now read proto/gen; it is made anew only where it must be.
  const steps = isGenerated ? ['bundle.mjs'] : ['generate.mjs', 'bundle.mjs'];
  for (const step of steps) {
    execFileSync(process.execPath, [join(root, 'deploy', 'build', step)], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
}
