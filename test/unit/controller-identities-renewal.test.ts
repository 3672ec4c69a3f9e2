import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeenCertificate, WantedCertificate } from '../../controller/core/identities.ts';
import { RENEWAL_REST_MS, renewalOf, returnOf } from '../../controller/core/renewal.ts';
import { isRefusal } from '../../proto/errors.ts';
import { hostId } from '../../proto/vocabulary.ts';
import { aCertificate, anActor, NOW_MS } from '../fakes/controller-fleet.ts';
import {
  aHash,
  aHolder,
  codeOf,
  DAY_MS,
  HOUR_MS,
  type IdentityScript,
  identityScript,
  NOBODY,
  unsigned,
  wantedOf,
} from '../fakes/identities.ts';

const WEB = aHolder('agent/web-1');

function begun(): { readonly script: IdentityScript; readonly first: SeenCertificate } {
  const script = identityScript();
  const first = script.enrolled('agent/web-1', 1);
  script.see(first);
  return { script, first };
}

const revoke = (script: IdentityScript, beginning: string) =>
  script.done({
    ...{ kind: 'revokeCertificates', choice: { kind: 'fingerprint', beginning }, reason: '' },
  });

test('a renewal is for a new key, and a repeat of it gets the same', () => {
  const { script, first } = begun();
  assert.equal(codeOf(script.renew(first, 1)), 'denied', 'its own key');
  const answer = script.renew(first, 2);
  assert.equal(codeOf(answer), 'issued');
  assert.equal(script.records[0]?.action, 'renew');
  assert.equal(script.records[0]?.targets, 'agent/web-1');
  assert.deepEqual(script.renew(first, 2), answer);
  assert.deepEqual([script.writes, script.records], [[], []]);
  const by = anActor('web-1', { kind: 'agent', fingerprint: first.fingerprint });
  const allowed = renewalOf(script.state, by, script.wallMs);
  assert.ok(!isRefusal(allowed) && allowed.alreadyIssued?.keyHash === aHash(2));
});

test('with another key one waits a minute, however the clock is set', () => {
  const { script, first } = begun();
  script.renew(first, 2);
  script.wallMs += RENEWAL_REST_MS - 1;
  assert.equal(codeOf(script.renew(first, 3)), 'exhausted');
  script.wallMs -= HOUR_MS;
  assert.equal(codeOf(script.renew(first, 3)), 'issued', 'an hour back is no hour to wait');
  script.wallMs += HOUR_MS + RENEWAL_REST_MS;
  assert.equal(codeOf(script.renew(first, 4)), 'issued');
});

test('of those that nobody has used the last one counts', () => {
  const { script, first } = begun();
  script.renew(first, 2);
  script.wallMs += HOUR_MS;
  script.renew(first, 3);
  const counting = [...script.state.identities.certificates.values()].filter(
    ({ ended }) => ended === null,
  );
  assert.deepEqual(counting.map(({ keyHash }) => keyHash).sort(), [aHash(1), aHash(3)]);
});

test('only a certificate that counts renews, and only for its holder', () => {
  const { script, first } = begun();
  const ask = (by: Partial<SeenCertificate> & { kind?: SeenCertificate['kind'] }) => {
    const certificate = { ...first, ...by };
    return codeOf(script.renew(certificate, 9));
  };
  assert.equal(ask({ name: 'web-2' }), 'denied', 'of another name');
  assert.equal(ask({ kind: 'operator' }), 'denied', 'of another kind');
  assert.equal(ask({ kind: 'controller' }), 'denied', 'of a controller');
  assert.equal(ask({ fingerprint: 'FP:never-seen' }), 'denied', 'not on record');
  script.wallMs = first.notAfterMs + 1;
  assert.equal(ask({}), 'denied', 'over');
  script.wallMs = NOW_MS;
  revoke(script, first.fingerprint);
  assert.equal(ask({}), 'denied', 'revoked');
});

