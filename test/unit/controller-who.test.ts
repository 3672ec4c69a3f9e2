import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetState } from '../../controller/core/state.ts';
import { checkAccess, whoAmI } from '../../controller/core/who.ts';
import type { AccessQuery } from '../../proto/authority.ts';
import { isRefusal } from '../../proto/errors.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { aHost, anActor, emptyFleet, NOW_MS } from '../fakes/controller-fleet.ts';
import { aRole, withRoles } from '../fakes/roles.ts';

const HOSTS = [aHost('web-2', ['web', 'db']), aHost('web-10', ['web']), aHost('dev-1', ['web'])];

const ONCALL = aRole('oncall', {
  allow: ['restart', 'status'],
  hosts: 'web-*',
  processes: ['web'],
  maxHosts: 3,
  reasonRequired: true,
});

const FLEET: FleetState = withRoles(
  {
    ...emptyFleet,
    hosts: PersistentMap.of(HOSTS.map((host) => [host.host, host] as const)),
  },
  {
    ann: [ONCALL],
    eve: [
      aRole('group-web', { allow: ['update'], processes: ['web'] }),
      aRole('look', { allow: ['status'] }),
    ],
  },
);

const asker = (name: string) => ({
  ...{ fleet: 'prod', name, fingerprint256: 'AB:CD', notAfterMs: NOW_MS + 1 },
  actor: anActor(name),
});

const query = (more: Partial<AccessQuery>): AccessQuery => ({
  ...{ action: 'restart', signal: null, hosts: '@*', processes: ['web'], as: null },
  ...more,
});

function reportOf(name: string, more: Partial<AccessQuery>) {
  const report = checkAccess(FLEET, query(more), asker(name), NOW_MS);
  assert.ok(!isRefusal(report), JSON.stringify(report));
  return report;
}

function refusedWith(name: string, more: Partial<AccessQuery>) {
  const report = checkAccess(FLEET, query(more), asker(name), NOW_MS);
  assert.ok(isRefusal(report));
  return report.code;
}

test('somebody is told who they are, and each of their roles as it is written', () => {
  const { roles, ...self } = whoAmI(FLEET, asker('ann'));
  assert.deepEqual(self, {
    ...{ fleet: 'prod', name: 'ann', fingerprint: 'AB:CD' },
    ...{ certificateEndsAtMs: NOW_MS + 1, address: '10.0.0.99' },
  });
  assert.deepEqual(roles, [
    {
      ...{ name: 'oncall', isBuiltIn: false, allow: ['status', 'restart'], deny: [] },
      ...{ hosts: 'web-*', processes: ['web'], signals: [], maxHosts: 3 },
      ...{ reasonRequired: true, runbooks: [] },
    },
  ]);
  assert.deepEqual(
    whoAmI(FLEET, asker('alice')).roles.map(({ name, isBuiltIn }) => [name, isBuiltIn]),
    [['admin', true]],
  );
});

test('what may be done is told target by target, in natural order, with the rule', () => {
  const { operator, isAllowed, decisions, withheld } = reportOf('ann', { hosts: '@*', as: null });
  // What ann may not see is only counted.
  assert.deepEqual([operator, isAllowed, withheld], ['ann', false, 1]);
  const byAlice = reportOf('alice', { as: 'ann' });
  assert.equal(byAlice.withheld, 0);
  assert.deepEqual(
    decisions.map(({ host }) => host),
    ['web-2', 'web-10'],
  );
  assert.deepEqual(
    byAlice.decisions.map((one) => [one.host, one.process, one.isAllowed, one.because]),
    [
      ['dev-1', 'web', false, 'role "oncall" allows restart only with hosts = web-*'],
      ['web-2', 'web', true, 'role "oncall"'],
      ['web-10', 'web', true, 'role "oncall"'],
    ],
  );
  assert.equal(reportOf('ann', { hosts: 'web-*' }).isAllowed, true);
  assert.equal(reportOf('ann', { hosts: 'web-*', processes: [] }).isAllowed, false);
});

test('an update is about hosts', () => {
  const whole = reportOf('eve', { action: 'update', processes: [], hosts: 'web-2' });
  assert.deepEqual(
    whole.decisions.map(({ host, process, isAllowed }) => [host, process, isAllowed]),
    [['web-2', '*', false]],
  );
  assert.ok(reportOf('eve', { action: 'update', processes: ['web'], hosts: 'web-2' }).isAllowed);
});

test('what is about the whole fleet is answered without hosts', () => {
  assert.deepEqual(reportOf('ann', { action: 'enrol', hosts: '' }), {
    ...{ operator: 'ann', isAllowed: false, decisions: [], withheld: 0 },
    because: 'none of the roles of ann (oncall) allows enrol',
  });
  assert.equal(reportOf('alice', { action: 'audit', hosts: '' }).because, 'role "admin"');
});

test('about somebody else only who may read the audit is told', () => {
  assert.equal(reportOf('alice', { as: 'ann' }).operator, 'ann');
  assert.equal(reportOf('ann', { as: 'ann' }).operator, 'ann');
  assert.equal(refusedWith('ann', { as: 'alice' }), 'denied');
  assert.equal(refusedWith('alice', { as: 'nobody' }), 'nothing-matched');
});

test('questions that mean nothing are refused as elsewhere', () => {
  assert.equal(refusedWith('ann', { hosts: '' }), 'usage');
  assert.equal(refusedWith('ann', { hosts: 'web-77' }), 'nothing-matched');
  assert.equal(refusedWith('ann', { processes: ['wbe'] }), 'nothing-matched');
});
