/**
 * The process table of every other UNIX, on Linux: whole suites once more, with agents that know of
 * processes only what ps(1) says. Each suite is a run of its own, because it has the environment of
 * its process for all that it starts.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

const SUITES = [
  'agent-adoption',
  'agent-descendants',
  'agent-endings',
  'agent-processes',
  'agent-repeats',
  'spawn-agent',
  'spawn-descendants',
] as const;

interface Run {
  readonly code: number | null;
  readonly output: string;
}

function runSuite(name: string): Promise<Run> {
  // Not as a part of this test: its runner would then take what is printed for its own.
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const words = [
    '--import',
    'tsx',
    '--test',
    '--test-reporter=spec',
    join(here, `${name}.test.ts`),
  ];
  const run = spawn(process.execPath, words, {
    env: { ...environment, FLEETVISOR_PROCESS_TABLE: 'ps' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  run.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return new Promise((resolve) => run.once('close', (code) => resolve({ code, output })));
}

/** They wait more than they work. */
const TOGETHER = 2;

describe('with ps in place of /proc', { concurrency: TOGETHER }, () => {
  for (const suite of SUITES) {
    test(suite, async () => {
      const { code, output } = await runSuite(suite);
      assert.equal(code, 0, output);
      assert.match(output, /^ℹ pass [1-9]/m, 'no test has run');
    });
  }
});
