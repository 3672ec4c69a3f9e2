import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPEN_TOKENS_MAX, TOKENS_MAX, TTL_MAX_MS } from '../../controller/core/tokens.ts';
import type { Token, TokenRequest } from '../../proto/certificates.ts';
import { isRefusal } from '../../proto/errors.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { anActor, emptyFleet, NOW_MS } from '../fakes/controller-fleet.ts';
import { aHash, codeOf, DAY_MS, identityScript, NOBODY, wantedOf } from '../fakes/identities.ts';
import { aRole, withRoles } from '../fakes/roles.ts';

const PLAIN: TokenRequest = {
  ...{ kind: 'agent', names: 'web-*', labels: {}, replaces: false, ttlMs: 3_600_000 },
};

function tried(more: Partial<TokenRequest>): string {
  const token = { ...PLAIN, ...more };
  return codeOf(identityScript().ask({ kind: 'createToken', token, secretHash: aHash(1) }));
}

test('a token says who made it, for whom, and how long it is good', () => {
  const script = identityScript();
  const token = { ...PLAIN, labels: { env: 'prod' } };
  const answer = script.ask({ kind: 'createToken', token, secretHash: aHash(0xab12) });
  const expected: Token = {
    ...{ id: '0000ab12', secretHash: aHash(0xab12), kind: 'agent', names: 'web-*' },
    ...{ labels: { env: 'prod' }, replaces: false, createdBy: 'alice', createdAtMs: NOW_MS },
    ...{ expiresAtMs: NOW_MS + 3_600_000, used: null, revokedBy: null },
  };
  assert.deepEqual(answer, { kind: 'token', token: expected });
  assert.deepEqual(script.writes, [{ kind: 'token', token: expected }]);
  assert.equal(script.records[0]?.action, 'token create');
  assert.equal(script.records[0]?.targets, 'token for agent/web-*');
  assert.ok(!JSON.stringify(script.records).includes(aHash(0xab12)), 'the hash is not on record');
});

test('tokens live for a second to seven days', () => {
  for (const ttlMs of [1_000, TTL_MAX_MS]) assert.equal(tried({ ttlMs }), 'token', `${ttlMs}`);
  for (const ttlMs of [-1, 0, 999, TTL_MAX_MS + 1, 1_000.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(tried({ ttlMs }), 'usage', `${ttlMs}`);
  }
});

test('what a token is for can be the name of something', () => {
  for (const names of ['web-1', 'web-*', '*', '?', 'a'.repeat(63)]) {
    assert.equal(tried({ names }), 'token', names);
  }
  for (const names of ['', 'Web-1', 'web 1', '-web', 'a'.repeat(64), 'web-[12]', 'a/b', 'web\n']) {
    assert.equal(tried({ names }), 'usage', names);
  }
  assert.equal(tried({ kind: 'operator', names: 'alice' }), 'token');
  for (const names of ['', '*', 'ali*', 'Alice']) {
    assert.equal(tried({ kind: 'operator', names }), 'usage', names);
  }
});

test('what replaces names what it replaces', () => {
  assert.equal(tried({ replaces: true, names: 'web-*' }), 'token');
  for (const names of ['*', '?*', '**']) assert.equal(tried({ replaces: true, names }), 'usage');
});

test('nobody hands out more than they have', () => {
  const people = {
    ann: [aRole('enroller', { allow: ['enrol'] })],
    eve: [aRole('enroller', { allow: ['enrol'] }), aRole('web', { allow: ['restart'] })],
    rex: [aRole('enroller', { allow: ['enrol'] }), aRole('revoker', { allow: ['revoke'] })],
  };
  const fleet = withRoles(emptyFleet, people);
  const made = (who: string, more: Partial<TokenRequest>): string => {
    const token = { ...PLAIN, ...more };
    const request = { kind: 'createToken', token, secretHash: aHash(1) } as const;
    return codeOf(identityScript(fleet).ask(request, anActor(who)));
  };
  const tokenFor = (who: string, names: string) => made(who, { kind: 'operator', names });
  assert.equal(made('ann', {}), 'token');
  assert.equal(tokenFor('ann', 'ann'), 'token');
  assert.equal(tokenFor('eve', 'ann'), 'token');
  for (const name of ['eve', 'alice', 'rex', 'nobody-yet']) {
    assert.equal(tokenFor('ann', name), 'denied', name);
  }
  for (const name of ['eve', 'bob', 'nobody-yet']) assert.equal(tokenFor('alice', name), 'token');
  assert.equal(made('ann', { replaces: true }), 'denied');
  assert.equal(made('rex', { replaces: true }), 'token');
});

test('labels are such as agent.conf takes, and only of hosts', () => {
  assert.equal(tried({ labels: { env: 'prod', 'a/b': '' } }), 'token');
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`l${index}`, '']));
  const bad = [{ '1st': '' }, { '': '' }, { env: 'a\nb' }, { env: 'x'.repeat(256) }, many];
  for (const labels of bad) assert.equal(tried({ labels }), 'usage', JSON.stringify(labels));
  const labels = { env: 'prod' };
  assert.equal(tried({ kind: 'operator', names: 'alice', labels }), 'usage');
});

