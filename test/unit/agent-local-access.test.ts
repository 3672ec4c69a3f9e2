import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import { type HostRules, type LocalOperator, NO_POLICY } from '../../agent/core/host-rules.ts';
import type { LocalCaller } from '../../agent/core/local-access.ts';
import { refusalEverywhere, rightsOf } from '../../agent/core/local-access.ts';
import { listFor } from '../../agent/local/listing.ts';
import { findLog, refusalToClear } from '../../agent/local/process-logs.ts';
import { BUILT_IN_ROLES, type Role } from '../../proto/authority.ts';
import { isRefusal } from '../../proto/errors.ts';
import type { LocalOrder } from '../../proto/local-orders.ts';
import { knownProcessName, operationId } from '../../proto/vocabulary.ts';
import { aHost, deedsIn, type TestHost } from '../fakes/agent-host.ts';
import { anUpdate, control } from '../fakes/agent-local.ts';
import { aDefinition } from '../fakes/agent-process.ts';
import { ALICE, aCaller } from '../fakes/local-callers.ts';

const web = aDefinition('web');
const db = aDefinition('db');
const OPS = 500;

function aRole(name: string, more: Partial<Role>): Role {
  const [viewer] = BUILT_IN_ROLES;
  assert.ok(viewer);
  return { ...viewer, name, allow: new Set(), ...more };
}

const WEB = aRole('web', {
  allow: new Set(['status', 'logs', 'start', 'restart', 'signal', 'stop', 'update']),
  processes: ['web'],
  signals: ['USR1', 'HUP'],
});
const NO_STOP = aRole('no-stop', { deny: new Set(['stop', 'update']) });
const KEEP_DB = aRole('keep-db', { deny: new Set(['restart']), processes: ['db'] });
const NO_KILL = aRole('no-kill', { deny: new Set(['signal']), signals: ['KILL'] });

/** Whoever is named has these roles; everybody else may do nothing. */
function rulesOf(roles: readonly string[], operator: Partial<LocalOperator> = {}): HostRules {
  const alice = { kind: 'user', name: 'alice', id: 1_000, roles, ...operator } as const;
  const written = [WEB, NO_STOP, KEEP_DB, NO_KILL];
  return {
    ownUid: 42,
    policy: NO_POLICY,
    access: { roles: [...BUILT_IN_ROLES, ...written], operators: [alice] },
  };
}

function hostWith(rules: HostRules, ...definitions: readonly ProcessDefinition[]): TestHost {
  const all = definitions.length === 0 ? [web, db] : definitions;
  const host = aHost(all, { rules });
  host.welcome();
  for (const [index, { process }] of all.entries()) host.comesUp(process, 101 + index);
  return host;
}

/** Why an order is refused; null: it is not. With everything that was told and done. */
function order(host: TestHost, request: LocalOrder, by: LocalCaller = ALICE) {
  const step = host.step({ kind: 'order', order: 1, request, by, command: request.kind });
  const told = step.effects.flatMap((effect) => (effect.kind === 'tell' ? [effect.news] : []));
  const refused = told.find((news) => news.kind === 'refused');
  const warned = step.effects.flatMap((effect) => (effect.kind === 'warn' ? [effect.text] : []));
  return { step, told, warned, refusal: refused?.refusal ?? null, deeds: deedsIn(step) };
}

const hold = { kind: 'hold', names: ['web'], forMs: 60_000, reason: '' } as const;
const operation = operationId('op-1');
const ORDERS: Readonly<Record<string, LocalOrder>> = {
  start: control('start', 'web'),
  stop: control('stop', 'web'),
  restart: control('restart', 'web'),
  signal: control('signal', 'web'),
  update: anUpdate(),
  add: { kind: 'add', operationId: operation, groups: ['web'] },
  remove: { kind: 'remove', operationId: operation, groups: ['web'] },
  hold,
  release: { kind: 'release', names: ['web'] },
  reread: { kind: 'reread' },
  avail: { kind: 'avail' },
  shutdown: { kind: 'shutdown' },
  reload: { kind: 'reload' },
  handover: { kind: 'handover' },
};
const EVERY = Object.keys(ORDERS);
const OF_ADMIN = ['shutdown', 'reload', 'handover'];

/** Roles of alice → which orders about web, or about everything, she may give. */
const MAY: readonly (readonly [string, readonly string[]])[] = [
  ['', []],
  ['viewer', ['avail']],
  ['operator', EVERY.filter((one) => !OF_ADMIN.includes(one))],
  ['admin', EVERY],
  ['web', EVERY.filter((one) => !OF_ADMIN.includes(one))],
  ['no-stop', []],
  ['operator no-stop', ['start', 'restart', 'signal', 'avail']],
  ['admin no-stop', ['start', 'restart', 'signal', 'avail']],
  ['no-stop viewer', ['avail']],
];
for (const [roles, may] of MAY) {
  for (const [name, request] of Object.entries(ORDERS)) {
    const isAllowed = may.includes(name);
    test(`${roles || 'nobody in particular'} ${isAllowed ? 'may' : 'may not'} ${name}`, () => {
      const named = roles.split(' ').filter((role) => role !== '');
      const { refusal, deeds } = order(hostWith(rulesOf(named)), request);
      if (isAllowed) return assert.equal(refusal, null);
      assert.equal(refusal?.code, 'denied');
      assert.match(refusal?.fix ?? '', /\[operator:NAME\] and \[role:NAME\] of agent\.conf/);
      assert.deepEqual(deeds, []);
    });
  }
}