test('the first use of the next one ends the one before, which renews no more', () => {
  const { script, first } = begun();
  script.wallMs += HOUR_MS;
  assert.equal(codeOf(script.renew(first, 2)), 'issued');
  const next = [...script.state.identities.certificates.values()].find(
    ({ keyHash }) => keyHash === aHash(2),
  );
  assert.ok(next);
  assert.equal(script.record(first.fingerprint).ended, null, 'until then both count');
  script.see(next);
  assert.equal(script.record(first.fingerprint).ended?.kind, 'replaced');
  script.wallMs += RENEWAL_REST_MS;
  assert.equal(codeOf(script.renew(first, 3)), 'denied');
  assert.equal(codeOf(script.renew(next, 3)), 'issued');
});

test('one from elsewhere is replaced where it is an agent’s, and stays where it is an operator’s', () => {
  for (const kind of ['agent', 'operator'] as const) {
    const script = identityScript();
    const foreign = aCertificate('bob', { kind });
    script.see(foreign);
    assert.equal(codeOf(script.renew(foreign, 2)), 'issued');
    const [next] = [...script.state.identities.certificates.values()].filter(({ pem }) => pem);
    assert.ok(next);
    script.see(next);
    const ended = script.record(foreign.fingerprint).ended?.kind ?? null;
    assert.equal(ended, kind === 'agent' ? 'replaced' : null, kind);
  }
});

test('a replaced one that was forgotten, because the clock was ahead, is replaced when it is shown', () => {
  const { script, first } = begun();
  script.wallMs += HOUR_MS;
  const usedAtMs = script.wallMs;
  assert.equal(codeOf(script.renew(first, 2)), 'issued');
  const [next] = [...script.state.identities.certificates.values()].filter(
    ({ keyHash }) => keyHash === aHash(2),
  );
  assert.ok(next);
  script.see(next);
  script.wallMs += 70 * DAY_MS;
  script.give({ kind: 'boot' });
  assert.equal(script.state.identities.certificates.get(first.fingerprint), undefined);
  script.wallMs -= 70 * DAY_MS - HOUR_MS;
  script.see(first);
  assert.deepEqual(
    [script.record(first.fingerprint).ended?.kind, script.isIn(first)],
    ['replaced', false],
  );
  assert.equal(script.record(first.fingerprint).ended?.atMs, usedAtMs);
  assert.equal(codeOf(script.renew(first, 3)), 'denied');
  assert.ok(script.isIn(next));
});

test('one from elsewhere that is older than what is in use counts no more, unless that had ended', () => {
  const shown = (kind: 'agent' | 'operator', notBeforeMs: number, isRevoked = false) => {
    const script = identityScript();
    const current = script.enrolled(`${kind}/bob`, 1);
    const choice = { kind: 'fingerprint', beginning: current.fingerprint } as const;
    if (isRevoked) script.done({ kind: 'revokeCertificates', choice, reason: '' });
    script.see(current);
    const foreign = aCertificate('bob', { kind, notBeforeMs });
    script.see(foreign);
    return script.record(foreign.fingerprint).ended?.kind ?? null;
  };
  assert.equal(shown('agent', NOW_MS - DAY_MS), 'replaced');
  assert.equal(shown('agent', NOW_MS), null, 'it is newer');
  assert.equal(shown('agent', NOW_MS - DAY_MS, true), null, 'nothing took its place');
  assert.equal(shown('operator', NOW_MS - DAY_MS), null, 'people have several');
});

test('of one holder one request waits at most', () => {
  const { script, first } = begun();
  const by = anActor('web-1', { kind: 'agent', fingerprint: first.fingerprint });
  const renew = (wanted: WantedCertificate) => codeOf(script.ask({ kind: 'renew', wanted }, by));
  assert.equal(renew(unsigned(2)), 'pending');
  assert.equal(renew(unsigned(2)), 'pending');
  assert.deepEqual(script.writes, []);
  assert.equal(renew(unsigned(3)), 'exhausted');
  script.wallMs += RENEWAL_REST_MS;
  assert.equal(renew(unsigned(3)), 'pending');
  assert.deepEqual(
    [...script.state.identities.pending].map(([keyHash]) => keyHash),
    [aHash(3)],
  );
});

