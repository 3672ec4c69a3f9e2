/** Who is let through the gate: nobody whose identity could not be put on record. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childAtGate, readStartToken } from '../../agent/adapters/children/at-gate.ts';
import { PaperProcesses } from '../fakes/process-table.ts';

function aStage() {
  const processes = new PaperProcesses();
  processes.add([9, 5, 9], [10, 9, 9]);
  const table = processes.table();
  const keeper = { pid: 9, startToken: readStartToken(9, table) };
  return { processes, table, keeper };
}

test('a child tells its pid as a number or as a path that ends with it', () => {
  const { table, keeper } = aStage();
  const identity = { pid: 10, startToken: 't10', keeperPid: 9, keeperStartToken: 't9' };
  const child = { ...identity, bootId: 'boot-1' };
  for (const line of ['10\n', '/proc/self/task/10\n']) {
    assert.deepEqual(childAtGate(line, keeper, table), { kind: 'child', child });
  }
});

test('a child whose pid its shell could not tell is unknown', () => {
  const { table, keeper } = aStage();
  for (const line of ['/proc/self/task/*\n', '\n', '', '0\n', '1\n', '-10\n', '10 10\n']) {
    assert.deepEqual(childAtGate(line, keeper, table), { kind: 'unknown' }, line);
  }
});

test('without the identity of either there is no child, and not knowing is not absence', () => {
  const { processes, table, keeper } = aStage();
  assert.deepEqual(childAtGate('11\n', keeper, table), { kind: 'none' });
  const gone = { pid: 8, startToken: readStartToken(8, table) };
  assert.deepEqual(childAtGate('10\n', gone, table), { kind: 'none' });
  processes.isBlind = true;
  const untold = { pid: 9, startToken: readStartToken(9, table) };
  assert.deepEqual(childAtGate('10\n', keeper, table), { kind: 'unknown' });
  processes.isBlind = false;
  assert.deepEqual(childAtGate('10\n', untold, table), { kind: 'unknown' });
});