/** Who is not judged: root, and the agent's own user. */
for (const uid of [0, 42]) {
  test(`uid ${uid} may do everything, named or not`, () => {
    for (const request of Object.values(ORDERS)) {
      const by = aCaller('somebody', uid);
      assert.equal(order(hostWith(rulesOf([])), request, by).refusal, null, request.kind);
    }
  });
}

test('without an operator in the file whoever gets in may do everything', () => {
  const host = hostWith({ ...rulesOf([]), access: null });
  const nobody = { name: 'unknown', uid: null, gids: [] };
  assert.equal(order(host, control('stop', 'web'), nobody).refusal, null);
});

test('who did not prove who they are may do nothing, and is told why', () => {
  for (const request of Object.values(ORDERS)) {
    const nobody = { name: 'unknown', uid: null, gids: [OPS] };
    const { refusal } = order(hostWith(rulesOf(['admin'])), request, nobody);
    assert.equal(refusal?.code, 'unauthenticated', request.kind);
    assert.match(refusal?.message ?? '', /who asks could not be told/);
  }
});

test('a role comes from a unix group as well, and only to its members', () => {
  const rules = rulesOf(['operator'], { kind: 'group', name: 'ops', id: OPS });
  const by = (gids: readonly number[]) => aCaller('bob', 1_001, gids);
  assert.equal(order(hostWith(rules), control('stop', 'web'), by([100, OPS])).refusal, null);
  const { refusal } = order(hostWith(rules), control('stop', 'web'), by([100]));
  assert.match(refusal?.cause ?? '', /bob has no role on this host/);
  // A number is no uid where it is a gid.
  assert.ok(order(hostWith(rules), control('stop', 'web'), aCaller('eve', OPS)).refusal);
});

test('roles of a user and of their groups count together, and a deny of one of them wins', () => {
  const rules = rulesOf(['operator']);
  const denied: LocalOperator = { kind: 'group', name: 'ops', id: OPS, roles: ['no-stop'] };
  assert.ok(rules.access);
  const { roles, operators } = rules.access;
  const both = { ...rules, access: { roles, operators: [...operators, denied] } };
  const { refusal } = order(hostWith(both), control('stop', 'web'), aCaller('alice', 1_000, [OPS]));
  assert.equal(refusal?.cause, 'role "no-stop" denies stop');
});

/** Roles and an order → the whole reason. */
const REASONS: readonly (readonly [readonly string[], LocalOrder, string, string])[] = [
  [
    ['web'],
    control('stop', 'db'),
    'alice may not stop db',
    'role "web" allows stop only with processes = web: db',
  ],
  [
    ['web'],
    control('stop', 'all'),
    'alice may not stop db',
    'role "web" allows stop only with processes = web: db',
  ],
  [
    ['viewer'],
    control('stop', 'db'),
    'alice may not stop',
    'none of the roles of alice (viewer) allows stop',
  ],
  [[], control('stop', 'db'), 'alice may not stop', 'alice has no role on this host'],
  [
    ['operator', 'keep-db'],
    control('restart', 'all'),
    'alice may not restart db',
    'role "keep-db" denies restart with processes = db: db',
  ],
  [
    ['operator', 'no-stop'],
    control('stop', 'all'),
    'alice may not stop',
    'role "no-stop" denies stop',
  ],
  [
    ['operator'],
    { kind: 'reload' },
    'alice may not reload the agent',
    "it concerns the agent itself, which is the role admin's; alice has operator",
  ],
];
for (const [roles, request, message, cause] of REASONS) {
  test(`${roles.join(', ') || 'no role'}: ${message}, because ${cause}`, () => {
    const { refusal, deeds, warned } = order(hostWith(rulesOf(roles)), request);
    assert.equal(refusal?.message, message);
    const sorted = (text: string) => text.split(/[ ,]+/).sort();
    assert.deepEqual(sorted(refusal?.cause ?? ''), sorted(cause));
    assert.deepEqual(deeds, [], 'one that is not allowed refuses all of it');
    assert.equal(warned.length, 1);
    assert.match(warned[0] ?? '', /^refused on this host to alice: /);
  });
}

test('what is kept from the fleet, taken up or taken away must be theirs as well', () => {
  for (const request of [
    { ...hold, names: ['web', 'db'] },
    { kind: 'release', names: ['db'] },
    { kind: 'remove', operationId: operation, groups: ['db'] },
    { kind: 'add', operationId: operation, groups: ['db'] },
  ] as const) {
    const { refusal, told } = order(hostWith(rulesOf(['web'])), request);
    assert.match(refusal?.message ?? '', /^alice may not (stop|update) db$/, request.kind);
    assert.equal(told.length, 1);
  }
});

