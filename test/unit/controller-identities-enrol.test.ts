import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enrolmentOf } from '../../controller/core/enrol.ts';
import type { WantedCertificate } from '../../controller/core/identities.ts';
import { PENDING_MAX } from '../../controller/core/issue.ts';
import type { PendingRequest } from '../../proto/certificates.ts';
import { isRefusal } from '../../proto/errors.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { hostId } from '../../proto/vocabulary.ts';
import { aCertificate, NOW_MS } from '../fakes/controller-fleet.ts';
import {
  aHash,
  aHolder,
  codeOf,
  DAY_MS,
  HOUR_MS,
  type IdentityScript,
  identityScript,
  NOBODY,
  seenOf,
  unsigned,
  wantedOf,
} from '../fakes/identities.ts';

const WEB = aHolder('agent/web-1');

function enrol(script: IdentityScript, secretHash: string, wanted: WantedCertificate, name = '') {
  return script.ask({ kind: 'enrol', secretHash, name, wanted }, NOBODY);
}

test('fifty who come with one token and keys of their own get one certificate', () => {
  const script = identityScript();
  const secretHash = script.token('web-1');
  const answers = Array.from({ length: 50 }, (_, key) =>
    codeOf(enrol(script, secretHash, wantedOf(script.signed(WEB, key + 1)))),
  );
  assert.deepEqual(answers, ['issued', ...Array.from({ length: 49 }, () => 'denied')]);
  assert.equal(script.state.identities.certificates.size, 1);
});

test('the token is consumed with the certificate, and both are on record', () => {
  const script = identityScript();
  const secretHash = script.token('web-*', { labels: { env: 'prod' } });
  const issued = script.signed(WEB, 5);
  enrol(script, secretHash, wantedOf(issued), 'web-1');
  const used = { atMs: NOW_MS, name: 'web-1', address: '10.0.0.7', keyHash: aHash(5) };
  assert.deepEqual(script.state.identities.tokens.get(secretHash)?.used, used);
  assert.deepEqual(script.writes.map(({ kind }) => kind).sort(), [
    ...['certificate', 'givenLabels', 'token'],
  ]);
  assert.deepEqual(script.record(issued.fingerprint).issued, {
    atMs: NOW_MS,
    because: 'token 00000001 of alice',
  });
  assert.equal(script.records[0]?.targets, 'agent/web-1');
  assert.equal(
    script.records[0]?.detail,
    `token 00000001 of alice: certificate ${issued.fingerprint}`,
  );
  assert.deepEqual(script.state.identities.givenLabels.get(hostId('web-1')), { env: 'prod' });
});

test('the same key gets the same answer again, and nothing changes', () => {
  const script = identityScript();
  const secretHash = script.token('web-1');
  const first = enrol(script, secretHash, wantedOf(script.signed(WEB, 5)));
  script.wallMs += 2 * HOUR_MS;
  const again = enrol(script, secretHash, wantedOf(script.signed(WEB, 5)));
  assert.deepEqual(again, first);
  assert.deepEqual([script.writes, script.records], [[], []]);
  const enrolment = enrolmentOf(script.state, { secretHash, name: 'web-1' }, script.wallMs);
  assert.ok(!isRefusal(enrolment) && enrolment.alreadyIssued?.keyHash === aHash(5));
});

test('what was revoked since is not given out again', () => {
  const script = identityScript();
  const secretHash = script.token('web-1');
  const issued = script.signed(WEB, 5);
  enrol(script, secretHash, wantedOf(issued));
  const choice = { kind: 'fingerprint', beginning: issued.fingerprint } as const;
  script.done({ kind: 'revokeCertificates', choice, reason: '' });
  assert.equal(codeOf(enrol(script, secretHash, wantedOf(issued))), 'denied');
  const fresh = script.token('web-1');
  const sameKey = wantedOf(script.signed(WEB, 5));
  assert.equal(codeOf(enrol(script, fresh, sameKey)), 'denied', 'nor is its key of any use');
  assert.equal(codeOf(enrol(script, fresh, wantedOf(script.signed(WEB, 6)))), 'issued');
});

