import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetInput, FleetState } from '../../controller/core/state.ts';
import { planSubmission } from '../../controller/core/submit.ts';
import { isRefusal, type Refusal } from '../../proto/errors.ts';
import type { Operation, OperationRequest, Runbook } from '../../proto/operation.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import {
  aHost,
  anActor,
  anId,
  aRequest,
  emptyFleet,
  type FleetScript,
  fleetScript,
  NOW_MS,
  settled,
} from '../fakes/controller-fleet.ts';
import { aRole, withRoles } from '../fakes/roles.ts';

const HOSTS = [
  aHost('prod-1', ['web', 'db'], { labels: { env: 'prod' } }),
  aHost('prod-2', ['web', 'db'], { labels: { env: 'prod' } }),
  aHost('prod-3', ['web'], { labels: { env: 'prod' } }),
  aHost('dev-1', ['web'], { labels: { env: 'dev' } }),
];

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
    ann: [
      aRole('web-oncall', { allow: ['restart'], hosts: 'prod-*', processes: ['web'] }),
      aRole('look', { allow: ['status'] }),
    ],
    two: [aRole('two-hosts', { allow: ['restart'], maxHosts: 2 })],
    why: [aRole('careful', { allow: ['restart'], reasonRequired: true, runbooks: ['restart-*'] })],
    run: [aRole('runner', { runbooks: ['restart-*'] })],
    upd: [
      aRole('updater', { allow: ['update'], processes: ['web'] }),
      aRole('look', { allow: ['status'] }),
    ],
    out: [],
  },
);

function answerTo(script: FleetScript): Operation | Refusal {
  const replies = script.effects.flatMap((effect) => (effect.kind === 'reply' ? [effect] : []));
  assert.equal(replies.length, 1);
  const [reply] = replies;
  assert.ok(reply);
  return reply.answer;
}

function refusedTo(who: string, request: OperationRequest): Refusal {
  const script = fleetScript(FLEET);
  script.submit(request, who);
  const answer = answerTo(script);
  assert.ok(isRefusal(answer), 'it was accepted');
  assert.deepEqual(script.writes, [], 'a refusal stores nothing but that it was refused');
  const [record, ...more] = script.records;
  assert.deepEqual(more, []);
  assert.deepEqual([record?.outcome, record?.actor.name], ['refused', who]);
  assert.ok(record?.detail.includes(answer.message));
  return answer;
}

function acceptedFrom(who: string, request: OperationRequest) {
  const script = fleetScript(FLEET);
  script.submit(request, who);
  const answer = answerTo(script);
  assert.ok(!isRefusal(answer), JSON.stringify(answer));
  return { script, answer };
}

const namesOf = ({ targets }: Operation) =>
  targets.map(({ host, process }) => `${host}/${process}`).sort();

test('what is allowed is done, and goes on record with what it came to', () => {
  const { script, answer } = acceptedFrom('ann', aRequest('restart', 'prod-*', ['web']));
  assert.deepEqual(namesOf(answer), ['prod-1/web', 'prod-2/web', 'prod-3/web']);
  assert.equal(answer.notAllowed, 0);
  const [record] = script.records;
  assert.deepEqual(record, {
    atMs: script.wallMs,
    actor: anActor('ann'),
    ...{ action: 'restart', hosts: 'prod-*', processes: ['web'], reason: '' },
    ...{ targets: 'prod-[1-3]: web', targetCount: 3, operation: answer.id },
    ...{ outcome: 'done', detail: '' },
  });
});

test('one target that is not allowed refuses all, and exactly those are listed, by rule', () => {
  const refused = refusedTo('ann', aRequest('restart', '@*', ['web', 'db']));
  assert.equal(refused.code, 'denied');
  assert.equal(refused.message, 'restart is not allowed on 3 of the 6 targets');
  assert.deepEqual(refused.cause?.split('\n').sort(), [
    '  dev-1: web',
    '  prod-[1-2]: db',
    'role "web-oncall" allows restart only with hosts = prod-*:',
    'role "web-oncall" allows restart only with processes = web:',
  ]);
  assert.match(refused.fix ?? '', /--allowed-only/);
});

