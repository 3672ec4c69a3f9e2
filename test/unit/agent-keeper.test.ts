/** What stands between the agent and a program, and the children that nobody can wait for. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { AdoptedChildren } from '../../agent/adapters/adopted.ts';
import { keeperEnvironment } from '../../agent/adapters/keeper.ts';
import { mayBeAlive } from '../../agent/adapters/process-table.ts';
import type { ExitStatus } from '../../agent/core/exit-status.ts';

const CHILD = { pid: 7, startToken: 'a', keeperPid: 6, keeperStartToken: 'b', bootId: 'boot-1' };
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

test('names that a shell would drop or overwrite travel as values, and no other does', () => {
  const plain = { PATH: '/bin', _x1: '', out: 'o', SHELL: '/bin/sh' };
  assert.deepEqual(keeperEnvironment(plain), { environment: plain, strangeCount: 0 });
  const strange = { 'a.b': '1=2', IFS: ' ', '': 'nameless', '1st': 'x' };
  const packed = keeperEnvironment({ ...plain, ...strange });
  assert.equal(packed.strangeCount, 4);
  for (const [name, value] of Object.entries(plain)) assert.equal(packed.environment[name], value);
  const values = Object.entries(packed.environment).filter(([name]) => !(name in plain));
  assert.deepEqual(values.map(([, value]) => value).sort(), [
    '1st=x',
    '=nameless',
    'IFS= ',
    'a.b=1=2',
  ]);
  assert.ok(values.every(([name]) => /^[A-Z_0-9]+$/.test(name)));
});

test('an adopted child whose pids cannot be looked up has not ended', () => {
  const ends: ExitStatus['kind'][] = [];
  let answer = (): string | null => {
    throw new Error('EMFILE');
  };
  const table = { bootId: 'boot-1', startTokenOf: () => answer() };
  // A folder that is not there cannot be watched either, as without free watches.
  using adopted = new AdoptedChildren(table, join('/nowhere', 'run'), silent);
  adopted.add(CHILD, '/nowhere/run/web.exit', (exit) => ends.push(exit.kind));
  assert.equal(ends.length, 0);
  assert.equal(mayBeAlive(table, CHILD.pid, CHILD.startToken), true);
  answer = () => null;
  adopted.add(CHILD, '/nowhere/run/web.exit', (exit) => ends.push(exit.kind));
  assert.deepEqual(ends, ['unknown']);
  assert.equal(mayBeAlive(table, CHILD.pid, CHILD.startToken), false);
});
