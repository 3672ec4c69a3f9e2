import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseLogs, readingDenied } from '../../controller/core/log-sources.ts';
import { createCallBudget, planCredit } from '../../controller/logs/credit.ts';
import { isRefusal, type Refusal } from '../../proto/errors.ts';
import { LOG_BLOCK_MAX_BYTES, LOG_CREDIT_MAX_BYTES } from '../../proto/log-messages.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { aHost, away, emptyFleet, NOW_MS } from '../fakes/controller-fleet.ts';
import { aRole, withRoles } from '../fakes/roles.ts';

const hosts = [
  aHost('web-10', ['web:0', 'web:1', 'db']),
  aHost('web-2', ['web:0']),
  aHost('gone-1', ['web:0'], away),
  aHost('gone-2', ['db'], away),
];
const fleet = {
  ...emptyFleet,
  hosts: PersistentMap.of(hosts.map((host) => [host.host, host] as const)),
};

const choose = (selector: string, processes: readonly string[], grep: string | null = null) =>
  chooseLogs(fleet, {
    ...{ hosts: selector, processes, grep, wallMs: NOW_MS },
    ...{ allowedOnly: false, operator: 'alice' },
  });

function refused(value: unknown): Refusal {
  assert.ok(isRefusal(value));
  return value;
}

test('connected hosts with such processes are read, in natural order; others of them are named', () => {
  assert.deepEqual(choose('@*', ['web']), {
    sources: [
      { host: 'web-2', processes: ['web:0'] },
      { host: 'web-10', processes: ['web:0', 'web:1'] },
    ],
    unreachable: [{ host: 'gone-1', processes: ['web:0'] }],
  });
});

test('a host that never had such a process is left out, connected or not', () => {
  assert.deepEqual(choose('gone-*', ['db']), {
    sources: [],
    unreachable: [{ host: 'gone-2', processes: ['db'] }],
  });
});

test('what matches nothing is refused, with what was probably meant', () => {
  const because = refused(choose('@*', ['wbe']));
  assert.equal(because.code, 'nothing-matched');
  assert.match(`${because.fix}`, /did you mean web\?/);
  assert.equal(refused(choose('nosuch-*', ['web'])).code, 'nothing-matched');
  assert.equal(refused(choose('@*', [''])).code, 'nothing-matched');
});

test('empty selections are refused: they never mean everything', () => {
  assert.equal(refused(choose('', ['web'])).code, 'usage');
  assert.equal(refused(choose(' ', ['web'])).code, 'usage');
  assert.equal(refused(choose('@*', [])).code, 'usage');
});

test('an expression that is none of RE2 is refused before any agent is asked', () => {
  for (const grep of ['(', '(?=look-ahead)', String.raw`(a)\1`, '*']) {
    const because = refused(choose('@*', ['web'], grep));
    assert.equal(because.code, 'usage', grep);
    assert.ok(because.message.includes(JSON.stringify(grep)));
    assert.notEqual(because.cause, null);
  }
  assert.ok(!isRefusal(choose('@*', ['web'], 'ERROR|WARN')));
});

test('the window of a host is at least one block, and no call holds more than it has reserved', () => {
  for (let count = 0; count <= 1_000; count += 1) {
    for (const follow of [false, true]) {
      const plan = planCredit(count, follow);
      assert.ok(!isRefusal(plan));
      const { windowBytes, hostsAtOnce, reservedBytes } = plan;
      assert.ok(windowBytes >= LOG_BLOCK_MAX_BYTES && windowBytes <= LOG_CREDIT_MAX_BYTES);
      assert.equal(reservedBytes, windowBytes * hostsAtOnce);
      if (count <= 64 || !follow) assert.ok(reservedBytes <= 4 * 1_048_576, `${count}`);
      if (follow) assert.equal(hostsAtOnce, count);
    }
  }
});

test('more hosts than can all be heard are not followed; without following any number is read', () => {
  const because = refused(planCredit(10_000, true));
  assert.equal(because.code, 'usage');
  assert.match(because.message, /10000 hosts/);
  const plan = planCredit(10_000, false);
  assert.ok(!isRefusal(plan) && plan.hostsAtOnce === 64);
});

test('calls are refused when there are too many, and taken again when one has ended', () => {
  const budget = createCallBudget();
  const calls = Array.from({ length: 16 }, () => budget.reserve(1));
  assert.ok(calls.every((call) => !isRefusal(call)));
  assert.equal(refused(budget.reserve(1)).code, 'exhausted');
  const [first] = calls;
  assert.ok(first !== undefined && !isRefusal(first));
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.ok(!isRefusal(budget.reserve(1)));
  assert.ok(isRefusal(budget.reserve(1)), 'disposing of a call twice makes room once');
});

test('calls are refused when they would hold too much together', () => {
  const budget = createCallBudget();
  const plan = planCredit(1_000, true);
  assert.ok(!isRefusal(plan));
  const reserve = () => budget.reserve(plan.reservedBytes);
  const taken = [reserve(), reserve(), reserve()];
  assert.deepEqual(taken.map(isRefusal), [false, false, true]);
  const [first] = taken;
  assert.ok(first !== undefined && !isRefusal(first));
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.deepEqual([reserve(), reserve()].map(isRefusal), [false, true]);
});

test('who follows logs goes on as long as each of them may be read, there or not', () => {
  const chosen = choose('web-10,gone-1', ['web']);
  assert.ok(!isRefusal(chosen));
  const codeFor = (...roles: Parameters<typeof aRole>[1][]) => {
    const all = roles.map((role, index) => aRole(`role-${index}`, role));
    const now = { operator: 'bob', wallMs: NOW_MS };
    return readingDenied(withRoles(fleet, { bob: all }), chosen, now)?.code ?? null;
  };
  assert.equal(codeFor({ allow: ['logs'] }), null);
  assert.equal(codeFor({ allow: ['logs'], hosts: 'web-10,gone-*', processes: ['web:*'] }), null);
  assert.equal(codeFor({ allow: ['logs'], hosts: 'web-*' }), 'denied', 'not of gone-1 any more');
  assert.equal(codeFor({ allow: ['logs'], processes: ['web:0', 'db'] }), 'denied');
  assert.equal(codeFor({ allow: ['logs'] }, { deny: ['logs'], hosts: 'gone-1' }), 'denied');
  assert.equal(codeFor(), 'denied');
  const [, ...others] = fleet.hosts.values();
  const empty = others.map((host) => ({ ...host, processes: new Map() }));
  const emptied = { ...fleet, hosts: PersistentMap.of(empty.map((host) => [host.host, host])) };
  const state = withRoles(emptied, {
    bob: [aRole('web', { allow: ['logs'], processes: ['web:*'] })],
  });
  const denied = readingDenied(state, chosen, { operator: 'bob', wallMs: NOW_MS });
  assert.equal(
    denied,
    null,
    'what is not there is judged by its name; a host that is gone tells nothing',
  );
});