test('every state of a token with every name', () => {
  const states = {
    open: (script: IdentityScript) => script.token('web-*'),
    plain: (script: IdentityScript) => script.token('web-1'),
    operator: (script: IdentityScript) => script.token('web-1', { kind: 'operator' }),
    unknown: () => aHash(99),
    expired: (script: IdentityScript) => {
      const secretHash = script.token('web-1');
      script.wallMs += HOUR_MS;
      return secretHash;
    },
    revoked: (script: IdentityScript) => {
      const secretHash = script.token('web-1');
      script.done({ kind: 'revokeToken', id: secretHash.slice(0, 8) });
      return secretHash;
    },
    used: (script: IdentityScript) => {
      const secretHash = script.token('web-1');
      enrol(script, secretHash, wantedOf(script.signed(WEB, 77)));
      return secretHash;
    },
  };
  const names = ['', 'web-1', 'web-2', 'db-1', 'Web-1', '../x'];
  const expected = {
    open: ['usage', 'ok', 'ok', 'denied', 'usage', 'usage'],
    plain: ['ok', 'ok', 'denied', 'denied', 'usage', 'usage'],
    operator: ['ok', 'ok', 'denied', 'denied', 'usage', 'usage'],
    unknown: names.map(() => 'denied'),
    expired: ['denied', 'denied', 'denied', 'denied', 'usage', 'usage'],
    revoked: ['denied', 'denied', 'denied', 'denied', 'usage', 'usage'],
    used: ['ok', 'ok', 'denied', 'denied', 'denied', 'denied'],
  };
  for (const [state, make] of Object.entries(states)) {
    const found = names.map((name) => {
      const script = identityScript();
      const secretHash = make(script);
      const enrolment = enrolmentOf(script.state, { secretHash, name }, script.wallMs);
      return isRefusal(enrolment) ? enrolment.code : 'ok';
    });
    assert.deepEqual(found, expected[state as keyof typeof expected], state);
  }
});

test('the days are those of the controller, whatever the certificate says', () => {
  const script = identityScript();
  for (const [text, days] of [
    ['agent/web-1', 7],
    ['operator/alice', 30],
  ] as const) {
    const holder = aHolder(text);
    const secretHash = script.token(holder.name, { kind: holder.kind as 'agent' });
    const tooLong = wantedOf(script.signed(holder, days, days + 1));
    assert.equal(codeOf(enrol(script, secretHash, tooLong)), 'internal', text);
    assert.equal(script.state.identities.tokens.get(secretHash)?.used, null, 'not consumed');
    const right = wantedOf(script.signed(holder, days, days));
    assert.equal(codeOf(enrol(script, secretHash, right)), 'issued', text);
  }
});

test('a certificate of somebody else, for another key, or of another time is never recorded', () => {
  const script = identityScript();
  const secretHash = script.token('web-1');
  const issued = script.signed(WEB, 5);
  const wrong = [
    { ...issued, name: 'web-2' },
    { ...issued, kind: 'operator' as const },
    { ...issued, notBeforeMs: NOW_MS + 1 },
    { ...issued, notAfterMs: NOW_MS },
  ];
  for (const certificate of wrong) {
    assert.equal(codeOf(enrol(script, secretHash, wantedOf(certificate))), 'internal');
  }
  const otherKey = { ...wantedOf(issued), keyHash: aHash(6) };
  assert.equal(codeOf(enrol(script, secretHash, otherKey)), 'internal');
  assert.equal(script.state.identities.certificates.size, 0);
});

