import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { authorize, RPC_RULES, type RpcName } from '../../controller/core/authorize.ts';
import { ACTIONS, type Action, BUILT_IN_ROLES, type Role } from '../../proto/authority.ts';
import { IDENTITY_KINDS } from '../../proto/identity-name.ts';
import { emptyFleet, NOW_MS } from '../fakes/controller-fleet.ts';

const PROTOS = new URL('../../proto/fleet/v1/', import.meta.url);
const RPCS = Object.keys(RPC_RULES) as RpcName[];
const NOBODY = { ...emptyFleet, operators: new Map() };

const [VIEWER] = BUILT_IN_ROLES as [Role, ...Role[]];

/** A fleet in which alice has one role, that allows these actions. */
function fleetWhere(...allow: readonly Action[]) {
  const role: Role = { ...VIEWER, name: 'some', allow: new Set(allow) };
  const roles = new Map([[role.name, role]]);
  return { ...emptyFleet, roles, operators: new Map([['alice', ['some']]]) };
}

/** An agent's own socket, which the permissions of its file guard. */
const NOT_SERVED_HERE = 'local.proto';

/** `Service.Method` for every rpc of every .proto file that the controller serves. */
function declaredRpcs(): readonly string[] {
  const files = readdirSync(PROTOS).filter((file) => file !== NOT_SERVED_HERE);
  return files.flatMap((file) => {
    const text = readFileSync(new URL(file, PROTOS), 'utf8').replace(/\/\/.*$/gm, '');
    const services = text.matchAll(/\bservice\s+(\w+)\s*\{([^}]*)\}/g);
    return [...services].flatMap(([, service, body = '']) =>
      [...body.matchAll(/\brpc\s+(\w+)/g)].map(([, method]) => `${service}.${method}`),
    );
  });
}

test('the table has a row for each rpc of the .proto files, and no other', () => {
  assert.ok(declaredRpcs().length >= 30);
  assert.deepEqual(RPCS.toSorted(), declaredRpcs().toSorted());
});

test('each rpc is refused to other kinds of certificates, in words that help', () => {
  for (const rpc of RPCS) {
    const wanted: readonly string[] = RPC_RULES[rpc].kinds;
    for (const kind of IDENTITY_KINDS) {
      const refused = authorize(emptyFleet, rpc, { kind, name: 'alice' }, NOW_MS);
      assert.equal(refused === null, wanted.includes(kind), `${rpc} by ${kind}`);
      if (refused === null) continue;
      assert.equal(refused.code, 'denied');
      assert.ok(refused.message.includes(`${kind} "alice"`), refused.message);
    }
  }
});

test('an operator whom the configuration does not name is refused everything', () => {
  for (const rpc of RPCS.filter((name) =>
    (RPC_RULES[name].kinds as string[]).includes('operator'),
  )) {
    for (const name of ['dave', 'Alice', '', '__proto__', 'alice ']) {
      const refused = authorize(emptyFleet, rpc, { kind: 'operator', name }, NOW_MS);
      assert.equal(refused?.code, 'denied', `${rpc} by ${name}`);
      assert.ok(refused?.cause?.includes(`[operator:${name}]`));
    }
    const alice = { kind: 'operator', name: 'alice' } as const;
    assert.equal(authorize(NOBODY, rpc, alice, NOW_MS)?.code, 'denied');
  }
});

test('an action that no role allows is refused, and only that action', () => {
  const alice = { kind: 'operator', name: 'alice' } as const;
  let judged = 0;
  for (const rpc of RPCS) {
    const { action, kinds } = RPC_RULES[rpc] as { action: Action | null; kinds: readonly string[] };
    if (action === null || !kinds.includes('operator')) continue;
    for (const allowed of ACTIONS) {
      const refused = authorize(fleetWhere(allowed), rpc, alice, NOW_MS);
      assert.equal(refused === null, allowed === action, `${rpc} with ${allowed}`);
      if (refused !== null) assert.match(`${refused.cause}`, /roles of alice \(some\)/);
      judged += 1;
    }
    assert.equal(authorize(fleetWhere(), rpc, alice, NOW_MS)?.code, 'denied');
  }
  assert.ok(judged >= 15 * ACTIONS.length);
});

test('an agent needs no section: its certificate is enough', () => {
  const agent = { kind: 'agent', name: 'web-1' } as const;
  assert.equal(authorize(NOBODY, 'AgentLink.Connect', agent, NOW_MS), null);
  assert.equal(authorize(NOBODY, 'Authority.Renew', agent, NOW_MS), null);
});
