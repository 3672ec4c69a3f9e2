// Runs the test files below the given folders (or the given files) under node:test. On Node 20
// `node --test FOLDER` finds no .ts file and still exits 0, so the files are found here, and finding
// none is a failure. Unit tests (--together) share one process; integration tests, which start real
// programs, get a process each. With --part=1/2 it runs the first half, for whoever runs the other
// part beside it: files of one area stay together, because they load the same modules.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// They take longest, so they go first: at the end none of them is left to run alone.
const LONG = [
  'agent-ps',
  'transcripts',
  'terminal-few',
  'local-cli',
  'kill-sweep',
  'agent-kill-loop',
];

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
  .sort((a, b) => turnOf(a) - turnOf(b) || (a < b ? -1 : 1))
  .filter((_file, index, all) => Math.floor((index * parts) / all.length) === part - 1);
if (files.length === 0) {
  console.error(`no test files below ${places.join(', ')}`);
  process.exit(1);
}
const here = dirname(fileURLToPath(import.meta.url));
const runner = join(here, isTogether ? 'together.mjs' : 'apart.mjs');
const { status } = spawnSync(process.execPath, ['--import', 'tsx', runner, ...files], {
  stdio: 'inherit',
});
process.exit(status ?? 1);

function turnOf(file) {
  const turn = LONG.indexOf(basename(file, '.test.ts'));
  return turn === -1 ? LONG.length : turn;
}