test('a request that waits is over where its holder gets a certificate another way', () => {
  const { script, first } = begun();
  const by = anActor('web-1', { kind: 'agent', fingerprint: first.fingerprint });
  script.done({ kind: 'renew', wanted: unsigned(2) }, by);
  script.wallMs += HOUR_MS;
  assert.equal(codeOf(script.renew(first, 3)), 'issued');
  assert.equal(script.state.identities.pending.size, 0);
});

test('certificates from elsewhere answer what was asked, all of them or none', () => {
  const { script, first } = begun();
  const by = anActor('web-1', { kind: 'agent', fingerprint: first.fingerprint });
  script.done({ kind: 'renew', wanted: unsigned(2) }, by);
  const secretHash = script.token('web-2');
  script.done({ kind: 'enrol', secretHash, name: '', wanted: unsigned(3) }, NOBODY);
  const web2 = aHolder('agent/web-2');
  const right = [script.signed(WEB, 2), script.signed(web2, 3)] as const;
  const wrong = {
    nothing: [],
    'of nobody who waits': [right[0], script.signed(WEB, 9)],
    'of somebody else': [right[0], script.signed(WEB, 3)],
    'for too long': [right[0], script.signed(web2, 3, 8)],
    'two for one key': [right[0], script.signed(WEB, 2)],
    'over already': [right[0], { ...right[1], notAfterMs: NOW_MS }],
  };
  for (const [how, certificates] of Object.entries(wrong)) {
    assert.ok(isRefusal(script.ask({ kind: 'addCertificates', certificates })), how);
    assert.deepEqual(script.writes, [], how);
  }
  assert.equal(
    codeOf(script.ask({ kind: 'addCertificates', certificates: right })),
    'certificates',
  );
  const [recorded] = script.records;
  assert.deepEqual([recorded?.targets, recorded?.targetCount], ['agent/web-1,agent/web-2', 2]);
  assert.equal(script.state.identities.pending.size, 0);
  assert.equal(script.record(right[0].fingerprint).issued?.because, 'renewal');
  assert.equal(
    codeOf(script.ask({ kind: 'addCertificates', certificates: right })),
    'certificates',
  );
  assert.deepEqual(script.writes, [], 'a repeat of a lost answer');
});

test('what replaces ends the older one when its certificate comes, not when it is asked for', () => {
  const { script, first } = begun();
  script.wallMs += 1;
  const secretHash = script.token('web-1', { replaces: true });
  script.done({ kind: 'enrol', secretHash, name: '', wanted: unsigned(2) }, NOBODY);
  assert.equal(script.record(first.fingerprint).ended, null);
  script.done({ kind: 'addCertificates', certificates: [script.signed(WEB, 2)] });
  assert.equal(script.record(first.fingerprint).ended?.kind, 'revoked');
  const answer = script.ask({ kind: 'enrol', secretHash, name: '', wanted: unsigned(2) }, NOBODY);
  assert.equal(codeOf(answer), 'issued');
});

test('a host that was away too long is flagged, admitted, and gets one certificate for its old key', () => {
  const { script, first } = begun();
  script.connect('web-1', 1, []);
  script.give({ kind: 'sessionEnded', connection: 1, host: hostId('web-1') });
  script.wallMs = first.notAfterMs + HOUR_MS;
  const comeBack = (key: number) => {
    const wanted = wantedOf(script.signed(WEB, key));
    return script.ask({ kind: 'return', expired: first, wanted }, NOBODY);
  };
  assert.equal(codeOf(comeBack(1)), 'wrong-state');
  assert.match(script.host('web-1').identityProblem ?? '', /asks to come back .* readmit web-1/);
  assert.equal(script.writes.length, 1);
  assert.equal(codeOf(comeBack(1)), 'wrong-state');
  assert.deepEqual(script.writes, [], 'flagged once');
  const readmit = { kind: 'readmitHost', host: hostId('web-1'), reason: '' } as const;
  assert.deepEqual(script.done(readmit), { kind: 'readmitted', was: 'expired' });
  assert.equal(script.host('web-1').identityProblem, null);
  const answer = comeBack(1);
  assert.equal(codeOf(answer), 'issued');
  assert.deepEqual(comeBack(1), answer, 'a repeat');
  assert.equal(codeOf(comeBack(2)), 'wrong-state', 'another key');
});