test('what is not allowed can be left out, and is counted', () => {
  const request = aRequest('restart', '@*', ['web', 'db'], { allowedOnly: true });
  const { answer } = acceptedFrom('ann', request);
  assert.deepEqual(namesOf(answer), ['prod-1/web', 'prod-2/web', 'prod-3/web']);
  assert.equal(answer.notAllowed, 3);
  assert.deepEqual(answer.leftOut, [], 'a host that has such processes is not said to have none');
  const nothing = refusedTo('ann', aRequest('restart', 'dev-1', ['web'], { allowedOnly: true }));
  assert.equal(nothing.message, 'restart is not allowed on the target');
  assert.ok(!nothing.fix?.includes('--allowed-only'));
});

test('who has no role is refused, and what does not exist is refused as for anybody', () => {
  assert.match(refusedTo('out', aRequest('restart', '@*', ['web'])).cause ?? '', /out has no role/);
  assert.equal(refusedTo('out', aRequest('restart', '@*', ['wbe'])).code, 'nothing-matched');
  assert.equal(refusedTo('ann', aRequest('stop', 'prod-1', ['web'])).code, 'denied');
});

test('a plan is judged as the operation would be', () => {
  const planned = (processes: readonly string[]): Operation | Refusal => {
    const request = aRequest('restart', 'prod-*', processes);
    const turn = { state: FLEET, at: { wallMs: NOW_MS, monotonicMs: 0 } };
    return planSubmission(turn, { kind: 'operation', request }, 'ann');
  };
  const allowed = planned(['web']);
  assert.ok(!isRefusal(allowed));
  assert.deepEqual(namesOf(allowed), ['prod-1/web', 'prod-2/web', 'prod-3/web']);
  const refused = planned(['*']);
  assert.ok(isRefusal(refused));
  assert.equal(refused.code, 'denied');
});

test('a role may allow only so many hosts at once', () => {
  assert.equal(
    namesOf(acceptedFrom('two', aRequest('restart', 'prod-1,prod-2', ['web'])).answer).length,
    2,
  );
  const refused = refusedTo('two', aRequest('restart', 'prod-*', ['web']));
  assert.match(
    refused.cause ?? '',
    /^role "two-hosts" allows at most 2 hosts at once \(max_hosts\), and these are 3:/,
  );
});

test('where a reason is wanted, blanks are none', () => {
  const request = aRequest('restart', 'prod-1', ['web']);
  assert.match(refusedTo('why', { ...request, reason: ' \t' }).cause ?? '', /wants a reason/);
  const { script } = acceptedFrom('why', { ...request, reason: 'new build' });
  assert.equal(script.records[0]?.reason, 'new build');
});

test('an update is about a host: whatever runs there, or the groups that are named', () => {
  const whole = refusedTo('upd', aRequest('update', 'prod-*', []));
  assert.match(whole.cause ?? '', /processes = web:\n {2}prod-\[1-3\]$/);
  assert.equal(refusedTo('upd', aRequest('update', 'prod-1', ['web', 'db'])).code, 'denied');
  const { answer } = acceptedFrom('upd', aRequest('update', 'prod-*', ['web']));
  assert.equal(answer.targets.length, 3);
  // A group that is not there yet is judged by its name.
  assert.equal(refusedTo('upd', aRequest('update', 'prod-1', ['cron'])).code, 'denied');
});

function runRunbook(who: string, reason = ''): Operation | Refusal {
  const script = fleetScript(FLEET);
  const wanted = { kind: 'runbook', id: anId(), runbook: 'restart-db', reason } as const;
  script.submit({ ...wanted, expectHosts: null }, who);
  return answerTo(script);
}

test('who may run a runbook needs no right to what it does, and nobody else may run it', () => {
  const run = runRunbook('run');
  assert.ok(!isRefusal(run));
  assert.deepEqual([namesOf(run), run.runbook], [['prod-1/db'], 'restart-db']);
  for (const who of ['ann', 'out', 'two']) {
    const refused = runRunbook(who);
    assert.ok(isRefusal(refused) && refused.code === 'denied');
    assert.match(refused.cause ?? '', /has it among its runbooks/);
  }
  const unexplained = runRunbook('why');
  assert.ok(isRefusal(unexplained) && /needs a reason/.test(unexplained.message));
  assert.ok(!isRefusal(runRunbook('why', 'because')));
});

