/** Who is let in, what is told and put on record of who is not, and that streams end when they must. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { type ServerUnaryCall, type ServiceError, status } from '@grpc/grpc-js';
import type { FleetInput, FleetState } from '../../controller/core/state.ts';
import { createGuard, seenOf } from '../../controller/door/guard.ts';
import { JudgingRounds } from '../../controller/door/live-calls.ts';
import type { CertificateRecord } from '../../proto/certificates.ts';
import { decodeRefusal } from '../../proto/codec/error.ts';
import { FleetError, isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import { type Identity, identityOf } from '../../proto/identity.ts';
import { buildCertificate } from '../../proto/pki/certificate.ts';
import { emptyFleet, NOW_MS } from '../fakes/controller-fleet.ts';

// Short, because nothing here verifies a signature.
const keys = generateKeyPairSync('rsa', { modulusLength: 1024 });
const publicKeyPem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();

function certificateOf(uri: string): Buffer {
  const pem = buildCertificate(
    {
      commonName: 'nobody',
      organization: 'fleet',
      use: 'client',
      alternativeNames: [{ kind: 'uri', value: uri }],
      notBeforeMs: NOW_MS - 60_000,
      notAfterMs: NOW_MS + 60_000,
      publicKeyPem,
    },
    { certificatePem: null, privateKey: keys.privateKey },
  );
  return new X509Certificate(pem).raw;
}

const ALICE = certificateOf('spiffe://fleet/operator/alice');
const STRANGER = certificateOf('spiffe://fleet/operator/stranger');
const FOREIGN = certificateOf('spiffe://other/operator/alice');
const AGENT = certificateOf('spiffe://fleet/agent/web-1');

function identityIn(der: Buffer): Identity {
  const identity = identityOf(der);
  assert.ok(!isRefusal(identity));
  return identity;
}

class FakeCall extends EventEmitter {
  readonly #raw: Buffer | null;

  constructor(raw: Buffer | null) {
    super();
    this.#raw = raw;
    this.on('error', () => undefined);
  }

  getPeer(): string {
    return '10.0.0.9:4711';
  }

  getAuthContext() {
    return this.#raw === null ? {} : { sslPeerCertificate: { raw: this.#raw } };
  }
}

const unaryCall = (raw: Buffer | null, request: unknown = {}) =>
  Object.assign(new FakeCall(raw), { request }) as unknown as ServerUnaryCall<unknown, unknown>;

function door(initial: FleetState = emptyFleet) {
  const delivered: FleetInput[] = [];
  const lines: string[] = [];
  const world = { state: initial, nowMs: NOW_MS, delivered, lines };
  const rounds = new JudgingRounds(1);
  const guard = createGuard(
    {
      fleet: 'fleet',
      state: () => world.state,
      deliver: (input) => delivered.push(input),
      nowMs: () => world.nowMs,
      log: { info: () => undefined, warn: (_, text) => lines.push(text), error: () => undefined },
    },
    rounds,
  );
  return { ...world, world, guard, rounds };
}

function recordOf(der: Buffer, more: Partial<CertificateRecord> = {}): FleetState {
  const seen = seenOf(identityIn(der));
  const record = { ...seen, keyHash: '', issued: null, firstSeenAtMs: 1, ended: null, pem: null };
  const { certificates } = emptyFleet.identities;
  return {
    ...emptyFleet,
    identities: {
      ...emptyFleet.identities,
      certificates: certificates.with(seen.fingerprint, { ...record, ...more }),
    },
  };
}

const REVOKED = { kind: 'revoked', atMs: NOW_MS, by: 'bob', reason: 'lost' } as const;

/** What a unary handler behind the door answers. */
function answerOf(
  guard: ReturnType<typeof door>['guard'],
  raw: Buffer | null,
  handle: () => unknown,
): Promise<unknown> {
  const handler = guard.unary('Control.GetVersion', handle as () => object);
  return new Promise((resolve) => {
    handler(unaryCall(raw), (error, value) => {
      resolve(error === null ? value : decodeRefusal(error as ServiceError));
    });
  });
}

const kindsOf = (inputs: readonly FleetInput[]): string[] => inputs.map(({ kind }) => kind);

