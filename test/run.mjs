// Runs the test files below the given folders (or the given files) under node:test. On Node 20
// `node --test FOLDER` finds no .ts file and still exits 0, so the files are found here, and finding
// none is a failure. Unit tests (--together) share one process; integration tests, which start real
// programs, get a process each and no more of them at once than there are cores. With --part=1/2 it
// runs every second file, for whoever runs the other part beside it.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const places = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const isTogether = process.argv.includes('--together');
const [, part, parts] = /--part=(\d+)\/(\d+)/.exec(process.argv.join(' ')) ?? ['', 1, 1];
const files = places
  .flatMap((place) =>
    statSync(place).isDirectory()
      ? readdirSync(place, { recursive: true, encoding: 'utf8' })
          .filter((name) => name.endsWith('.test.ts'))
          .map((name) => join(place, name))
      : [place],
  )
  .sort()
  .filter((_file, index) => index % Number(parts) === Number(part) - 1);
if (files.length === 0) {
  console.error(`no test files below ${places.join(', ')}`);
  process.exit(1);
}
const together = join(dirname(fileURLToPath(import.meta.url)), 'together.mjs');
const mode = isTogether
  ? [together]
  : ['--test', `--test-concurrency=${availableParallelism()}`, '--test-reporter=spec'];
const { status } = spawnSync(process.execPath, ['--import', 'tsx', ...mode, ...files], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