function steered(who: string, action: 'pause' | 'resume' | 'cancel', by: FleetScript) {
  by.steer(action, {}, who);
  return answerTo(by);
}

test('an operation is steered by who may do it, and held up by who submitted it', () => {
  const begin = () => acceptedFrom('ann', aRequest('restart', 'prod-*', ['web'])).script;
  assert.ok(!isRefusal(steered('ann', 'pause', begin())));
  assert.ok(!isRefusal(steered('alice', 'cancel', begin())));
  const refused = steered('two', 'cancel', begin());
  assert.ok(!isRefusal(refused), 'its role allows restart everywhere');
  const refusals = { upd: 'denied', out: 'nothing-matched', run: 'nothing-matched' };
  for (const [who, code] of Object.entries(refusals)) {
    const script = begin();
    const answer = steered(who, 'cancel', script);
    assert.ok(isRefusal(answer) && answer.code === code, who);
    // Who may not see it hears nothing of it, not even the rest of its id.
    if (code !== 'denied') assert.ok(!JSON.stringify(answer.cause).includes(anId()));
    assert.equal(script.records[0]?.outcome, 'refused');
    assert.equal(script.operation().state, 'running');
  }
});

test('a controller that starts says so on record', () => {
  const script = fleetScript(FLEET);
  script.give({ kind: 'boot' });
  const [{ action, actor, detail } = {}] = script.records;
  assert.deepEqual([action, actor?.kind], ['start', 'controller']);
  assert.match(String(detail), /^operators: \d+, roles: \d+, runbooks: \d+$/);
});

test('who has lost the right may still stop what they began, not go on with it', () => {
  const { script } = acceptedFrom('ann', aRequest('restart', 'prod-*', ['web']));
  const { unreachableAfterMs, hostGroups, runbooks, batchRequiredAbove, lives } = FLEET;
  const { roles } = FLEET;
  const operators = new Map([['ann', []]]);
  const settings = { unreachableAfterMs, hostGroups, runbooks, batchRequiredAbove, lives };
  const changes = ['operators: ann changed'];
  const given = { ...settings, roles, operators };
  const reload: FleetInput = { kind: 'configured', settings: given, changes };
  script.give(reload);
  assert.deepEqual(
    script.records.map(({ action, detail }) => [action, detail]),
    [['reload', 'operators: ann changed']],
  );
  assert.ok(!isRefusal(steered('ann', 'pause', script)));
  const resumed = steered('ann', 'resume', script);
  assert.ok(isRefusal(resumed) && resumed.code === 'denied');
  assert.ok(!isRefusal(steered('ann', 'cancel', script)));
});

test('what failed is done again by who may do that, also by the runbook that it came from', () => {
  const script = fleetScript(FLEET);
  const wanted = { kind: 'runbook', id: anId(), runbook: 'restart-db', reason: '' } as const;
  script.submit({ ...wanted, expectHosts: null }, 'run');
  script.tell('prod-1', 1, 1, settled(anId(), 'db', 'failed'));
  assert.equal(script.operation().state, 'failed');
  const again = (who: string, serial: number) => {
    const retry = { kind: 'retry', id: anId(serial), of: anId(), reason: '' } as const;
    script.submit({ ...retry, expectHosts: null, allowedOnly: false }, who);
    return answerTo(script);
  };
  const refused = again('ann', 2);
  assert.ok(isRefusal(refused) && refused.code === 'denied');
  assert.ok(!isRefusal(again('run', 3)));
});

test('the end of an operation is on record, with how its targets ended', () => {
  const { script, answer } = acceptedFrom('ann', aRequest('restart', 'prod-1', ['web']));
  script.tell('prod-1', 1, 1, settled(answer.id, 'web'));
  const [record] = script.records;
  assert.deepEqual(
    [record?.outcome, record?.actor.kind, record?.operation, record?.detail],
    ['ended', 'controller', answer.id, 'succeeded: 1 succeeded'],
  );
});

