import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentInput } from '../../agent/core/state.ts';
import { createOrderDesk } from '../../agent/local/order-desk.ts';
import { callerName, commandText } from '../../agent/local/order-words.ts';
import { refusal } from '../../proto/errors.ts';
import type { LocalOrder, OrderNews } from '../../proto/local-orders.ts';
import { operationId } from '../../proto/vocabulary.ts';
import { fakeLog } from '../fakes/agent-log.ts';
import { aCaller } from '../fakes/local-callers.ts';

type Given = Extract<AgentInput, { readonly kind: 'order' }>;

const restart: LocalOrder = {
  kind: 'control',
  operationId: operationId('one'),
  verb: 'restart',
  signal: null,
  names: ['web:*', 'queue'],
};
const update: LocalOrder = { kind: 'update', operationId: operationId('two'), groups: [] };
const stopped: OrderNews = {
  kind: 'process',
  process: 'web:a',
  step: 'stop',
  fault: null,
  error: null,
};
const done: OrderNews = { kind: 'done' };

function openDesk() {
  const given: Given[] = [];
  const log = fakeLog();
  const desk = createOrderDesk((input) => {
    assert.equal(input.kind, 'order');
    given.push(input as Given);
  }, log);
  const told: OrderNews[] = [];
  return { desk, given, log, told, listen: (news: OrderNews) => void told.push(news) };
}

test('an order reaches the core under a number of its own, with who gave it and as what', () => {
  const { desk, given, listen } = openDesk();
  desk.give(restart, aCaller('alice'), listen);
  desk.give(update, aCaller('bob'), listen);
  assert.deepEqual(
    given.map(({ by, command }) => [by.name, command]),
    [
      ['alice', 'restart web:* queue'],
      ['bob', 'update'],
    ],
  );
  assert.notEqual(given[0]?.order, given[1]?.order);
});

test('whoever gave an order hears of it, of no other, and of nothing after its end', () => {
  const { desk, given, told, listen } = openDesk();
  desk.give(restart, aCaller('alice'), listen);
  desk.give(update, aCaller('bob'), () => assert.fail('bob was told'));
  const order = given[0]?.order ?? 0;
  for (const news of [stopped, done, stopped]) desk.tell(order, news);
  assert.deepEqual(told, [stopped, done]);
});

test('who has left is told nothing, and an order that nobody gave is no trouble', () => {
  const { desk, given } = openDesk();
  const listening = desk.give(restart, aCaller('alice'), () => assert.fail('alice was told'));
  listening[Symbol.dispose]();
  desk.tell(given[0]?.order ?? 0, stopped);
  desk.tell(99, stopped);
});

test('when the agent ends, who asked for that has what they wanted and the others are told', () => {
  const { desk, told, listen } = openDesk();
  desk.give({ kind: 'shutdown' }, aCaller('alice'), listen);
  desk.give(restart, aCaller('bob'), listen);
  desk.endAll();
  assert.deepEqual(
    told.map((news) => (news.kind === 'refused' ? news.refusal.code : news.kind)),
    ['done', 'unavailable'],
  );
});

test('what comes of a signal is logged where it goes wrong', () => {
  const { desk, given, log } = openDesk();
  desk.giveBySignal(update, 'SIGHUP');
  assert.equal(given[0]?.by.name, 'SIGHUP');
  const order = given[0]?.order ?? 0;
  const group = {
    kind: 'group',
    group: 'web',
    action: 'updated',
    fault: null,
    error: null,
  } as const;
  desk.tell(order, group);
  desk.tell(order, { ...group, fault: 'failed' });
  desk.tell(order, { kind: 'refused', refusal: refusal('unavailable', 'it ends') });
  assert.deepEqual(log.lines, [
    'error: SIGHUP: web is not updated',
    'error: SIGHUP is refused: it ends',
  ]);
});

test('a command is told as it could have been typed, in one line, and no word passes for two', () => {
  const control = { ...restart, verb: 'signal', signal: 'HUP', names: ['a b', '', 'c\u001b[2J\n'] };
  assert.equal(commandText(control as LocalOrder), 'signal HUP "a b" "" "c\\u001b[2J\\n"');
  const many = { ...restart, names: Array(1_000).fill('web') };
  assert.equal(commandText(many).length, 500);
  assert.equal(commandText({ kind: 'reload' }), 'reload');
  const hold = { kind: 'hold', names: ['web'], forMs: 7_200_000, reason: '' } as const;
  assert.equal(commandText(hold), 'hold web --for 2h');
  const because = commandText({ ...hold, reason: 'see\n#17' });
  assert.equal(because, 'hold web --for 2h --reason "see\\n#17"');
  assert.equal(commandText({ kind: 'release', names: ['all'] }), 'release all');
});

test('a claim of sudo can neither steer a terminal nor be endless', () => {
  assert.equal(callerName('root', 'a\u0007\u202eb'), 'root (sudo by a\\u{7}\\u{202e}b)');
  assert.ok(callerName('root', 'a'.repeat(255)).length < 90);
});
