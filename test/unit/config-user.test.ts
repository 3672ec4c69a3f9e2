/** `user`: as whom programs and the agent run (Supervisor options.py, `drop_privileges`). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAgentConfig } from '../../agent/config/load.ts';
import type { AgentUser } from '../../agent/config/user.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeAccounts } from '../fakes/config-accounts.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

const AGENT = '[agent]\ncontrollers=c:1\nca=a\ncert=b\nkey=c\n';
const ALICE: AgentUser = { uid: 1000, name: 'alice' };

function load(text: string, as?: AgentUser) {
  const accounts = fakeAccounts(as);
  const result = loadAgentConfig('/etc/agent.conf', {
    env: {},
    hostName: 'web-1',
    workingDirectory: '/',
    files: fakeConfigFiles({ '/etc/agent.conf': AGENT + text }),
    ...accounts,
  });
  const { config, problems: errors, warnings } = result;
  return { config, asked: accounts.asked, said: formatProblems({ errors, warnings }) };
}

const program = (user: string, name = 'a') => `[program:${name}]\ncommand=x\nuser=${user}\n`;

test('a root agent runs a program as the user that it names, by name or number', () => {
  const www = { name: 'www', uid: 33, gid: 33 };
  assert.deepEqual(load(program('www')).config?.processes[0]?.user, www);
  assert.deepEqual(load(program('33')).config?.processes[0]?.user, www);
});

test('a program that names no user, or the one the agent has, is not switched', () => {
  for (const [user, as] of [
    ['root', undefined],
    ['0', undefined],
    ['alice', ALICE],
    ['1000', ALICE],
    // Another name of the same uid.
    ['alice', { uid: 1000, name: 'al' }],
  ] as const) {
    const { config } = load(program(user, 'a'), as);
    assert.equal(config?.processes[0]?.user, null, user);
  }
});

test('an unknown user is an error that says how to see the known ones', () => {
  assert.equal(
    load(program('nobdy')).said,
    '/etc/agent.conf:8: [program:a] user: Invalid user name "nobdy": this host knows no such user ("getent passwd" lists those that it knows)\n1 error',
  );
  assert.match(
    load(program('4711')).said,
    /user: Invalid uid "4711": this host knows no such user/,
  );
  assert.match(load(program('')).said, /user: expected the name or uid of a user, found nothing/);
});

test('an agent that is not root takes a program of somebody else, and says what will happen and would help', () => {
  const { config, said } = load(program('www') + program('alice', 'b'), ALICE);
  const users = config?.processes.map(({ user }) => user);
  assert.deepEqual(users, [{ name: 'www', uid: 33, gid: 33 }, null], 'as nobody else than asked');
  assert.equal(
    said,
    '/etc/agent.conf:8: warning: [program:a] user: every start will fail: the agent runs as alice (uid 1000), and only root can switch to another user, "www"; start the agent as root, or name no user here\n1 warning',
  );
});

test('the user of [supervisord] is the one that programs run as, and cannot be switched from', () => {
  const global = '[supervisord]\nuser=www\n';
  const { config } = load(global + program('www'));
  assert.deepEqual(config?.agent.runAs, { name: 'www', uid: 33, gid: 33 });
  assert.equal(config.processes[0]?.user, null);
  const asRoot = load(global + program('root'));
  assert.equal(asRoot.config?.processes[0]?.user?.uid, 0);
  assert.match(asRoot.said, /warning: .* fail: the agent runs as www \(uid 33\), and only root/);
  assert.equal(load(`[supervisord]\nuser=root\n`).config?.agent.runAs, null);
  const switched = load(global, ALICE);
  assert.equal(switched.config, null);
  assert.match(switched.said, /\[supervisord\] user: the agent runs as alice/);
});

test('each user is looked up once, however many programs name it', () => {
  const { asked } = load([1, 2, 3].map((n) => program('www', `p${n}`)).join(''));
  assert.deepEqual(asked, ['www']);
});