test('so many tokens can be open, and so many are remembered', () => {
  const token = (serial: number, expiresAtMs: number): [string, Token] => [
    aHash(serial),
    {
      ...{ id: aHash(serial).slice(0, 8), secretHash: aHash(serial), kind: 'agent', names: 'a' },
      ...{ labels: {}, replaces: false, createdBy: 'alice', createdAtMs: serial, expiresAtMs },
      ...{ used: null, revokedBy: null },
    },
  ];
  const having = (count: number, expiresAtMs: number) => {
    const all = Array.from({ length: count }, (_, index) => token(index + 1, expiresAtMs));
    const identities = { ...emptyFleet.identities, tokens: PersistentMap.of(all) };
    return identityScript({ ...emptyFleet, identities });
  };
  const request = { kind: 'createToken', token: PLAIN, secretHash: aHash(99_999) } as const;
  assert.equal(codeOf(having(OPEN_TOKENS_MAX - 1, NOW_MS + 1).ask(request)), 'token');
  assert.equal(codeOf(having(OPEN_TOKENS_MAX, NOW_MS + 1).ask(request)), 'exhausted');
  const full = having(TOKENS_MAX, NOW_MS);
  assert.equal(codeOf(full.ask(request)), 'token');
  assert.equal(full.state.identities.tokens.size, TOKENS_MAX);
  assert.equal(full.state.identities.tokens.get(aHash(1)), undefined, 'the oldest went');
  assert.deepEqual(full.writes[0], { kind: 'tokenForgotten', secretHash: aHash(1) });
});

test('a token is revoked by the beginning of its id, once and for all', () => {
  const script = identityScript();
  const secretHash = script.token('web-1');
  const answer = script.ask({ kind: 'revokeToken', id: '0000' }, anActor('bob'));
  assert.equal(codeOf(answer), 'token');
  assert.equal(script.state.identities.tokens.get(secretHash)?.revokedBy, 'bob');
  const again = script.ask({ kind: 'revokeToken', id: '00000001' }, anActor('carol'));
  assert.equal(codeOf(again), 'token');
  assert.equal(script.state.identities.tokens.get(secretHash)?.revokedBy, 'bob');
  assert.deepEqual(script.writes, []);
  assert.deepEqual(script.records, [], 'nothing happened the second time');
});

test('an id that means nothing, much, or was used, revokes nothing', () => {
  const script = identityScript();
  const secretHash = script.token('web-1');
  script.token('web-2');
  const wanted = wantedOf(script.signed({ kind: 'agent', name: 'web-1' }, 7));
  script.done({ kind: 'enrol', secretHash, name: '', wanted }, NOBODY);
  const code = (id: string) => codeOf(script.ask({ kind: 'revokeToken', id }));
  assert.equal(code('0000'), 'usage', 'two');
  assert.equal(code('000'), 'usage', 'too short');
  assert.equal(code('web-1'), 'usage');
  assert.equal(code('deadbeef'), 'nothing-matched');
  assert.equal(code('00000001'), 'wrong-state', 'used');
  assert.equal(script.records[0]?.outcome, 'refused');
});

test('ids that two tokens would share are refused before anybody is confused', () => {
  const script = identityScript();
  script.token('web-1');
  const twin = `${aHash(1).slice(0, 8)}${'f'.repeat(56)}`;
  const answer = script.ask({ kind: 'createToken', token: PLAIN, secretHash: twin });
  assert.equal(codeOf(answer), 'conflict');
  const short = script.ask({ kind: 'createToken', token: PLAIN, secretHash: 'abc' });
  assert.ok(isRefusal(short));
});

test('a month after it is over a token is forgotten', () => {
  const script = identityScript();
  const secretHash = script.token('web-1');
  script.wallMs += 30 * DAY_MS + 3_600_000;
  script.give({ kind: 'boot' });
  assert.notEqual(script.state.identities.tokens.get(secretHash), undefined);
  script.wallMs += 1;
  script.give({ kind: 'boot' });
  assert.equal(script.state.identities.tokens.get(secretHash), undefined);
  assert.deepEqual(script.writes, [{ kind: 'tokenForgotten', secretHash }]);
});
