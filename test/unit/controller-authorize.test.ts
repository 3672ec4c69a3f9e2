import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  ALLOWED_KIND,
  authorize,
  type Caller,
  type RpcName,
} from '../../controller/core/authorize.ts';

const PROTOS = new URL('../../proto/fleet/v1/', import.meta.url);
const KINDS: readonly Caller['kind'][] = ['controller', 'agent', 'operator'];
const RPCS = Object.keys(ALLOWED_KIND) as RpcName[];
const OPERATORS = new Set(['alice']);

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
  assert.ok(declaredRpcs().length >= 7);
  assert.deepEqual(RPCS.toSorted(), declaredRpcs().toSorted());
});

test('each rpc is for one kind of caller, and refused to the others in words that help', () => {
  for (const rpc of RPCS) {
    for (const kind of KINDS) {
      const refused = authorize(rpc, { kind, name: 'alice' }, OPERATORS);
      const wanted = rpc === 'AgentLink.Connect' ? 'agent' : 'operator';
      assert.equal(refused === null, kind === wanted, `${rpc} by ${kind}`);
      if (refused === null) continue;
      assert.equal(refused.code, 'denied');
      assert.ok(refused.message.includes(`${rpc} is for ${wanted}s`));
      assert.ok(refused.message.includes(`${kind} "alice"`));
      assert.ok(refused.fix?.includes(`fleet-certs issue ${wanted}`));
    }
  }
});

test('an operator whom the configuration does not name is refused everything', () => {
  for (const rpc of RPCS.filter((name) => ALLOWED_KIND[name] === 'operator')) {
    for (const name of ['bob', 'Alice', '', '__proto__', 'alice ']) {
      const refused = authorize(rpc, { kind: 'operator', name }, OPERATORS);
      assert.equal(refused?.code, 'denied', `${rpc} by ${name}`);
      assert.ok(refused?.cause?.includes(`[operator:${name}]`));
    }
    assert.equal(authorize(rpc, { kind: 'operator', name: 'alice' }, new Set())?.code, 'denied');
  }
});

test('an agent needs no section: its certificate is enough', () => {
  assert.equal(authorize('AgentLink.Connect', { kind: 'agent', name: 'web-1' }, new Set()), null);
});