test('a caller is who its certificate says, and the record gets its address', () => {
  const { guard, delivered } = door(recordOf(ALICE));
  const caller = guard.admit('Control.GetVersion', new FakeCall(ALICE));
  assert.ok(!isRefusal(caller));
  const { fingerprint256 } = identityIn(ALICE);
  assert.deepEqual(caller.actor, {
    kind: 'operator',
    name: 'alice',
    fingerprint: fingerprint256,
    address: '10.0.0.9',
  });
  assert.deepEqual(delivered, []);
});

test('a certificate that is not on record as seen is told of once a minute until it is', () => {
  const { guard, world, delivered } = door();
  const knock = () => guard.admit('Control.GetVersion', new FakeCall(ALICE));
  knock();
  knock();
  assert.deepEqual(delivered, [{ kind: 'seen', certificate: seenOf(identityIn(ALICE)) }]);
  world.nowMs += 59_000;
  knock();
  assert.equal(delivered.length, 1);
  world.nowMs += 1_000;
  knock();
  assert.equal(delivered.length, 2);
  world.state = recordOf(ALICE, { firstSeenAtMs: null });
  world.nowMs -= 60_001;
  knock();
  assert.equal(delivered.length, 3, 'one that was issued here and is used for the first time');
  world.state = recordOf(ALICE);
  knock();
  assert.equal(delivered.length, 3);
});

const REFUSED: readonly {
  readonly who: string;
  readonly raw: Buffer | null;
  readonly state?: FleetState;
  readonly nowMs?: number;
  readonly code: Refusal['code'];
  readonly says: RegExp;
  readonly onRecord: boolean;
}[] = [
  {
    who: 'nobody',
    raw: null,
    code: 'unauthenticated',
    says: /brought none that TLS accepted/,
    onRecord: false,
  },
  {
    who: 'one of another fleet',
    raw: FOREIGN,
    code: 'unauthenticated',
    says: /of fleet "other"/,
    onRecord: false,
  },
  {
    who: 'one whose certificate has expired since its connection was made',
    raw: ALICE,
    nowMs: NOW_MS + 60_001,
    code: 'unauthenticated',
    says: /ended at/,
    onRecord: true,
  },
  {
    who: 'one whose certificate was revoked',
    raw: ALICE,
    state: recordOf(ALICE, { ended: REVOKED }),
    code: 'denied',
    says: /revoked.*by bob: lost/,
    onRecord: true,
  },
  {
    who: 'an operator without a role',
    raw: STRANGER,
    code: 'denied',
    says: /operator "stranger" may do nothing here/,
    onRecord: true,
  },
  {
    who: 'an agent, where operators are wanted',
    raw: AGENT,
    code: 'denied',
    says: /is for operators; this certificate is agent "web-1"/,
    onRecord: true,
  },
];

for (const { who, raw, state, nowMs, code, says, onRecord } of REFUSED) {
  test(`${who} is refused${onRecord ? ', which is on record' : ''}, and no handler is called`, async () => {
    const { guard, world, delivered, lines } = door(state);
    world.nowMs = nowMs ?? NOW_MS;
    const answer = await answerOf(guard, raw, () => assert.fail('a handler was called'));
    assert.ok(isRefusal(answer));
    assert.equal(answer.code, code);
    assert.match(`${answer.message}: ${answer.cause}`, says);
    assert.match(lines.join(), /^refused: /);
    assert.deepEqual(kindsOf(delivered), onRecord ? ['onRecord'] : []);
    const [input] = delivered;
    if (input?.kind !== 'onRecord') return;
    const { outcome, action, actor, detail } = input.entry;
    assert.deepEqual(
      [outcome, action, actor.address],
      ['refused', 'Control.GetVersion', '10.0.0.9'],
    );
    assert.match(detail, says);
  });
}

test('who is refused at the door is on record by the word for what was asked', () => {
  const words = (
    ['Authority.CreateToken', 'Authority.RevokeCertificates', 'Control.ListHosts'] as const
  ).map((rpc) => {
    const { guard, delivered } = door();
    guard.admit(rpc, new FakeCall(STRANGER));
    const [input] = delivered;
    return input?.kind === 'onRecord' ? input.entry.action : input?.kind;
  });
  assert.deepEqual(words, ['token create', 'cert revoke', 'Control.ListHosts']);
});

