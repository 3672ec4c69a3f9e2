import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Family,
  familyOf,
  findFamily,
  forestOf,
  type Strangers,
} from '../../agent/adapters/children/descendants.ts';
import type { ProcessEntry } from '../../agent/adapters/host/process-table.ts';
import { entriesOf } from '../fakes/process-table.ts';

const PROGRAM = { pid: 10, startToken: 't10' };
const NOBODY: Strangers = { pids: new Set([0, 1]), sessions: new Set([1]) };

function pidsOf({ members }: Family): readonly number[] {
  return [...members.keys()].sort((one, other) => one - other);
}

function find(entries: readonly ProcessEntry[], known = familyOf(PROGRAM), strangers = NOBODY) {
  return findFamily(forestOf(entries), known, strangers);
}

test('children and their children descend from a program, and nobody beside or above it', () => {
  const entries = entriesOf(
    [1, 0, 1],
    [9, 1, 9],
    [10, 9, 10],
    [11, 10, 10],
    [12, 11, 10],
    [20, 1, 20],
    [21, 20, 20],
  );
  assert.deepEqual(pidsOf(find(entries)), [10, 11, 12]);
});

test('an orphan that is still in the session of the program is one of them, with its children', () => {
  const entries = entriesOf([1, 0, 1], [10, 9, 10], [12, 1, 10], [13, 12, 12]);
  assert.deepEqual(pidsOf(find(entries)), [10, 12, 13]);
});

test('so is one in a session that one of them began', () => {
  const entries = entriesOf([1, 0, 1], [10, 9, 10], [11, 10, 11], [12, 1, 11]);
  assert.deepEqual(pidsOf(find(entries)), [10, 11, 12]);
});

test('without setsid(1) the session is that of the keeper, who is no descendant', () => {
  const strangers = { pids: new Set([0, 1, 9]), sessions: new Set([1]) };
  const entries = entriesOf([9, 5, 9], [10, 9, 9], [12, 1, 9]);
  assert.deepEqual(pidsOf(find(entries, familyOf(PROGRAM), strangers)), [10, 12]);
});

test('once the program has ended, those who were known are still found, and whom they start', () => {
  const known = find(entriesOf([10, 9, 10], [11, 10, 11], [12, 10, 12]));
  const later = find(
    entriesOf([11, 1, 11], [12, 1, 12, 'another'], [13, 11, 11], [14, 12, 12]),
    known,
  );
  assert.deepEqual(pidsOf(later), [11, 13]);
});

test('an orphan is found by its session when everybody else in it has ended', () => {
  const known = find(entriesOf([10, 9, 10], [11, 10, 11]));
  assert.deepEqual(pidsOf(find(entriesOf([13, 1, 11]), known)), [13]);
});

test('a session whose number is the pid of a stranger is another one by now', () => {
  const known = find(entriesOf([10, 9, 10], [11, 10, 11]));
  const reused = entriesOf([11, 50, 11, 'another'], [13, 11, 11]);
  assert.deepEqual(pidsOf(find(reused, known)), []);
});

test('a session in which nobody was left is forgotten', () => {
  const known = find(entriesOf([10, 9, 10], [11, 10, 11]));
  const empty = find(entriesOf([50, 1, 50]), known);
  assert.deepEqual([...empty.sessions], []);
});

test('a pid that belongs to somebody else is nobody of the family', () => {
  assert.deepEqual(pidsOf(find(entriesOf([10, 9, 10, 'another'], [11, 10, 10]))), []);
});

test('the agent below a program is spared, with all that it has started', () => {
  // 10 has started the agent 30, which supervises 40 through its keeper 39, and 10 itself.
  const strangers = { pids: new Set([0, 1, 30, 39, 40]), sessions: new Set([1, 30, 39, 40]) };
  const entries = entriesOf(
    [10, 1, 10],
    [11, 10, 10],
    [30, 10, 30],
    [31, 30, 30],
    [39, 30, 39],
    [40, 39, 40],
    [41, 40, 40],
  );
  assert.deepEqual(pidsOf(find(entries, familyOf(PROGRAM), strangers)), [10, 11]);
});

test('what another program left to this one, a subreaper, does not lead to that program', () => {
  const strangers = { pids: new Set([0, 1, 39, 40]), sessions: new Set([1, 39, 40]) };
  const entries = entriesOf([10, 9, 10], [39, 30, 39], [40, 39, 40], [41, 40, 40], [42, 10, 40]);
  assert.deepEqual(pidsOf(find(entries, familyOf(PROGRAM), strangers)), [10, 42]);
});