test('the same refusal is on record once a minute, another one at once', () => {
  const script = fleetScript(FLEET);
  const refuse = (process: string) => {
    script.submit(aRequest('stop', 'prod-1', [process]), 'ann');
    return script.records.length;
  };
  assert.deepEqual([refuse('web'), refuse('web'), refuse('db'), refuse('web')], [1, 0, 1, 0]);
  script.submit(aRequest('stop', 'prod-1', ['web']), 'out');
  assert.equal(script.records.length, 1);
  script.wallMs += 60_000;
  assert.equal(refuse('web'), 1);
  assert.ok(script.state.refusals.size <= 2, 'what is a minute old is forgotten');
});

test('of one actor so many refusals are on record within a minute, and the last one says so', () => {
  const script = fleetScript(FLEET);
  const details: string[] = [];
  for (let serial = 0; serial < 50; serial += 1) {
    script.submit(aRequest('stop', `no-such-${serial}`, ['web']), 'out');
    details.push(...script.records.map(({ detail }) => detail));
  }
  assert.equal(details.length, 30);
  assert.match(details.at(-1) ?? '', /what else is refused within this minute/);
  assert.ok(details.slice(0, -1).every((detail) => !detail.includes('within this minute')));
  script.submit(aRequest('stop', 'prod-1', ['web']), 'ann');
  assert.equal(script.records.length, 1, 'others are written down all the same');
});

test('targets that one may not see are counted under the rule, not named', () => {
  const refused = refusedTo('two', aRequest('stop', 'prod-*', ['web']));
  assert.deepEqual(refused.cause?.split('\n'), [
    'none of the roles of two (two-hosts) allows stop:',
    '  3 targets that you may not see',
  ]);
});

test('what waits for another operation is not begun where its right has gone meanwhile', () => {
  const { script } = acceptedFrom('alice', aRequest('restart', 'prod-*', ['web']));
  const strategy = { ...DEFAULT_STRATEGY, lockWaitMs: 60_000 };
  const waiting = aRequest('restart', 'prod-1', ['web'], { id: anId(2), strategy });
  script.submit(waiting, 'ann');
  assert.equal(script.operation(anId(2)).state, 'planned');
  const { unreachableAfterMs, hostGroups, runbooks, batchRequiredAbove, lives, roles } = FLEET;
  const kept = { unreachableAfterMs, hostGroups, runbooks, batchRequiredAbove, lives, roles };
  const operators = new Map([
    ['alice', ['admin']],
    ['ann', []],
  ]);
  script.give({ kind: 'configured', settings: { ...kept, operators }, changes: [] });
  for (const host of ['prod-1', 'prod-2', 'prod-3'])
    script.tell(host, 1, 1, settled(anId(), 'web'));
  const { state, halt, targets } = script.operation(anId(2));
  assert.equal(state, 'aborted');
  assert.match(halt?.because ?? '', /^ann may not do this any more: restart is not allowed/);
  assert.deepEqual(
    targets.map((target) => target.state),
    ['not-attempted'],
  );
});

test('a repeat of what was accepted is answered, and not on record a second time', () => {
  const request = aRequest('restart', 'prod-1', ['web']);
  const { script, answer } = acceptedFrom('ann', request);
  script.submit(request, 'ann');
  assert.deepEqual(script.records, []);
  const again = answerTo(script);
  assert.ok(!isRefusal(again) && again.id === answer.id);
  script.submit(request, 'alice');
  assert.ok(isRefusal(answerTo(script)), 'somebody else with the same id');
});

test('questions need the right to the whole host; a new reading is on record', () => {
  const ask = (who: string, question: 'avail' | 'reread') => {
    const script = fleetScript(FLEET);
    const by = anActor(who);
    script.give({ kind: 'ask', reply: 1, hosts: 'prod-1', question, by });
    const refused = script.effects.some(
      (effect) => effect.kind === 'answerQuestion' && isRefusal(effect.answer),
    );
    return `${refused ? 'refused' : 'asked'}, ${script.records.length} on record`;
  };
  assert.equal(ask('alice', 'avail'), 'asked, 0 on record');
  assert.equal(ask('alice', 'reread'), 'asked, 1 on record');
  assert.equal(ask('upd', 'reread'), 'refused, 1 on record');
  assert.equal(ask('out', 'avail'), 'refused, 1 on record');
});