test('a renewal that was never fetched is no way back', () => {
  const { script, first } = begun();
  script.wallMs = first.notAfterMs - HOUR_MS;
  script.renew(first, 2);
  script.wallMs = first.notAfterMs + HOUR_MS;
  const allowed = returnOf(script.state, first, script.wallMs);
  assert.ok(isRefusal(allowed) && allowed.code === 'wrong-state');
});

test('a readmission is good for a day', () => {
  for (const [waitMs, code] of [
    [DAY_MS - 1, 'issued'],
    [DAY_MS, 'wrong-state'],
  ] as const) {
    const { script, first } = begun();
    script.wallMs = first.notAfterMs + HOUR_MS;
    script.done({ kind: 'readmitHost', host: hostId('web-1'), reason: '' });
    script.wallMs += waitMs;
    const wanted = wantedOf(script.signed(WEB, 1));
    assert.equal(codeOf(script.ask({ kind: 'return', expired: first, wanted }, NOBODY)), code);
    script.give({ kind: 'boot' });
    assert.equal(script.state.identities.readmitted.size, 0, 'it is forgotten');
  }
});

test('nothing comes back that was revoked, replaced, has not expired, or is not an agent’s', () => {
  const { script, first } = begun();
  const code = (expired: SeenCertificate) => {
    const allowed = returnOf(script.state, expired, script.wallMs);
    return isRefusal(allowed) ? allowed.code : 'ok';
  };
  assert.equal(code(first), 'wrong-state', 'not expired');
  script.wallMs += RENEWAL_REST_MS;
  script.renew(first, 2);
  const next = [...script.state.identities.certificates.values()].find(
    ({ keyHash }) => keyHash === aHash(2),
  );
  assert.ok(next);
  script.see(next);
  script.wallMs = next.notAfterMs + 40 * DAY_MS;
  script.give({ kind: 'boot' });
  script.done({ kind: 'readmitHost', host: hostId('web-1'), reason: '' });
  assert.equal(script.state.identities.certificates.get(first.fingerprint), undefined);
  assert.equal(code(first), 'denied', 'replaced, and forgotten since');
  assert.equal(code(next), 'ok');
  assert.equal(code({ ...next, kind: 'operator' }), 'denied', 'an operator');
  revoke(script, next.fingerprint);
  script.wallMs += 400 * DAY_MS;
  script.give({ kind: 'boot' });
  script.state = {
    ...script.state,
    identities: {
      ...script.state.identities,
      readmitted: script.state.identities.readmitted.with(hostId('web-1'), script.wallMs + 1),
    },
  };
  assert.equal(code(next), 'denied', 'revoked, a year ago');
});

test('a return waits for a signature as well, and consumes the readmission at once', () => {
  const { script, first } = begun();
  script.wallMs = first.notAfterMs + HOUR_MS;
  script.done({ kind: 'readmitHost', host: hostId('web-1'), reason: '' });
  const comeBack = (key: number) =>
    codeOf(script.ask({ kind: 'return', expired: first, wanted: unsigned(key) }, NOBODY));
  assert.equal(comeBack(1), 'pending');
  assert.equal(script.state.identities.readmitted.size, 0);
  assert.equal(comeBack(1), 'pending');
  assert.equal(comeBack(2), 'wrong-state');
  script.done({ kind: 'addCertificates', certificates: [script.signed(WEB, 1)] });
  assert.equal(comeBack(1), 'issued');
});

test('a host that nobody knows cannot be flagged, and is told the same', () => {
  const script = identityScript();
  const expired = aCertificate('web-9', { notAfterMs: NOW_MS - 1 });
  const answer = script.ask({ kind: 'return', expired, wanted: unsigned(1) }, NOBODY);
  assert.equal(codeOf(answer), 'wrong-state');
  assert.deepEqual(script.writes, []);
});
