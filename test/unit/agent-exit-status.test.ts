import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeExit,
  type ExitStatus,
  isExpected,
  parseExitFile,
} from '../../agent/core/exit-status.ts';
import { exitCode, killedBy } from '../fakes/agent-process.ts';

const UNKNOWN: ExitStatus = { kind: 'unknown' };

test('an exit file is read as code, as signal, as never run, or as unknown, and is never guessed', () => {
  const cases: readonly (readonly [string, ExitStatus])[] = [
    ['exit 0\n', exitCode(0)],
    ['exit 255\n', exitCode(255)],
    ['Killed\nexit 137\n', killedBy('KILL')],
    ['Segmentation fault (core dumped)\nexit 139\n', killedBy('SEGV')],
    ['Real-time signal 1\nexit 163\n', killedBy('35')],
    // Without a remark of the shell these are codes that the program chose.
    ['exit 137\n', exitCode(137)],
    ['exit 128\n', exitCode(128)],
    ['Killed\nexit 128\n', exitCode(128)],
    ['Killed\nexit 200\n', exitCode(200)],
    // No shell remarks on these two.
    ['exit 130\n', killedBy('INT')],
    ['exit 141\n', killedBy('PIPE')],
    ['never ran\nexit 0\n', { kind: 'neverRan' }],
    ['', UNKNOWN],
    ['\n', UNKNOWN],
    ['exit', UNKNOWN],
    ['exit \n', UNKNOWN],
    ['exit 1', UNKNOWN],
    ['exit 1234\n', UNKNOWN],
    ['exit -1\n', UNKNOWN],
    ['exit 1 \nKilled\n', UNKNOWN],
    ['never ran\n', UNKNOWN],
  ];
  for (const [text, expected] of cases) {
    assert.deepEqual(parseExitFile(text), expected, JSON.stringify(text));
  }
});

test('each way to end has its words', () => {
  assert.equal(describeExit(exitCode(3)), 'exit status 3');
  assert.equal(describeExit(killedBy('KILL')), 'killed by SIGKILL');
  assert.equal(describeExit({ kind: 'neverRan' }), 'it never ran');
  assert.equal(describeExit(UNKNOWN), 'exit status unknown');
});

test('only a code can be expected: a death by signal or an unknown end never is', () => {
  assert.equal(isExpected(exitCode(3), [0, 3]), true);
  assert.equal(isExpected(exitCode(1), [0, 3]), false);
  assert.equal(isExpected(killedBy('HUP'), [1, 129]), false);
  assert.equal(isExpected(UNKNOWN, [0]), false);
});