test('where the agent is init, the orphans of a program are its own all the same', () => {
  const strangers = { pids: new Set([0, 1]), sessions: new Set([1]) };
  const entries = entriesOf([1, 0, 1], [8, 1, 1], [9, 1, 9], [10, 9, 10], [12, 1, 10]);
  assert.deepEqual(pidsOf(find(entries, familyOf(PROGRAM), strangers)), [10, 12]);
});

test('who is dead and not reaped is no descendant, but a sign that the session was alive', () => {
  const known = find(entriesOf([10, 9, 10], [11, 10, 10]));
  const entries = entriesOf([11, 1, 10], [12, 1, 10], [20, 1, 20]);
  const found = find(
    entries.map((entry) => ({ ...entry, isDead: true })),
    known,
  );
  assert.deepEqual(pidsOf(found), []);
  assert.deepEqual([...found.dead], [11, 12]);
  assert.deepEqual([...found.sessions], [10]);
  assert.deepEqual([...found.groups], [10]);
});

test('a dead leader does not hide its session, whose number is still theirs', () => {
  const known = find(entriesOf([10, 9, 10], [11, 10, 10]));
  const entries = entriesOf([10, 1, 10], [13, 1, 10]);
  const table = entries.map((entry) => ({ ...entry, isDead: entry.pid === 10 }));
  assert.deepEqual(pidsOf(find(table, known)), [13]);
});

const groupsOf = (entries: readonly ProcessEntry[], strangers = NOBODY): readonly number[] => [
  ...find(entries, familyOf(PROGRAM), strangers).groups,
];

test('its groups are those within its own sessions in which somebody of it is', () => {
  const entries = entriesOf(
    [10, 9, 10],
    [11, 10, 10, 't11', 11],
    [12, 1, 10, 't12', 700],
    [13, 11, 13],
    [20, 1, 20],
  );
  assert.deepEqual(groupsOf(entries).toSorted(), [10, 11, 13, 700]);
});

test('no group is one with a stranger in it, nor in a session of strangers, nor 0, 1 or init', () => {
  const strangers = { pids: new Set([0, 1, 9, 30]), sessions: new Set([1, 30]) };
  // There is no setsid(1): the program is in the group of its keeper.
  const withKeeper = entriesOf([9, 5, 9], [10, 9, 9], [12, 10, 9, 't12', 12]);
  assert.deepEqual(groupsOf(withKeeper, strangers), [12]);
  const withDead = withKeeper.map((entry) => ({ ...entry, isDead: entry.pid === 9 }));
  assert.deepEqual(groupsOf(withDead, strangers), [12]);
  const below = entriesOf([10, 1, 10], [30, 10, 30], [31, 10, 30], [32, 10, 30, 't32', 32]);
  assert.deepEqual(groupsOf(below, strangers), [10]);
  const joined = entriesOf([10, 9, 10], [12, 10, 10, 't12', 12], [30, 10, 10, 't30', 12]);
  assert.deepEqual(groupsOf(joined, strangers), [10]);
  for (const group of [0, 1, 30]) {
    const unnamed = { pids: new Set([30]), sessions: new Set<number>() };
    assert.deepEqual(groupsOf(entriesOf([10, 9, 10, 't10', group]), unnamed), [], `${group}`);
  }
});

test('a group in which nobody is any more is remembered until the table shows somebody in it', () => {
  const known = find(entriesOf([10, 9, 10], [11, 10, 11]));
  const later = find(entriesOf([11, 1, 11]), known);
  assert.deepEqual([...later.emptyGroups], [10]);
  const last = find(entriesOf([50, 1, 50]), later);
  assert.deepEqual([...last.emptyGroups].toSorted(), [10, 11]);
  const reused = find(entriesOf([50, 1, 50], [10, 50, 10, 'another']), last);
  assert.deepEqual([...reused.emptyGroups], [11]);
});

test('the sessions of init, and of what is outside the container, make nobody a descendant', () => {
  const strangers = { pids: new Set([0, 1]), sessions: new Set<number>() };
  const entries = entriesOf([1, 0, 1], [8, 1, 1], [7, 0, 0], [10, 9, 10], [11, 10, 0], [12, 10, 1]);
  assert.deepEqual(pidsOf(find(entries, familyOf(PROGRAM), strangers)), [10, 11, 12]);
});
