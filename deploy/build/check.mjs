// Everything that must be green before a commit, side by side: types, style, dead code, the shape
// of the tree, unit tests. Prints each check's output only where it failed, and the time of each.
// What they found in files that have not changed is kept in node_modules/.cache.
import { spawn } from 'node:child_process';

const CACHE = 'node_modules/.cache';

const checks = {
  types: [
    'node_modules/.bin/tsc',
    ...['-p', '.', '--incremental', '--tsBuildInfoFile', `${CACHE}/types.tsbuildinfo`],
  ],
  style: ['node_modules/.bin/biome', 'ci', '--error-on-warnings', '.'],
  'dead code': [
    'node_modules/.bin/knip',
    ...['--no-progress', '--cache', '--cache-location', `${CACHE}/knip`],
  ],
  'unit tests, one half': unitTests('1/2'),
  'unit tests, the other': unitTests('2/2'),
};

/** Side by side they take the time of the slower one. */
function unitTests(part) {
  const files = ['test/tidy.test.ts', 'test/unit'];
  return [process.execPath, 'test/run.mjs', '--together', `--part=${part}`, ...files];
}

function run([name, [command, ...args]]) {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => output.push(Buffer.from(String(error))));
    child.on('close', (code) => {
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      const text = Buffer.concat(output).toString();
      const isGreen = code === 0;
      console.log(`${isGreen ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)${summary(text)}`);
      if (!isGreen) console.log(text);
      resolve(isGreen);
    });
  });
}

/** How many tests there were, as the runner says. */
function summary(text) {
  const count = /^. pass (\d+)$/m.exec(text)?.[1];
  return count === undefined ? '' : `: ${count} passed`;
}

const results = await Promise.all(Object.entries(checks).map(run));
process.exit(results.every(Boolean) ? 0 : 1);
