import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAgentConfig } from '../../agent/config/load.ts';
import { NO_POLICY } from '../../agent/core/host-rules.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeAccounts } from '../fakes/config-accounts.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

/** Of an agent without a controller, which is told (the one notice that is no news here). */
function load(text: string, user = { uid: 0, name: 'root' }) {
  const result = loadAgentConfig('a.conf', {
    env: {},
    hostName: 'web-1',
    workingDirectory: '/etc',
    files: fakeConfigFiles({ '/etc/a.conf': `[agent]\nsocket_mode = 0777\n${text}` }),
    ...fakeAccounts(user),
  });
  const { problems: errors, warnings } = result;
  return { rules: result.config?.agent.rules, said: formatProblems({ errors, warnings }) };
}

const policy = (keys: string) => load(`[policy]\n${keys}\n`);

test('a file without [policy] sets a controller no limits', () => {
  assert.deepEqual(load('').rules, { ownUid: 0, policy: NO_POLICY, access: null });
  assert.deepEqual(policy('').rules?.policy, NO_POLICY);
});

test('a policy with everything in it is read as it is written', () => {
  const { rules, said } = policy(`allow_verbs = start, restart, signal, logs
processes = web:*, queue
signals = hup, SIGUSR1
users = www, 1000
directories = /opt/app, /link/bin`);
  assert.equal(said, '');
  assert.deepEqual(rules?.policy, {
    verbs: ['start', 'restart', 'signal', 'logs'],
    processes: ['web:*', 'queue'],
    signals: ['HUP', 'USR1'],
    users: [
      { name: 'www', uid: 33 },
      { name: 'alice', uid: 1000 },
    ],
    directories: ['/opt/app', '/real/bin'],
  });
});

test('allow_verbs with nothing behind it: a controller may only look on', () => {
  const { rules, said } = policy('allow_verbs =');
  assert.deepEqual(rules?.policy.verbs, []);
  assert.equal(said, '');
});

test('the agent itself may be named as a user, also where nobody can look it up', () => {
  const own = { uid: 4711, name: 'agent' };
  const { rules } = load('[policy]\nusers = agent\n', own);
  assert.deepEqual(rules?.policy.users, [{ uid: 4711, name: 'agent' }]);
  assert.equal(rules?.ownUid, 4711);
});

test('whoever the agent goes on as is its own user', () => {
  assert.equal(load('[supervisord]\nuser = www\n').rules?.ownUid, 33);
});

/** Keys of a policy → what must be said of them. */
const MISTAKES: readonly (readonly [string, RegExp])[] = [
  ['allow_verb = start', /allow_verb: this key is not known\n {4}did you mean allow_verbs\?/],
  ['allow_verbs = stat', /allow_verbs: "stat" is none of start, stop,.*did you mean start\?/],
  ['allow_verbs = status', /"status" is none of .*a controller always sees how things stand/],
  ['allow_verbs = all', /"all" is none of .*leave the line out/],
  ['processes =', /processes: expected processes .*found nothing; without the line/],
  ['signals =', /signals: expected names of signals.*found nothing/],
  ['signals = HUB', /signals: "HUB" is not a signal; did you mean HUP\?/],
  ['users =', /users: expected names or uids of users.*found nothing/],
  ['users = www, nobdy', /users: Invalid user name "nobdy"/],
  ['users = 4711', /users: Invalid uid "4711"/],
  ['directories =', /directories: expected directories.*found nothing/],
  ['directories = ,\n ,', /directories: expected directories.*found nothing/],
];
for (const [keys, wanted] of MISTAKES) {
  test(`a mistake in a policy is an error, told by line and key: ${keys}`, () => {
    const { rules, said } = policy(keys);
    assert.equal(rules, undefined);
    assert.match(said, /^a\.conf:4: \[policy\]/);
    assert.match(said, wanted);
  });
}

for (const section of [
  '[polcy]',
  '[Policy]',
  '[policy:web]',
  '[policys]',
  '[rol:web]',
  '[operater:x]',
]) {
  test(`${section} is no limit that goes unread: it is an error`, () => {
    const { rules, said } = load(`${section}\nallow_verbs = start\n`);
    assert.equal(rules, undefined);
    assert.match(
      said,
      /this section is not known .*\n {4}did you mean \[(policy|role:NAME|operator:NAME)\]/,
    );
  });
}

test('a directory that is not there is doubtful, and so are signals that cannot be sent', () => {
  const { rules, said } = policy('directories = /missing/bin, /opt\nallow_verbs=stop\nsignals=HUP');
  assert.deepEqual(rules?.policy.directories, ['/missing/bin', '/opt']);
  assert.match(said, /warning: \[policy\] directories: there is no directory "\/missing\/bin"/);
  assert.match(said, /warning: \[policy\] signals: has no effect/);
});
