import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Act,
  accessOf,
  judge,
  judgeFleetAction,
  mayAnywhere,
  mayEverywhere,
  maySee,
  seenProcesses,
} from '../../controller/core/access.ts';
import type { FleetState } from '../../controller/core/state.ts';
import { ACTIONS, BUILT_IN_ROLES, isFleetAction, type Role } from '../../proto/authority.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { hostId, knownProcessName } from '../../proto/vocabulary.ts';
import { aHost, aStatus, emptyFleet, NOW_MS } from '../fakes/controller-fleet.ts';
import { aRole, withRoles } from '../fakes/roles.ts';

const HOSTS = [
  aHost('prod-1', ['web:web_00', 'web:web_01', 'db'], { labels: { env: 'prod' } }),
  aHost('prod-2', ['web:web_00', 'db'], { labels: { env: 'prod' } }),
  aHost('dev-1', ['web:web_00', 'queue'], { labels: { env: 'dev' } }),
];
const FLEET: FleetState = {
  ...emptyFleet,
  hosts: PersistentMap.of(HOSTS.map((host) => [host.host, host] as const)),
};

const restart: Act = { action: 'restart', signal: null, hasReason: false };

/** `allowed by ROLE`, or why not. */
function verdict(roles: readonly Role[], act: Partial<Act>, host: string, process: string | null) {
  const access = accessOf(withRoles(FLEET, { ann: roles }), 'ann', NOW_MS);
  const found = FLEET.hosts.get(hostId(host));
  assert.ok(found);
  const status = process === null ? null : found.processes.get(knownProcessName(process));
  const about = status === null ? null : [status ?? aStatus(process ?? '')];
  const given = judge(access, { ...restart, ...act }, found, about);
  return given.isAllowed ? `allowed by ${given.role.name}` : given.because;
}

test('what no role allows is not allowed, and it is said so', () => {
  assert.equal(verdict([], {}, 'prod-1', 'db'), 'ann has no role');
  assert.equal(
    verdict([aRole('look', { allow: ['status'] })], {}, 'prod-1', 'db'),
    'none of the roles of ann (look) allows restart',
  );
  const nobody = accessOf(FLEET, 'who', NOW_MS);
  assert.equal(judgeFleetAction(nobody, 'audit').isAllowed, false);
});

test('a role holds on its hosts and processes, and a refusal names the rule that was missed', () => {
  const oncall = aRole('oncall', { allow: ['restart'], hosts: 'prod-*', processes: ['web'] });
  assert.equal(verdict([oncall], {}, 'prod-1', 'web:web_00'), 'allowed by oncall');
  assert.equal(
    verdict([oncall], {}, 'prod-1', 'db'),
    'role "oncall" allows restart only with processes = web',
  );
  assert.equal(
    verdict([oncall], {}, 'dev-1', 'web:web_00'),
    'role "oncall" allows restart only with hosts = prod-*',
  );
  // A process that is not there is judged by its name.
  assert.equal(verdict([oncall], {}, 'prod-1', 'web:web_77'), 'allowed by oncall');
  assert.match(verdict([oncall], {}, 'prod-1', 'webby'), /processes = web/);
  // The whole host is more than some processes.
  assert.match(verdict([oncall], {}, 'prod-1', null), /processes = web/);
});

test('hosts that a role names and that are not there do not make it mean others', () => {
  const some = aRole('some', { allow: ['restart'], hosts: 'prod-1,prod-99' });
  assert.equal(verdict([some], {}, 'prod-1', 'db'), 'allowed by some');
  assert.match(verdict([some], {}, 'prod-2', 'db'), /hosts = prod-1,prod-99/);
  const others = aRole('others', { allow: ['restart'], hosts: 'not stage-*' });
  assert.equal(verdict([others], {}, 'prod-2', 'db'), 'allowed by others');
  const labelled = aRole('labelled', { deny: ['restart'], hosts: 'not @env:stage' });
  assert.match(verdict([labelled, others], {}, 'dev-1', 'queue'), /denies restart/);
});

test('one deny wins over any number of roles that allow', () => {
  const admin = BUILT_IN_ROLES.find(({ name }) => name === 'admin') as Role;
  const frozen = aRole('frozen', { deny: ['restart'], hosts: 'env=prod', processes: ['db'] });
  for (const roles of [
    [admin, frozen],
    [frozen, admin],
  ]) {
    assert.equal(
      verdict(roles, {}, 'prod-2', 'db'),
      'role "frozen" denies restart with hosts = env=prod, processes = db',
    );
    assert.equal(verdict(roles, {}, 'prod-2', 'web:web_00'), 'allowed by admin');
    assert.equal(verdict(roles, {}, 'dev-1', 'queue'), 'allowed by admin');
    // What is about the whole host is about what must not be touched, too.
    assert.match(verdict(roles, {}, 'prod-2', null), /denies/);
    assert.equal(verdict(roles, {}, 'dev-1', null), 'allowed by admin');
  }
});