test('a name that is taken needs a token that replaces, which ends what was there', () => {
  const script = identityScript();
  script.connect('web-1', 1, []);
  const foreign = aCertificate('web-1');
  script.see(foreign);
  const plain = script.token('web-1');
  const issued = script.signed(WEB, 5);
  assert.equal(codeOf(enrol(script, plain, wantedOf(issued))), 'conflict');
  script.wallMs += 1;
  const replacing = script.token('web-1', { replaces: true });
  assert.equal(codeOf(enrol(script, replacing, wantedOf(issued))), 'issued');
  assert.equal(script.record(foreign.fingerprint).ended?.kind, 'revoked');
  assert.equal(script.record(issued.fingerprint).ended, null);
  const [close] = script.effects.filter(({ kind }) => kind === 'close');
  assert.ok(close?.kind === 'close' && close.because.code === 'denied' && close.connection === 1);
  const again = enrol(script, replacing, wantedOf(issued));
  assert.equal(codeOf(again), 'issued', 'a repeat is no second replacement');
});

test('an operator whose certificate counts has to be replaced, one without needs no more', () => {
  const script = identityScript();
  const secretHash = script.token('bob', { kind: 'operator' });
  const bob = aHolder('operator/bob');
  const old = { ...seenOf(script.signed(bob, 5)), notAfterMs: NOW_MS + HOUR_MS / 2 };
  script.see(old);
  const wanted = () => wantedOf(script.signed(bob, 6));
  assert.equal(codeOf(enrol(script, secretHash, wanted())), 'conflict');
  script.wallMs += HOUR_MS / 2 + 1;
  assert.equal(codeOf(enrol(script, secretHash, wanted())), 'issued');
});

test('a token that was made before a revocation lets nobody in, one made after does', () => {
  const script = identityScript();
  const secretHash = script.token('web-*');
  const choice = { kind: 'holder', holder: WEB } as const;
  script.done({ kind: 'revokeCertificates', choice, reason: 'stolen' });
  const issued = script.signed(WEB, 5);
  assert.equal(codeOf(enrol(script, secretHash, wantedOf(issued), 'web-1')), 'denied');
  script.wallMs += 1;
  const fresh = script.token('web-1');
  assert.equal(codeOf(enrol(script, fresh, wantedOf(issued))), 'issued');
});

test('a certificate issued in the millisecond of a revocation, or after the clock was set back, counts', () => {
  const script = identityScript();
  script.wallMs += HOUR_MS;
  const choice = { kind: 'holder', holder: WEB } as const;
  script.done({ kind: 'revokeCertificates', choice, reason: '' });
  const before = script.wallMs;
  script.wallMs += 1;
  const secretHash = script.token('web-1');
  script.wallMs -= HOUR_MS / 2;
  const issued = script.signed(WEB, 5);
  assert.equal(codeOf(enrol(script, secretHash, wantedOf(issued))), 'issued');
  assert.equal(script.record(issued.fingerprint).issued?.atMs, before + 1);
});

test('one key is one holder’s', () => {
  const script = identityScript();
  script.enrolled('agent/web-1', 5);
  const other = aHolder('agent/web-2');
  const secretHash = script.token('web-2');
  assert.equal(codeOf(enrol(script, secretHash, wantedOf(script.signed(other, 5)))), 'denied');
  assert.equal(codeOf(enrol(script, secretHash, unsigned(6))), 'pending');
  const third = script.token('web-3');
  assert.equal(codeOf(enrol(script, third, unsigned(6))), 'denied');
  const hostile = { ...unsigned(7), keyHash: '' };
  assert.equal(codeOf(enrol(script, third, hostile)), 'internal');
});

test('where nobody here can sign, the request waits, and its token is consumed', () => {
  const script = identityScript();
  const secretHash = script.token('web-1');
  assert.equal(codeOf(enrol(script, secretHash, unsigned(5))), 'pending');
  assert.deepEqual(script.state.identities.pending.get(aHash(5)), {
    ...{ kind: 'agent', name: 'web-1', keyHash: aHash(5), csrPem: `csr of ${aHash(5)}` },
    ...{ days: 7, because: 'token 00000001 of alice', address: '10.0.0.7' },
    requestedAtMs: NOW_MS,
  });
  assert.equal(codeOf(enrol(script, secretHash, unsigned(6))), 'denied', 'another key');
  assert.equal(codeOf(enrol(script, secretHash, unsigned(5))), 'pending', 'the same');
  assert.deepEqual([script.writes, script.records], [[], []]);
  script.done({ kind: 'addCertificates', certificates: [script.signed(WEB, 5)] });
  assert.equal(script.state.identities.pending.size, 0);
  assert.equal(codeOf(enrol(script, secretHash, unsigned(5))), 'issued');
});

