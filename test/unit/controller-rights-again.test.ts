import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainedTargets } from '../../controller/core/explain.ts';
import type { FleetState } from '../../controller/core/state.ts';
import { isRefusal, type Refusal } from '../../proto/errors.ts';
import type { Operation, Runbook, Steering } from '../../proto/operation.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import {
  aHost,
  anId,
  aRequest,
  emptyFleet,
  type FleetScript,
  fleetScript,
  settled,
  sightIn,
} from '../fakes/controller-fleet.ts';
import { aRole, withRoles } from '../fakes/roles.ts';

const HOSTS = ['prod-1', 'prod-2', 'prod-3'].map((name) => aHost(name, ['web', 'db']));

const RUNBOOK: Runbook = {
  ...{ name: 'restart-db', description: '', verb: 'restart', signal: null, hosts: 'prod-1' },
  ...{ processes: ['db'], reason: '', order: 'tier', fullStop: false },
  strategy: DEFAULT_STRATEGY,
};

const FLEET: FleetState = withRoles(
  {
    ...emptyFleet,
    hosts: PersistentMap.of(HOSTS.map((host) => [host.host, host] as const)),
    runbooks: new Map([[RUNBOOK.name, RUNBOOK]]),
  },
  {
    ann: [aRole('signaller', { allow: ['signal'] }), noKill()],
    two: [aRole('two-hosts', { allow: ['restart', 'status'], maxHosts: 2 })],
    run: [aRole('runner', { runbooks: ['*'] })],
    upd: [aRole('updater', { allow: ['update'], processes: ['web'] })],
    one: [aRole('one-host', { allow: ['status'], hosts: 'prod-1' })],
    out: [],
  },
);

function noKill() {
  return aRole('no-kill', { deny: ['signal'], signals: ['KILL'] });
}

function answerTo(script: FleetScript): Operation | Refusal {
  for (const effect of script.effects) if (effect.kind === 'reply') return effect.answer;
  throw new Error('no answer');
}

function steered(script: FleetScript, who: string, action: Steering['action']): string {
  script.steer(action, {}, who);
  const answer = answerTo(script);
  return isRefusal(answer) ? answer.code : answer.state;
}

test('a signal has one name, so that a role which denies it is not dodged by another', () => {
  for (const signal of ['9', 'SIGKILL', 'kill', '+9', 'KILL ']) {
    const script = fleetScript(FLEET);
    script.submit(aRequest('signal', 'prod-1', ['web'], { signal }), 'ann');
    const answer = answerTo(script);
    assert.ok(isRefusal(answer) && answer.code === 'usage', signal);
    assert.ok(!script.effects.some(({ kind }) => kind === 'send'), signal);
  }
  const script = fleetScript(FLEET);
  script.submit(aRequest('signal', 'prod-1', ['web'], { signal: 'KILL' }), 'ann');
  const denied = answerTo(script);
  assert.ok(isRefusal(denied) && denied.code === 'denied');
  script.submit(aRequest('signal', 'prod-1', ['web'], { signal: 'HUP' }), 'ann');
  assert.ok(!isRefusal(answerTo(script)));
});

test('who may do it to two hosts holds up what is done to three, and does not let it go on', () => {
  const script = fleetScript(FLEET);
  script.submit(aRequest('restart', '@*', ['web']));
  assert.equal(steered(script, 'two', 'pause'), 'paused');
  assert.equal(steered(script, 'two', 'resume'), 'denied');
  const refused = answerTo(script);
  assert.ok(isRefusal(refused) && refused.cause?.includes('max_hosts'));
  assert.ok(!refused.fix?.includes('--allowed-only'), 'nothing can be left out of it');
  assert.equal(steered(script, 'alice', 'resume'), 'running');
});

test('an update of groups is let go on by who may update these groups', () => {
  const script = fleetScript(FLEET);
  script.submit(aRequest('update', 'prod-1', ['web']), 'upd');
  assert.equal(steered(script, 'upd', 'pause'), 'paused');
  assert.equal(steered(script, 'upd', 'resume'), 'running');
});

test('which operation somebody was not allowed to steer is on record', () => {
  const script = fleetScript(FLEET);
  script.submit(aRequest('restart', '@*', ['web']));
  for (const [who, code] of [
    ['one', 'denied'],
    ['out', 'nothing-matched'],
  ] as const) {
    assert.equal(steered(script, who, 'cancel'), code);
    assert.deepEqual(
      script.records.map(({ outcome, operation }) => [outcome, operation]),
      [['refused', anId()]],
    );
  }
});

test('by the right to run a runbook only what it still says is done again, or goes on', () => {
  const changed: Runbook = { ...RUNBOOK, hosts: 'prod-2' };
  const reread: Runbook = { ...RUNBOOK, description: 'in other words' };
  const cases = [
    [new Map(), 'denied'],
    [new Map([[changed.name, changed]]), 'denied'],
    [new Map([[reread.name, reread]]), 'accepted'],
  ] as const;
  for (const [runbooks, expected] of cases) {
    const script = fleetScript(FLEET);
    const run = { kind: 'runbook', id: anId(), runbook: RUNBOOK.name, reason: '' } as const;
    script.submit({ ...run, expectHosts: null }, 'run');
    assert.equal(steered(script, 'run', 'pause'), 'paused');
    script.state = { ...script.state, runbooks };
    assert.equal(steered(script, 'run', 'resume'), expected === 'denied' ? 'denied' : 'running');
    script.tell('prod-1', 1, 1, settled(anId(), 'db', 'failed'));
    if (!['failed', 'cancelled'].includes(script.operation().state)) {
      assert.equal(steered(script, 'run', 'cancel'), 'cancelled', 'it may be held up all the same');
    }
    const again = { kind: 'retry', id: anId(2), of: anId(), reason: '' } as const;
    script.submit({ ...again, expectHosts: null, allowedOnly: false }, 'run');
    const answer = answerTo(script);
    assert.equal(isRefusal(answer) ? answer.code : 'accepted', expected);
  }
});

test('what is explained names no hosts but those that may be seen', () => {
  const script = fleetScript(FLEET);
  script.submit(aRequest('restart', '@*', ['web']));
  const query = { operation: anId(), host: 'prod-22', process: null };
  const hints = (who: string) => {
    const refused = explainedTargets(script.state, query, sightIn(script.state, who));
    assert.ok(isRefusal(refused));
    return `${refused.cause} ${refused.fix}`;
  };
  assert.match(hints('alice'), /3 hosts.*did you mean prod-2\?/);
  assert.match(hints('one'), /about 1 host /);
  assert.ok(!hints('one').includes('prod-2'));
});

test('what somebody typed goes on record in bounds, done or refused', () => {
  const script = fleetScript(FLEET);
  const long = 'x'.repeat(900_000);
  const size = () => {
    assert.equal(script.records.length, 1);
    return JSON.stringify(script.records).length;
  };
  const many = Array.from({ length: 5_000 }, (_, index) => `${'p'.repeat(300)}${index}`);
  script.submit(aRequest('stop', `(${long}`, many, { reason: long }), 'out');
  assert.ok(size() < 15_000, `${size()}`);
  script.steer('cancel', { operation: anId(9), reason: long }, 'out');
  assert.ok(size() < 15_000, `${size()}`);
  script.submit(aRequest('restart', 'prod-1,'.repeat(9_000).slice(0, -1), ['web']));
  assert.equal(script.records[0]?.outcome, 'done');
  assert.ok(size() < 15_000, `${size()}`);
  assert.equal(script.records[0]?.targets, 'prod-1: web');
});