test('signals may be limited, and a role may want a reason for what changes something', () => {
  const hup = aRole('hup', { allow: ['signal'], signals: ['HUP'] });
  const signal = (name: string | null) => ({ action: 'signal', signal: name }) as const;
  assert.equal(verdict([hup], signal('HUP'), 'dev-1', 'queue'), 'allowed by hup');
  assert.equal(verdict([hup], signal(null), 'dev-1', 'queue'), 'allowed by hup');
  assert.match(verdict([hup], signal('KILL'), 'dev-1', 'queue'), /only with signals = HUP/);
  const noKill = aRole('no-kill', { deny: ['signal'], signals: ['KILL'] });
  const all = aRole('all', { allow: ['signal'] });
  assert.equal(verdict([noKill, all], signal('HUP'), 'dev-1', 'queue'), 'allowed by all');
  assert.match(verdict([noKill, all], signal('KILL'), 'dev-1', 'queue'), /denies signal KILL/);
  const why = aRole('why', { allow: ['restart', 'status', 'logs'], reasonRequired: true });
  assert.match(verdict([why], {}, 'dev-1', 'queue'), /role "why" wants a reason for restart/);
  assert.equal(verdict([why], { hasReason: true }, 'dev-1', 'queue'), 'allowed by why');
  assert.equal(verdict([why], { action: 'status' }, 'dev-1', 'queue'), 'allowed by why');
  assert.equal(verdict([why], { action: 'logs' }, 'dev-1', 'queue'), 'allowed by why');
});

test('of several roles the one that limits least counts', () => {
  const five = aRole('five', { allow: ['restart'], maxHosts: 5 });
  const two = aRole('two', { allow: ['restart'], maxHosts: 2 });
  const any = aRole('any', { allow: ['restart'], hosts: 'dev-*' });
  assert.equal(verdict([two, five, any], {}, 'dev-1', 'queue'), 'allowed by any');
  assert.equal(verdict([two, five, any], {}, 'prod-1', 'db'), 'allowed by five');
});

test('the built-in roles allow what they say, and nobody but an admin touches the fleet itself', () => {
  const allowed = (name: string) => {
    const access = accessOf({ ...FLEET, operators: new Map([['ann', [name]]]) }, 'ann', NOW_MS);
    return ACTIONS.filter((action) => mayAnywhere(access, action));
  };
  assert.deepEqual(allowed('viewer'), ['status', 'logs']);
  assert.deepEqual(
    allowed('operator'),
    ACTIONS.filter((action) => !isFleetAction(action)),
  );
  assert.deepEqual(allowed('admin'), ACTIONS);
});

const anyRole = fc.record({
  allow: fc.subarray(['status', 'restart', 'signal', 'update'] as const),
  deny: fc.subarray(['restart', 'signal'] as const, { maxLength: 1 }),
  hosts: fc.constantFrom(undefined, 'prod-*', 'env=dev', 'not prod-1', 'prod-1,nowhere'),
  processes: fc.constantFrom([], ['web'], ['db', 'queue'], ['*_01']),
  signals: fc.constantFrom([], ['HUP']),
  reasonRequired: fc.boolean(),
});

const IN_HOSTS: Readonly<Record<string, (host: string) => boolean>> = {
  'prod-*': (host) => host.startsWith('prod-'),
  'env=dev': (host) => host === 'dev-1',
  'not prod-1': (host) => host !== 'prod-1',
  'prod-1,nowhere': (host) => host === 'prod-1',
};
const IN_PROCESSES: Readonly<Record<string, (process: string) => boolean>> = {
  '': () => true,
  web: (process) => process.startsWith('web:'),
  'db,queue': (process) => process === 'db' || process === 'queue',
  '*_01': (process) => process.endsWith('_01'),
};

