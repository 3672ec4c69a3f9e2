/** A command that lay in a socket while its agent was stopped is not obeyed any more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ControllerClock, hear } from '../../agent/core/controller-clock.ts';
import type { AgentStep } from '../../agent/core/state.ts';
import { newsIn, order, takeBack } from '../fakes/agent-conditions.ts';
import { aRunningHost, aWelcome, EPOCH, type TestHost } from '../fakes/agent-host.ts';
import { aDefinition, instant } from '../fakes/agent-process.ts';

const web = aDefinition('web');

/** The clock of its controller reads 1,000,000 ms less. */
function aHostInSession(): TestHost {
  const host = aRunningHost(web);
  host.receive({ kind: 'heartbeat', atMs: -1_000_000, probe: 0 });
  return host;
}

const warningsIn = ({ effects }: AgentStep) =>
  effects.flatMap((effect) => (effect.kind === 'warn' ? effect.text : []));

test('one that comes 25 s later than it might is ignored, is on no record, and a warning says so', () => {
  const host = aHostInSession();
  host.pass(25_000);
  const step = order(host, 'restart', { sentAtMs: -1_000_000 });
  assert.deepEqual(step.writes, []);
  assert.deepEqual(warningsIn(step), ['ignoring restart web of op-1: it comes 25 s late']);
  assert.equal(host.state().targets.size, 0);
  assert.ok(
    step.effects.some(({ kind }) => kind === 'endSession'),
    'or nobody would ever say it again',
  );
  assert.deepEqual(newsIn(order(host, 'restart', { sentAtMs: -975_000 })), [
    'accepted restart web',
  ]);
});

test('one that comes a millisecond earlier is obeyed', () => {
  const host = aHostInSession();
  host.pass(24_999);
  const step = order(host, 'restart', { sentAtMs: -1_000_000 });
  assert.deepEqual(newsIn(step), ['accepted restart web']);
});

test('the first word of a session is in time, because nothing tells otherwise', () => {
  const host = aRunningHost(web);
  assert.deepEqual(newsIn(order(host, 'restart', { sentAtMs: 5 })), ['accepted restart web']);
});

test('each session has a clock of its own', () => {
  for (const begin of [
    (host: TestHost) => host.receive(aWelcome(EPOCH + 1)),
    (host: TestHost) => {
      host.step({ kind: 'disconnected' });
      host.receive({ kind: 'heartbeat', atMs: -9e9, probe: 0 });
      return host.receive(aWelcome(EPOCH + 1));
    },
  ]) {
    const host = aHostInSession();
    begin(host);
    assert.equal(host.state().controllerClock, null);
    const step = order(host, 'restart', { sentAtMs: -7e9, sessionEpoch: EPOCH + 1 });
    assert.deepEqual(newsIn(step), ['accepted restart web']);
  }
});

test('a withdrawal is never too late', () => {
  const host = aHostInSession();
  host.pass(60_000);
  assert.deepEqual(newsIn(takeBack(host, 'restart')), ['cancelled restart web']);
});

/** What each of these messages is late by: when it was sent, and when it came. */
function delaysOf(messages: readonly (readonly [sentMs: number, cameMs: number])[]) {
  let clock: ControllerClock | null = null;
  return messages.map(([sentMs, cameMs]) => {
    const heard = hear(clock, sentMs, instant(cameMs));
    ({ clock } = heard);
    return heard.delayMs;
  });
}

test('a message is late by what it took more than the fastest one so far', () => {
  const messages = [
    [0, 90],
    [100, 120],
    [200, 290],
    [300, 315],
    [400, 20_415],
  ] as const;
  assert.deepEqual(delaysOf(messages), [0, 0, 70, 0, 20_000]);
});

test('clocks that drift apart do not make commands look late, however long the session lasts', () => {
  const day = 24 * 60 * 60 * 1_000;
  const beats = Array.from({ length: (30 * day) / 60_000 }, (_, index) => index * 60_000);
  const fast = delaysOf(beats.map((atMs) => [atMs, atMs * 1.0002]));
  const slow = delaysOf(beats.map((atMs) => [atMs, atMs * 0.9998]));
  assert.ok(Math.max(...fast, ...slow) < 500);
});

test('what lay in the socket while the agent was stopped is late, also when that took long', () => {
  for (const stoppedMs of [30_000, 60 * 60 * 1_000]) {
    const before = Array.from({ length: 200 }, (_, beat) => [beat * 5_000, beat * 5_000] as const);
    const wakesMs = 1_000_000 + stoppedMs;
    const after = [
      [1_000_000, wakesMs],
      [1_005_000, wakesMs],
    ] as const;
    const delays = delaysOf([...before, ...after]);
    assert.deepEqual(delays.slice(-2), [stoppedMs, stoppedMs - 5_000]);
  }
});