test('only those signals may be sent that a role names', () => {
  const send = (signal: string, roles: readonly string[]) => {
    const request = { ...control('signal', 'web'), signal } as LocalOrder;
    return order(hostWith(rulesOf(roles)), request).refusal;
  };
  assert.equal(send('HUP', ['web']), null);
  assert.equal(send('KILL', ['web'])?.message, 'alice may not send KILL to web');
  assert.match(send('KILL', ['web'])?.cause ?? '', /only with signals = USR1, HUP/);
  assert.equal(send('HUP', ['operator', 'no-kill']), null);
  assert.match(send('KILL', ['operator', 'no-kill'])?.cause ?? '', /role "no-kill" denies signal/);
});

test('what is refused is no news for the controller; what is allowed is', () => {
  const host = hostWith(rulesOf(['web']));
  const events = (request: LocalOrder) =>
    order(host, request).step.writes.filter(
      (write) => write.kind === 'event' && write.event.event.kind === 'localOrder',
    );
  assert.equal(events(control('stop', 'db')).length, 0);
  assert.equal(events(control('stop', 'web')).length, 1);
});

/** Roles, and what the file says then → what stands against the update, if anything. */
const UPDATES: readonly (readonly [
  string,
  readonly string[],
  readonly ProcessDefinition[],
  RegExp | null,
])[] = [
  ['nothing has changed', ['web'], [web, db], null],
  ['what is theirs', ['web'], [aDefinition('web', { command: '/bin/x' }), db], null],
  [
    'what is not theirs',
    ['web'],
    [web, aDefinition('db', { command: '/bin/x' })],
    /alice may not update db/,
  ],
  ['what is not theirs goes', ['web'], [web], /alice may not update db/],
  [
    'something new that is not theirs',
    ['web'],
    [web, db, aDefinition('queue')],
    /may not update queue/,
  ],
  ['something new', ['operator'], [web, db, aDefinition('queue')], null],
];
for (const [what, roles, next, wanted] of UPDATES) {
  test(`an update by ${roles.join()} is judged on what it would change: ${what}`, () => {
    const host = hostWith(rulesOf(roles));
    const { step } = order(host, anUpdate());
    const [purpose] = step.effects.flatMap((one) =>
      one.kind === 'readConfig' ? [one.purpose] : [],
    );
    assert.ok(purpose);
    const read = host.step({
      kind: 'configRead',
      purpose,
      reading: { kind: 'read', definitions: next },
    });
    const refused = read.effects.flatMap((effect) =>
      effect.kind === 'tell' && effect.news.kind === 'refused' ? [effect.news.refusal] : [],
    );
    if (wanted === null) return assert.deepEqual(refused, []);
    assert.match(refused[0]?.message ?? '', wanted);
    assert.equal(host.process('db').definition.command, db.command);
  });
}

test('whoever sees less is shown less, and how much less', () => {
  const listed = (roles: readonly string[], by = ALICE) => {
    const found = listFor(hostWith(rulesOf(roles)).state(), by);
    return isRefusal(found)
      ? found.code
      : [found.processes.map(({ process }) => process), found.withheld];
  };
  assert.deepEqual(listed(['web']), [['web'], 1]);
  assert.deepEqual(listed(['viewer']), [['db', 'web'], 0]);
  assert.deepEqual(listed([]), 'denied');
  assert.deepEqual(listed(['web'], { name: 'unknown', uid: null, gids: [] }), 'unauthenticated');
  const { told } = order(hostWith(rulesOf(['web'])), { kind: 'avail' });
  const [avail] = told;
  assert.deepEqual(avail?.kind === 'avail' && avail.processes.map(({ process }) => process), [
    'web',
  ]);
});

test('logs are read by whoever may, and are not emptied by everybody who may read them', () => {
  const files = { logPath: () => '/dev/null', clearLogs: () => null };
  const reading = (roles: readonly string[], name: string) => {
    const wanted = { process: knownProcessName(name), channel: 'stdout', by: ALICE } as const;
    const found = findLog(hostWith(rulesOf(roles)).state(), files, wanted);
    return isRefusal(found) ? found.message : 'read';
  };
  assert.equal(reading(['web'], 'web'), 'read');
  assert.equal(reading(['web'], 'db'), 'alice may not read the logs of db');
  assert.equal(reading(['web'], 'none'), 'no such process name');
  assert.equal(reading([], 'none'), 'alice may not read logs');
  const clearing = (roles: readonly string[]) =>
    refusalToClear(hostWith(rulesOf(roles)).state(), ['web'], ALICE)?.code ?? null;
  assert.equal(clearing(['viewer']), 'denied');
  assert.equal(clearing(['operator']), null);
});

test("the agent's own log is for those who may read all logs", () => {
  const own = (...roles: readonly string[]) =>
    refusalEverywhere(rightsOf(rulesOf(roles), ALICE), 'logs')?.cause ?? null;
  assert.equal(own('viewer'), null);
  assert.equal(own('web', 'viewer'), null);
  assert.match(own('web') ?? '', /role "web" allows logs only with processes = web/);
  assert.match(own('no-stop') ?? '', /none of the roles of alice \(no-stop\) allows logs/);
});