test('so many requests wait at most, and one more consumes no token', () => {
  const script = identityScript();
  const waiting = Array.from({ length: PENDING_MAX }, (_, index): [string, PendingRequest] => [
    aHash(index + 100),
    {
      ...{ kind: 'agent', name: `db-${index}`, keyHash: aHash(index + 100), csrPem: 'csr' },
      ...{ days: 7, because: 'renewal', address: null, requestedAtMs: NOW_MS },
    },
  ]);
  const identities = { ...script.state.identities, pending: PersistentMap.of(waiting) };
  script.state = { ...script.state, identities };
  const secretHash = script.token('web-1');
  assert.equal(codeOf(enrol(script, secretHash, unsigned(5))), 'exhausted');
  assert.equal(script.state.identities.tokens.get(secretHash)?.used, null);
  assert.equal(codeOf(enrol(script, secretHash, wantedOf(script.signed(WEB, 5)))), 'issued');
});

test('a name that somebody waits for is taken', () => {
  const script = identityScript();
  enrol(script, script.token('web-1'), unsigned(5));
  const other = script.token('web-1');
  assert.equal(codeOf(enrol(script, other, unsigned(6))), 'conflict');
  assert.equal(codeOf(enrol(script, other, wantedOf(script.signed(WEB, 6)))), 'conflict');
  const replacing = script.token('web-1', { replaces: true });
  assert.equal(codeOf(enrol(script, replacing, unsigned(6))), 'pending');
  assert.equal(script.state.identities.pending.size, 1);
});

test('a used token is no way around a renewal', () => {
  const script = identityScript();
  const secretHash = script.token('web-1');
  const issued = script.signed(WEB, 5);
  enrol(script, secretHash, wantedOf(issued));
  script.see(seenOf(issued));
  script.renew(seenOf(issued), 6);
  const [next] = [...script.state.identities.certificates.values()].filter(
    ({ keyHash }) => keyHash === aHash(6),
  );
  assert.ok(next);
  script.see(next);
  const sameKey = wantedOf(script.signed(WEB, 5));
  assert.equal(codeOf(enrol(script, secretHash, sameKey)), 'denied');
});

test('a request that waited too long is forgotten, and its token leads nowhere', () => {
  const script = identityScript();
  const secretHash = script.token('web-1');
  enrol(script, secretHash, unsigned(5));
  script.wallMs += 30 * DAY_MS + 1;
  script.give({ kind: 'boot' });
  assert.equal(script.state.identities.pending.size, 0);
  assert.equal(codeOf(enrol(script, secretHash, unsigned(5))), 'denied');
});

test('what a token says of a host counts for more than what the host says, and only the last does', () => {
  const script = identityScript();
  const first = script.token('web-1', { labels: { env: 'staging', rack: '7' } });
  enrol(script, first, wantedOf(script.signed(WEB, 5)));
  script.connect('web-1', 1, []);
  assert.deepEqual(script.host('web-1').labels, { env: 'staging', rack: '7' });
  script.wallMs += 1;
  const second = script.token('web-1', { replaces: true });
  enrol(script, second, wantedOf(script.signed(WEB, 6)));
  assert.equal(script.state.identities.givenLabels.get(hostId('web-1')), undefined);
});

test('who knocks with tokens that nobody knows fills no disk', () => {
  const script = identityScript();
  let records = 0;
  for (let knock = 0; knock < 100; knock += 1) {
    const wanted = unsigned(knock + 1);
    enrol(script, aHash(1_000 + knock), wanted, `web-${knock}`);
    records += script.records.length;
    assert.deepEqual(script.writes, []);
  }
  assert.equal(records, 1);
});
