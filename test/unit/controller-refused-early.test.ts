/** What is refused before the core is asked is on record all the same, by the same word. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AuthorityOptions,
  authorityHandlers,
} from '../../controller/calls/authority-calls.ts';
import type { FleetInput } from '../../controller/core/state.ts';
import { createIssuer } from '../../controller/identity/issuer.ts';
import { encodeTokenRequest } from '../../proto/codec/tokens.ts';
import { isRefusal } from '../../proto/errors.ts';
import { anActor, NOW_MS } from '../fakes/controller-fleet.ts';
import { identityScript } from '../fakes/identities.ts';

type Handler = (request: object, caller: object) => Promise<unknown>;

/** An agent whose certificate was revoked a moment ago; nobody listens for newcomers. */
function handlers() {
  const script = identityScript();
  const first = script.enrolled('agent/web-1', 1);
  script.see(first);
  script.done({
    kind: 'revokeCertificates',
    choice: { kind: 'fingerprint', beginning: first.fingerprint },
    reason: 'stolen',
  });
  const delivered: FleetInput[] = [];
  const options = {
    driver: {
      state: () => script.state,
      deliver: (input: FleetInput) => void delivered.push(input),
      identity: () => assert.fail('the core was asked'),
    },
    guard: { unary: (_rpc: string, handle: Handler) => handle },
    issuer: createIssuer(null, () => NOW_MS),
    trust: () => ({ issuerPem: '', authoritiesPem: '', pin: '' }),
    joinAddress: () => null,
    clock: { now: () => ({ wallMs: NOW_MS, monotonicMs: 0 }) },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  } as unknown as AuthorityOptions;
  const served = authorityHandlers(options) as unknown as Readonly<Record<string, Handler>>;
  const call = async (rpc: string, request: object, { fingerprint }: { fingerprint: string }) => {
    const actor = anActor('web-1', { kind: 'agent', fingerprint });
    const caller = { kind: 'agent', name: 'web-1', actor, fingerprint256: fingerprint };
    const answer = await served[rpc]?.(request, caller);
    assert.ok(isRefusal(answer), `${rpc} was not refused`);
    const [input, ...more] = delivered;
    assert.ok(input?.kind === 'onRecord' && more.length === 0, `${rpc} is not on record, once`);
    const { action, outcome, detail, actor: who } = input.entry;
    assert.deepEqual(who, actor);
    return `${action} ${outcome} ${detail}`;
  };
  return { first, call };
}

test('a renewal that is refused before the core is asked is on record', async () => {
  for (const csrPem of ['', 'no request']) {
    const { first, call } = handlers();
    assert.match(
      await call('Renew', { csrPem }, first),
      /^renew refused denied: .* was revoked: at /,
    );
  }
});

test('certificates that our authority has not signed are refused on record', async () => {
  const { first, call } = handlers();
  const said = await call('AddCertificates', { certificatesPem: ['nonsense'] }, first);
  assert.match(said, /^cert add refused /);
});

test('a token that nobody could use is refused on record', async () => {
  const { first, call } = handlers();
  const usual = {
    kind: 'agent',
    names: 'web-*',
    labels: {},
    replaces: false,
    ttlMs: 60_000,
  } as const;
  const said = await call('CreateToken', encodeTokenRequest(usual), first);
  assert.match(said, /^token create refused wrong-state: .* nobody new in: .*enroll_listen/);
});
