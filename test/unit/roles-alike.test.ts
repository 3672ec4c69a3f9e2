/**
 * Roles mean the same over the agent's socket as through the controller. Neither program may import
 * the other, so what they decide is held against each other here.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allowedOf } from '../../agent/core/local-access.ts';
import { accessOf, judge } from '../../controller/core/access.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { aHost, emptyFleet, NOW_MS } from '../fakes/controller-fleet.ts';
import { aRole, withRoles } from '../fakes/roles.ts';

const HOST = aHost('web-1', ['web:web_00', 'web:web_01', 'db', 'cron']);
const FLEET = { ...emptyFleet, hosts: PersistentMap.of([[HOST.host, HOST] as const]) };
const STATUSES = [...HOST.processes.values()];

const anyRole = fc.record({
  allow: fc.subarray(['status', 'logs', 'restart', 'signal'] as const),
  deny: fc.subarray(['logs', 'restart', 'signal'] as const),
  processes: fc.constantFrom([], ['web'], ['db', 'cron'], ['*_01'], ['web:*', 'd*']),
  signals: fc.constantFrom([], ['HUP'], ['HUP', 'KILL']),
});
const anyAct = fc.constantFrom(
  { action: 'status', signal: null } as const,
  { action: 'logs', signal: null } as const,
  { action: 'restart', signal: null } as const,
  { action: 'signal', signal: 'HUP' } as const,
  { action: 'signal', signal: 'KILL' } as const,
);

test('what roles allow is allowed by both, process by process', () => {
  let [allowed, denied] = [0, 0];
  fc.assert(
    fc.property(fc.array(anyRole, { maxLength: 3 }), anyAct, (wanted, act) => {
      const roles = wanted.map((one, index) => aRole(`r${index}`, one));
      const access = accessOf(withRoles(FLEET, { ann: roles }), 'ann', NOW_MS);
      const byController = STATUSES.filter(
        (status) => judge(access, { ...act, hasReason: true }, HOST, [status]).isAllowed,
      );
      const byAgent = allowedOf({ kind: 'roles', who: 'ann', roles }, act, STATUSES);
      assert.deepEqual(byAgent, byController);
      allowed += byAgent.length;
      denied += STATUSES.length - byAgent.length;
    }),
    { numRuns: 300 },
  );
  assert.ok(allowed > 50 && denied > 50, `${allowed} allowed, ${denied} denied`);
});
