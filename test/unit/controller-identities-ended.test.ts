import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admissionRefusal } from '../../controller/core/admission.ts';
import type { SeenCertificate } from '../../controller/core/identities.ts';
import type { CertificateChoice } from '../../proto/certificates.ts';
import { isRefusal } from '../../proto/errors.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
import { hostId } from '../../proto/vocabulary.ts';
import {
  aCertificate,
  aHello,
  anActor,
  aRequest,
  aStatus,
  NOW_MS,
} from '../fakes/controller-fleet.ts';
import {
  aFingerprint,
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

const isIn = (script: IdentityScript, certificate: SeenCertificate): boolean =>
  admissionRefusal(script.state.identities, certificate, script.wallMs) === null;

const revoke = (script: IdentityScript, choice: CertificateChoice, reason = 'stolen') =>
  script.ask({ kind: 'revokeCertificates', choice, reason });

const byHolder = (text: string): CertificateChoice => ({ kind: 'holder', holder: aHolder(text) });
const byFingerprint = (beginning: string): CertificateChoice => ({
  ...{ kind: 'fingerprint', beginning },
});

const closed = (script: IdentityScript) =>
  script.effects.flatMap((effect) =>
    effect.kind === 'close' ? [[effect.connection, effect.because.code]] : [],
  );

test('that nothing is known of who was revoked is on record, for a name may be mistyped', () => {
  const script = identityScript();
  assert.equal(codeOf(revoke(script, byHolder('operator/nobody'))), 'certificates');
  assert.equal(script.records[0]?.detail, 'nothing of that name is known');
  assert.equal(codeOf(revoke(script, byHolder('operator/alice'))), 'certificates');
  assert.equal(script.records[0]?.detail, 'no certificate of that one is known');
});

test('one is revoked by the beginning of its fingerprint, with colons or without', () => {
  const digits = aFingerprint(2).replaceAll(':', '');
  for (const typed of [aFingerprint(2), digits, digits.slice(0, 8), '00:00:00:02', ' 00000002 ']) {
    const script = identityScript();
    const first = script.enrolled('agent/web-1', 1);
    assert.equal(first.fingerprint, aFingerprint(2));
    assert.equal(codeOf(revoke(script, byFingerprint(typed))), 'certificates', typed);
    assert.deepEqual(script.record(first.fingerprint).ended, {
      ...{ kind: 'revoked', atMs: NOW_MS, by: 'alice', reason: 'stolen' },
    });
    assert.ok(!isIn(script, first));
    assert.equal(script.records[0]?.action, 'cert revoke');
    assert.equal(script.records[0]?.detail, first.fingerprint);
  }
});

test('a beginning that is too short, of none, of two, or of nothing at all revokes nothing', () => {
  const script = identityScript();
  script.see(aCertificate('web-1', { fingerprint: `AA:BB:CC:DD:${aFingerprint(1)}` }));
  script.see(aCertificate('web-2', { fingerprint: `AA:BB:CC:DD:${aFingerprint(2)}` }));
  const code = (beginning: string) => codeOf(revoke(script, byFingerprint(beginning)));
  assert.equal(code('AABBCCD'), 'usage');
  assert.equal(code('AABBCCDD'), 'usage', 'two');
  assert.equal(code('FFFFFFFF'), 'nothing-matched');
  assert.equal(code(''), 'usage');
  assert.equal(code('web-1'), 'usage');
  assert.equal(code(`aabbccdd${aFingerprint(1).slice(0, 11)}`), 'certificates', 'enough, in small');
  assert.equal(codeOf(revoke(script, byFingerprint('AABBCCDD'), 'x'.repeat(1_001))), 'usage');
});

test('of a holder everything ends that was issued until now, known or not, and what it asked for', () => {
  const script = identityScript();
  const known = script.enrolled('agent/web-1', 1);
  const foreign = aCertificate('web-1');
  const other = script.enrolled('agent/web-2', 2);
  const asOperator = aCertificate('web-1', { kind: 'operator', fingerprint: 'FP:operator' });
  script.see(asOperator);
  script.connect('web-1', 1, []);
  script.see(known);
  const agent = anActor('web-1', { kind: 'agent', fingerprint: known.fingerprint });
  script.done({ kind: 'renew', wanted: unsigned(3) }, agent);
  assert.equal(codeOf(revoke(script, byHolder('agent/web-1'))), 'certificates');
  assert.deepEqual([isIn(script, known), isIn(script, foreign)], [false, false]);
  assert.deepEqual([isIn(script, other), isIn(script, asOperator)], [true, true]);
  assert.equal(script.state.identities.pending.size, 0);
  assert.deepEqual(closed(script), [[1, 'denied']]);
  const later = aCertificate('web-1', { fingerprint: 'FP:later', notBeforeMs: NOW_MS + 1 });
  assert.ok(isIn(script, later));
});

test('who is revoked leaves no tokens behind', () => {
  const script = identityScript();
  const mallory = anActor('mallory');
  const token = { kind: 'agent', names: '*', labels: {}, replaces: false, ttlMs: 1_000 } as const;
  script.done({ kind: 'createToken', token, secretHash: aHash(70) }, mallory);
  const own = script.token('web-1');
  revoke(script, byHolder('operator/mallory'));
  assert.equal(script.state.identities.tokens.get(aHash(70))?.revokedBy, 'alice');
  assert.equal(script.state.identities.tokens.get(own)?.revokedBy, null);
});

test('controllers and what is no name are not revoked', () => {
  const script = identityScript();
  assert.equal(codeOf(revoke(script, byHolder('controller/ops'))), 'usage');
  assert.equal(codeOf(revoke(script, byHolder('agent/../x'))), 'usage');
  assert.deepEqual(script.writes, []);
});

test('a session ends where its own certificate is revoked, not where an older one is', () => {
  const script = identityScript();
  script.connect('web-1', 1, []);
  const inUse = aCertificate('web-1', { fingerprint: aFingerprint(50) });
  script.see(inUse);
  const older = { ...inUse, fingerprint: aFingerprint(51), notAfterMs: NOW_MS + HOUR_MS };
  script.see(older);
  revoke(script, byFingerprint(older.fingerprint));
  assert.deepEqual(closed(script), []);
  revoke(script, byFingerprint(inUse.fingerprint));
  assert.deepEqual(closed(script), [[1, 'denied']]);
  revoke(script, byFingerprint(inUse.fingerprint));
  assert.deepEqual([closed(script), script.writes], [[], []], 'once');
});

test('a removed host is forgotten, its session closed, its targets are unreachable', () => {
  const script = identityScript();
  script.connect('web-1', 1, [aStatus('web')]);
  script.connect('web-2', 2, [aStatus('web')]);
  const certificate = aCertificate('web-1');
  script.see(certificate);
  script.submit(aRequest('restart', 'web-1', ['web']));
  const answer = script.ask({ kind: 'removeHost', host: hostId('web-1'), reason: 'sold' });
  assert.deepEqual(answer, { kind: 'removed', processes: 1, wasConnected: true });
  assert.equal(script.state.hosts.get(hostId('web-1')), undefined);
  assert.notEqual(script.state.hosts.get(hostId('web-2')), undefined);
  assert.ok(script.writes.some(({ kind }) => kind === 'hostRemoved'));
  assert.deepEqual(closed(script), [[1, 'denied']]);
  const [target] = script.operation().targets;
  assert.equal(target?.state, 'unreachable');
  assert.match(target?.error ?? '', /removed from the fleet by alice/);
  assert.ok(!isIn(script, certificate));
  assert.ok(!isIn(script, aCertificate('web-1', { notBeforeMs: NOW_MS + DAY_MS })), 'nothing');
  assert.equal(script.records.at(-1)?.action, 'host remove');
  script.give({ kind: 'sessionEnded', connection: 1, host: hostId('web-1') });
  assert.equal(script.state.hosts.size, 1, 'the end of its session brings nothing back');
});

test('a hello that crosses its removal brings a host back no more than its rival does', () => {
  const script = identityScript();
  script.connect('web-1', 1, []);
  const rival = { ...aHello(), instanceId: 'another' };
  const hello = { host: hostId('web-1'), certificate: aCertificate('web-1'), address: null };
  script.give({ kind: 'hello', connection: 2, hello: rival, ...hello });
  script.done({ kind: 'removeHost', host: hostId('web-1'), reason: '' });
  assert.deepEqual(closed(script), [
    [1, 'denied'],
    [2, 'denied'],
  ]);
  script.give({ kind: 'sessionEnded', connection: 1, host: hostId('web-1') });
  script.give({ kind: 'hello', connection: 3, hello: aHello(), ...hello });
  assert.deepEqual(closed(script), [[3, 'denied']]);
  assert.equal(script.state.hosts.size, 0);
});

test('with one certificate goes what its holder has asked for, with a host its readmission', () => {
  const script = identityScript();
  const first = script.enrolled('agent/web-1', 1);
  const agent = anActor('web-1', { kind: 'agent', fingerprint: first.fingerprint });
  script.done({ kind: 'renew', wanted: unsigned(3) }, agent);
  assert.equal(script.state.identities.pending.size, 1);
  revoke(script, byFingerprint(first.fingerprint));
  assert.equal(script.state.identities.pending.size, 0);
  const host = hostId('web-2');
  const second = script.enrolled('agent/web-2', 2);
  script.wallMs = second.notAfterMs + 1;
  script.done({ kind: 'readmitHost', host, reason: '' });
  assert.equal(script.state.identities.readmitted.size, 1);
  script.done({ kind: 'removeHost', host, reason: '' });
  assert.equal(script.state.identities.readmitted.size, 0);
});

test('what waits for a host to come back waits no more when it is removed', () => {
  const offline = { kind: 'queue', ttlMs: HOUR_MS } as const;
  for (const isAwayBefore of [true, false]) {
    const script = identityScript();
    script.connect('web-1', 1, [aStatus('web')]);
    const host = hostId('web-1');
    const leave = () => script.give({ kind: 'sessionEnded', connection: 1, host });
    if (isAwayBefore) leave();
    const strategy = { ...DEFAULT_STRATEGY, offline };
    script.submit(aRequest('restart', 'web-1', ['web'], { strategy }));
    const [waiting] = script.operation().targets;
    assert.equal(waiting?.state, isAwayBefore ? 'waiting' : 'dispatched');
    script.done({ kind: 'removeHost', host, reason: '' });
    assert.equal(script.operation().targets[0]?.state, 'unreachable');
    assert.notEqual(script.operation().endedAtMs, null);
  }
});

test('nobody enrols under the name of a removed host until it is admitted again', () => {
  const script = identityScript();
  const first = script.enrolled('agent/web-1', 1);
  const remove = { kind: 'removeHost', host: hostId('web-1'), reason: '' } as const;
  script.done(remove);
  script.wallMs += 1;
  const secretHash = script.token('web-*', { replaces: true });
  const enrol = () => {
    const wanted = wantedOf(script.signed(aHolder('agent/web-1'), 2));
    return codeOf(script.ask({ kind: 'enrol', secretHash, name: 'web-1', wanted }, NOBODY));
  };
  assert.equal(enrol(), 'denied');
  revoke(script, byHolder('agent/web-1'));
  assert.equal(enrol(), 'denied', 'a revocation after that changes nothing');
  script.wallMs += 1;
  const readmit = { kind: 'readmitHost', host: hostId('web-1'), reason: '' } as const;
  assert.deepEqual(script.done(readmit), { kind: 'readmitted', was: 'removed' });
  assert.ok(!isIn(script, first), 'what it had counts no more');
  assert.ok(!isIn(script, aCertificate('web-1')), 'nor what nobody knew of');
  assert.equal(enrol(), 'denied', 'a token from before the revocation');
  const fresh = script.token('web-1');
  const wanted = wantedOf(script.signed(aHolder('agent/web-1'), 2));
  const answer = script.ask({ kind: 'enrol', secretHash: fresh, name: '', wanted }, NOBODY);
  assert.equal(codeOf(answer), 'issued');
  assert.ok(wanted.issued && isIn(script, seenOf(wanted.issued)));
});

test('a host that nobody knows is neither removed nor admitted; one that is removed stays so', () => {
  const script = identityScript();
  script.connect('web-1', 1, []);
  const remove = (host: string) =>
    script.ask({ kind: 'removeHost', host: hostId(host), reason: '' });
  const unknown = remove('web-2');
  assert.ok(isRefusal(unknown) && unknown.code === 'nothing-matched');
  assert.equal(unknown.fix, 'did you mean web-1?');
  const readmit = script.ask({ kind: 'readmitHost', host: hostId('web-2'), reason: '' });
  assert.equal(codeOf(readmit), 'nothing-matched');
  assert.equal(codeOf(remove('web-1')), 'removed');
  assert.deepEqual(remove('web-1'), { kind: 'removed', processes: 0, wasConnected: false });
  assert.deepEqual(script.writes, []);
  assert.equal(codeOf(remove('*')), 'nothing-matched', 'one name, as it is');
});

test('what looked like two is settled by a readmission, and a sound host needs none', () => {
  const script = identityScript();
  script.connect('web-1', 1, []);
  const readmit = { kind: 'readmitHost', host: hostId('web-1'), reason: '' } as const;
  assert.deepEqual(script.done(readmit), { kind: 'readmitted', was: '' });
  assert.deepEqual(script.writes, []);
  const host = { ...script.host('web-1'), identityProblem: 'a second agent' };
  script.state = { ...script.state, hosts: script.state.hosts.with(host.host, host) };
  assert.deepEqual(script.done(readmit), { kind: 'readmitted', was: 'cloned' });
  assert.equal(script.host('web-1').identityProblem, null);
  assert.equal(script.state.identities.readmitted.size, 0, 'it opens nothing');
});

test('a certificate from elsewhere is on record once it is seen, and only once', () => {
  const script = identityScript();
  const certificate = aCertificate('web-1');
  script.see(certificate);
  assert.deepEqual(script.writes, [
    {
      kind: 'certificate',
      certificate: {
        ...{ ...certificate, keyHash: '', issued: null, firstSeenAtMs: NOW_MS },
        ...{ ended: null, pem: null },
      },
    },
  ]);
  script.wallMs += 1;
  script.see(certificate);
  assert.deepEqual(script.writes, []);
});

test('what has ended does not end another by being shown', () => {
  const script = identityScript();
  const first = script.enrolled('agent/web-1', 1);
  script.see(first);
  script.wallMs += HOUR_MS;
  script.renew(first, 2);
  const next = [...script.state.identities.certificates.values()].find(
    ({ keyHash }) => keyHash === aHash(2),
  );
  assert.ok(next);
  revoke(script, byFingerprint(next.fingerprint));
  script.see(next);
  assert.equal(script.record(first.fingerprint).ended, null);
});

test('the first use of a certificate ends what came before it, and nothing else', () => {
  const script = identityScript();
  const first = script.enrolled('agent/web-1', 1);
  const newer = aCertificate('web-1', { notBeforeMs: NOW_MS });
  script.see(newer);
  script.see(first);
  assert.equal(script.record(newer.fingerprint).ended, null, 'issued elsewhere, but later');
  script.wallMs += HOUR_MS;
  script.renew(first, 2);
  const next = [...script.state.identities.certificates.values()].find(
    ({ keyHash }) => keyHash === aHash(2),
  );
  assert.ok(next);
  script.see(next);
  assert.equal(script.record(first.fingerprint).ended?.kind, 'replaced');
  assert.equal(script.record(newer.fingerprint).ended?.kind, 'replaced');
  revoke(script, byFingerprint(first.fingerprint));
  script.see(first);
  assert.equal(script.record(first.fingerprint).ended?.kind, 'revoked', 'it stays so');
  assert.equal(script.record(next.fingerprint).ended, null);
});

test('a month after their end certificates are forgotten, but not the last of a holder', () => {
  const script = identityScript();
  const first = script.enrolled('agent/web-1', 1);
  script.see(first);
  script.wallMs += HOUR_MS;
  script.renew(first, 2);
  const next = [...script.state.identities.certificates.values()].find(
    ({ keyHash }) => keyHash === aHash(2),
  );
  assert.ok(next);
  script.see(next);
  script.wallMs = first.notAfterMs + 30 * DAY_MS;
  script.give({ kind: 'boot' });
  assert.equal(script.state.identities.certificates.size, 2);
  script.wallMs = next.notAfterMs + 30 * DAY_MS + 1;
  script.give({ kind: 'boot' });
  const left = [...script.state.identities.certificates.values()];
  assert.deepEqual(
    left.map(({ fingerprint }) => fingerprint),
    [next.fingerprint],
  );
});

test('with a certificate of an operator end the tokens that were made by it', () => {
  const script = identityScript();
  const stolen = script.enrolled('operator/mallory', 1);
  const make = (by: string, secretHash: string) =>
    script.done(
      {
        ...{ kind: 'createToken', secretHash },
        token: { kind: 'operator', names: 'mallory', labels: {}, replaces: true, ttlMs: HOUR_MS },
      },
      anActor(by),
    );
  make('mallory', aHash(91));
  make('alice', aHash(92));
  script.wallMs += 1_000;
  revoke(script, byFingerprint(stolen.fingerprint));
  const comeBack = (secretHash: string) => {
    const issued = script.signed(aHolder('operator/mallory'), 5);
    const request = { kind: 'enrol', secretHash, name: '', wanted: wantedOf(issued) } as const;
    return codeOf(script.ask(request, NOBODY));
  };
  assert.equal(comeBack(aHash(91)), 'denied');
  assert.equal(comeBack(aHash(92)), 'issued', 'somebody else lets her in again');
});

test('with a certificate ends what it was renewed to, unless that is in use already', () => {
  const renewed = () => {
    const script = identityScript();
    const stolen = script.enrolled('agent/web-1', 1);
    script.see(stolen);
    script.wallMs += HOUR_MS;
    const next = script.signed(aHolder('agent/web-1'), 2);
    const by = anActor('web-1', { kind: 'agent', fingerprint: stolen.fingerprint });
    script.done({ kind: 'renew', wanted: wantedOf(next) }, by);
    return { script, stolen, next: seenOf(next) };
  };
  const kept = renewed();
  revoke(kept.script, byFingerprint(kept.stolen.fingerprint));
  assert.equal(isIn(kept.script, kept.next), false);
  const shown = renewed();
  shown.script.see(shown.next);
  revoke(shown.script, byFingerprint(shown.stolen.fingerprint));
  assert.equal(isIn(shown.script, shown.next), true, 'it is by itself in the list');
});

test('what a token said of a host that was removed is not said of the next of its name', () => {
  const script = identityScript();
  const secretHash = script.token('web-1', { labels: { env: 'prod' } });
  const wanted = wantedOf(script.signed(aHolder('agent/web-1'), 1));
  script.done({ kind: 'enrol', secretHash, name: '', wanted }, NOBODY);
  const labels = () => script.state.identities.givenLabels.get(hostId('web-1'));
  assert.deepEqual(labels(), { env: 'prod' });
  script.done({ kind: 'removeHost', host: hostId('web-1'), reason: '' });
  assert.equal(labels(), undefined);
});
