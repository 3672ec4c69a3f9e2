/** That the conformance suite can fail, and when it does not. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BAND_SECONDS, judge } from '../conformance/compare.ts';
import { factsOfChanges } from '../conformance/facts.ts';
import { normalise } from '../conformance/normalise.ts';
import type { Change, Fact } from '../conformance/row.ts';
import { TABLE } from '../conformance/table.ts';

const text = (name: string, value: string): Fact => ({ kind: 'text', name, value });
const seconds = (name: string, ...values: number[]): Fact => ({ kind: 'seconds', name, values });
const STATES = 'states of x';

const verdict = (...[rules, theirs, ours]: Parameters<typeof judge>) =>
  judge(rules, theirs, ours).verdict;

test('a fact that only one side shows is different, whichever side it is', () => {
  const fact = [text(STATES, 'STARTING RUNNING')];
  assert.equal(verdict({ shows: {} }, fact, fact), 'same');
  assert.equal(verdict({ shows: {} }, fact, []), 'different');
  assert.equal(verdict({ shows: {} }, [], fact), 'different');
});

test('a row in which nothing happens on either side is different: it shows nothing', () => {
  assert.equal(verdict({ shows: { [STATES]: 'STARTING' } }, [], []), 'different');
});

test('a step that fails is different, on both sides as well', () => {
  for (const name of ['did not happen', 'did not happen #2', 'not done']) {
    const fact = [text(name, 'x RUNNING')];
    assert.equal(verdict({ shows: {} }, fact, fact), 'different', name);
  }
});

test('times may differ by the band, and by nothing more', () => {
  const theirs = [seconds('gaps of x', 1, 3)];
  const near = [seconds('gaps of x', 1, 3 - BAND_SECONDS + 0.01)];
  const far = [seconds('gaps of x', 1, 3 - BAND_SECONDS - 0.01)];
  assert.equal(verdict({ shows: {} }, theirs, near), 'same');
  assert.equal(verdict({ shows: {} }, theirs, far), 'different');
});

test('a difference on purpose excuses one value of one fact', () => {
  const onPurpose = [{ fact: STATES, ours: 'STARTING BACKOFF', see: 'x' }];
  const rules = { shows: {}, onPurpose };
  const theirs = [text(STATES, 'STARTING RUNNING EXITED')];
  assert.equal(verdict(rules, theirs, [text(STATES, 'STARTING BACKOFF')]), 'better on purpose');
  assert.equal(verdict(rules, theirs, [text(STATES, 'STARTING FATAL')]), 'different');
  assert.equal(
    verdict(rules, [...theirs, text('a', '1')], [text(STATES, 'STARTING BACKOFF'), text('a', '2')]),
    'different',
  );
});

test('to be like Supervisor where we are better on purpose is different', () => {
  const onPurpose = [{ fact: 'daemon now', ours: 'runs', see: 'x' }];
  const ended = [text('daemon now', 'exit 2')];
  assert.equal(verdict({ shows: {}, onPurpose }, ended, ended), 'different');
});

test('of a racy fact each side may show any of the accepted values', () => {
  const rules = { shows: {}, either: { order: ['a b', /^b/] } };
  assert.equal(verdict(rules, [text('order', 'a b')], [text('order', 'b a')]), 'same');
  assert.equal(verdict(rules, [text('order', 'a b')], [text('order', 'c')]), 'different');
});

test('facts of a process: states without repeats, own times, endings, errors', () => {
  const change = (atMs: number, state: Change['state'], more: Partial<Change> = {}): Change => ({
    atMs,
    process: 'x',
    state,
    pid: null,
    ending: null,
    error: null,
    ...more,
  });
  const facts = factsOfChanges(
    [
      change(0, 'STOPPED'),
      change(10, 'STARTING'),
      change(20, 'STARTING', { pid: 7 }),
      change(1_010, 'BACKOFF', { ending: '3', error: 'Exited too quickly (exit status 3)' }),
      change(2_010, 'STARTING'),
      change(4_010, 'STOPPING'),
      change(4_510, 'STOPPED', { ending: 'SIGTERM' }),
    ],
    '/dir',
  );
  assert.deepEqual(facts, [
    text(STATES, 'STARTING BACKOFF STARTING STOPPING STOPPED'),
    text('endings of x', '3 SIGTERM'),
    text('spawn errors of x', 'Exited too quickly'),
    seconds('gaps of x', 1, 1, 0.5),
  ]);
});

test('what differs from run to run is taken out of a text, and nothing else', () => {
  assert.equal(
    normalise(
      'x   RUNNING   pid 42, uptime 1 day, 0:00:01\n/t/1/a.log since Nov 22 05:34 AM',
      '/t/1',
    ),
    'x   RUNNING   pid N, uptime T\n{dir}/a.log since DATE',
  );
  assert.equal(normalise('error: unix:///t/1/agent.sock', '/t/1'), 'error: {socket}');
});

test('rows have names of their own', () => {
  const names = TABLE.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
});

test('every row of the specification that is in scope is in the table', () => {
  const inScope = [
    ...[1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 17, 18, 19, 20, 22, 23, 24, 25, 26, 27, 28],
    ...[29, 31, 32, 33, 35, 36, 37, 39, 40, 41, 42, 45, 47, 48, 49, 51, 52, 61, 64, 65],
  ];
  const covered = new Set(TABLE.map(({ ref }) => ref));
  assert.deepEqual(
    inScope.filter((row) => !covered.has(row)),
    [],
  );
});

test('each row pins what Supervisor shows', () => {
  const vacuous = TABLE.filter(({ shows }) => Object.keys(shows).length === 0);
  assert.deepEqual(
    vacuous.map(({ name }) => name),
    [],
  );
});

test('each difference on purpose points to words of the document', () => {
  const document = readFileSync('docs/supervisor-differences.md', 'utf8');
  const references = TABLE.flatMap(({ onPurpose }) => onPurpose?.map(({ see }) => see) ?? []);
  assert.deepEqual(
    [...new Set(references)].filter((words) => !document.includes(words)),
    [],
  );
});