test('any set of roles comes to what its rules say, one by one', () => {
  const targets = HOSTS.flatMap(({ host, processes }) =>
    [...processes.keys()].map((process) => [host, process] as const),
  );
  const acts = fc.constantFrom<Act>(
    restart,
    { ...restart, hasReason: true },
    { action: 'signal', signal: 'HUP', hasReason: true },
    { action: 'signal', signal: 'TERM', hasReason: false },
    { action: 'status', signal: null, hasReason: false },
  );
  let allowed = 0;
  fc.assert(
    fc.property(
      fc.array(anyRole, { maxLength: 4 }),
      acts,
      fc.constantFrom(...targets),
      (wanted, act, [host, process]) => {
        const roles = wanted.map(({ hosts, ...more }, index) =>
          aRole(`r${index}`, { ...more, ...(hosts === undefined ? {} : { hosts }) }),
        );
        const isAbout = (role: Role): boolean =>
          (role.hosts === null || IN_HOSTS[role.hosts.text]?.(host) === true) &&
          IN_PROCESSES[role.processes.join()]?.(process) === true &&
          (act.signal === null || role.signals.length === 0 || role.signals.includes(act.signal));
        const isDenied = roles.some((role) => role.deny.has(act.action) && isAbout(role));
        const isAllowed = roles.some(
          (role) =>
            role.allow.has(act.action) &&
            isAbout(role) &&
            (!role.reasonRequired || act.hasReason || act.action === 'status'),
        );
        const given = verdict(roles, act, host, process);
        const wantedVerdict = isAllowed && !isDenied;
        if (wantedVerdict) allowed += 1;
        assert.equal(given.startsWith('allowed by '), wantedVerdict, given);
      },
    ),
    { numRuns: 400 },
  );
  assert.ok(allowed > 40, `only ${allowed} were allowed`);
});

test('of the rules that stand against it the one is named that it came closest to', () => {
  const roles = [
    aRole('elsewhere', { allow: ['restart'], hosts: 'dev-*' }),
    aRole('here', { allow: ['restart'], hosts: 'prod-*', processes: ['db'] }),
    aRole('far', { allow: ['restart'], hosts: 'far-*' }),
  ];
  const because = 'role "here" allows restart only with processes = db';
  assert.equal(verdict(roles, {}, 'prod-1', 'web:web_00'), because);
  assert.equal(verdict(roles.toReversed(), {}, 'prod-1', 'web:web_00'), because);
});

test('nobody may everywhere what one of their roles denies somewhere', () => {
  const isEverywhere = (roles: readonly Role[]) =>
    mayEverywhere(accessOf(withRoles(FLEET, { ann: roles }), 'ann', NOW_MS), 'status');
  const all = aRole('all', { allow: ['status'] });
  assert.ok(isEverywhere([all]));
  assert.ok(!isEverywhere([all, aRole('not-db', { deny: ['status'], processes: ['db'] })]));
  assert.ok(!isEverywhere([aRole('prod', { allow: ['status'], hosts: 'prod-*' })]));
});

test('a host that is judged once shows what it shows process by process', () => {
  let partly = 0;
  const some = fc.record({
    allow: fc.constantFrom(['status'] as const, ['restart'] as const),
    deny: fc.constantFrom([], [], ['status'] as const),
    hosts: fc.constantFrom(undefined, 'prod-*', 'env=dev'),
    processes: fc.constantFrom([], ['web'], ['db', 'queue'], ['*_01']),
  });
  fc.assert(
    fc.property(fc.array(some, { maxLength: 3 }), (wanted) => {
      const roles = wanted.map(({ hosts, ...more }, index) =>
        aRole(`r${index}`, { ...more, ...(hosts === undefined ? {} : { hosts }) }),
      );
      const access = accessOf(withRoles(FLEET, { ann: roles }), 'ann', NOW_MS);
      for (const host of HOSTS) {
        const seen = seenProcesses(access, host);
        assert.equal(seen !== null, maySee(access, host, null));
        const all = [...host.processes.values()];
        const shown = all.filter(({ process }) => seen?.has(process));
        assert.deepEqual(
          shown,
          all.filter((status) => maySee(access, host, status)),
        );
        if (shown.length > 0 && shown.length < all.length) partly += 1;
      }
    }),
  );
  assert.ok(partly > 0);
});

test('who may everywhere may do it to anything; who may do it to anything at all may somewhere', () => {
  fc.assert(
    fc.property(fc.array(anyRole, { maxLength: 3 }), (wanted) => {
      const roles = wanted.map(({ hosts, ...more }, index) =>
        aRole(`r${index}`, { ...more, ...(hosts === undefined ? {} : { hosts }) }),
      );
      const access = accessOf(withRoles(FLEET, { ann: roles }), 'ann', NOW_MS);
      for (const action of ['status', 'restart'] as const) {
        const act = { action, signal: null, hasReason: true };
        const verdicts = HOSTS.flatMap((host) =>
          [...host.processes.values()].map(
            (status) => judge(access, act, host, [status]).isAllowed,
          ),
        );
        if (mayEverywhere(access, action)) assert.ok(verdicts.every(Boolean));
        if (verdicts.some(Boolean)) assert.ok(mayAnywhere(access, action));
      }
    }),
  );
});