test('what a handler returns, throws or rejects with becomes the answer', async () => {
  const { guard } = door(recordOf(ALICE));
  const locked = refusal('locked', 'in use');
  assert.deepEqual(await answerOf(guard, ALICE, () => ({ version: '1' })), { version: '1' });
  assert.deepEqual(await answerOf(guard, ALICE, () => locked), locked);
  const thrown = await answerOf(guard, ALICE, () => {
    throw new FleetError(locked);
  });
  assert.deepEqual(thrown, locked);
  const rejected = await answerOf(guard, ALICE, () => Promise.reject(new Error('oh')));
  assert.deepEqual(rejected, refusal('internal', 'internal error: oh'));
});

test('what goes wrong in the door itself lets nobody in and breaks nothing', async () => {
  const { guard } = door();
  const broken = Object.assign(new FakeCall(ALICE), {
    getAuthContext: () => {
      throw new Error('the socket is gone');
    },
  });
  const handler = guard.unary('Control.GetVersion', () => assert.fail('a handler was called'));
  const answer = await new Promise<unknown>((resolve) => {
    handler(broken as unknown as ServerUnaryCall<unknown, unknown>, (error) => resolve(error));
  });
  assert.equal((answer as ServiceError).code, status.INTERNAL);
});

test('a stream that was let in is handed on, and one whose handler throws ends with that', () => {
  const { guard } = door(recordOf(ALICE));
  const errors: Refusal[] = [];
  const call = new FakeCall(ALICE);
  call.on('error', (error: ServiceError) => errors.push(decodeRefusal(error)));
  guard.stream('Control.WatchOperation', call, ({ name }) => {
    throw new FleetError(refusal('usage', `no such operation, ${name}`));
  });
  call.emit('close');
  assert.deepEqual(errors, [refusal('usage', 'no such operation, alice')]);
});

test('a stream that is not let in never reaches its handler', () => {
  const { guard } = door();
  const errors: Refusal[] = [];
  const call = new FakeCall(STRANGER);
  call.on('error', (error: ServiceError) => errors.push(decodeRefusal(error)));
  guard.stream('Control.WatchOperation', call, () => assert.fail('it was let in'));
  assert.equal(errors[0]?.code, 'denied');
});

test('a stream ends with the reason when its certificate is revoked or expires, and that is on record', () => {
  for (const end of ['revoked', 'expired'] as const) {
    const { guard, world, delivered, rounds } = door(recordOf(ALICE));
    const ended: Refusal[] = [];
    const call = new FakeCall(ALICE);
    call.on('error', (error: ServiceError) => ended.push(decodeRefusal(error)));
    guard.stream('Control.WatchOperation', call, () => undefined);
    rounds.judgePart();
    assert.deepEqual(ended, []);
    if (end === 'revoked') world.state = recordOf(ALICE, { ended: REVOKED });
    else world.nowMs = NOW_MS + 60_001;
    rounds.judgePart();
    rounds.judgePart();
    assert.deepEqual(
      ended.map(({ code }) => code),
      [end === 'revoked' ? 'denied' : 'unauthenticated'],
    );
    assert.deepEqual(kindsOf(delivered), ['onRecord']);
  }
});

test('a stream ends when the right to it is taken away, and is forgotten when it ends by itself', () => {
  const { guard, world, rounds } = door(recordOf(ALICE));
  const ended: Refusal[] = [];
  const open = () => {
    const call = new FakeCall(ALICE);
    call.on('error', (error: ServiceError) => ended.push(decodeRefusal(error)));
    guard.stream('Control.ReadLogs', call, () => undefined);
    return call;
  };
  open().emit('close');
  assert.equal(rounds.size, 0);
  open();
  world.state = { ...world.state, operators: new Map() };
  rounds.judgePart();
  assert.deepEqual(
    ended.map(({ code }) => code),
    ['denied'],
  );
});

test('a certificate is judged for whoever keeps connections', () => {
  const { guard, world } = door(recordOf(ALICE));
  assert.equal(guard.judge(identityIn(ALICE)), null);
  world.nowMs = NOW_MS + 60_001;
  assert.equal(guard.judge(identityIn(ALICE))?.code, 'unauthenticated');
  world.nowMs = NOW_MS;
  world.state = recordOf(ALICE, { ended: REVOKED });
  assert.equal(guard.judge(identityIn(ALICE))?.code, 'denied');
});
