/** The agent's configuration as a whole: its own section, and a supervisord.conf around it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AgentConfigResult,
  findStateDirectory,
  loadAgentConfig,
} from '../../agent/config/load.ts';
import { NO_RULES } from '../../agent/core/host-rules.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeAccounts } from '../fakes/config-accounts.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

const AGENT = `[agent]
controllers = ops-1.example.com:7460
state_dir = /var/lib/fleetvisor/agent
ca = pki/ca.crt
cert = %(here)s/pki/agent.crt
key = ~/agent.key
`;

const around = (text: string, more: Readonly<Record<string, string>> = {}) => ({
  env: { HOME: '/root', SECRET: 'hunter2' },
  hostName: 'web-1',
  workingDirectory: '/etc/fleetvisor',
  files: fakeConfigFiles({ '/etc/fleetvisor/agent.conf': text, ...more }, ['/var/log/app']),
  ...fakeAccounts(),
});

const load = (text: string, more: Readonly<Record<string, string>> = {}): AgentConfigResult =>
  loadAgentConfig('agent.conf', around(text, more));

const said = (result: AgentConfigResult): string =>
  formatProblems({ ...result, errors: result.problems });

test('an [agent] section is enough, and the rest has defaults', () => {
  const result = load(AGENT);
  assert.equal(said(result), '');
  assert.deepEqual(result.config, {
    agent: {
      controllers: [{ host: 'ops-1.example.com', port: 7460 }],
      host: null,
      enroll: null,
      labels: {},
      stateDir: '/var/lib/fleetvisor/agent',
      runDir: '/var/lib/fleetvisor/agent/run',
      logDir: '/var/lib/fleetvisor/agent/log',
      ca: '/etc/fleetvisor/pki/ca.crt',
      cert: '/etc/fleetvisor/pki/agent.crt',
      key: '/root/agent.key',
      socket: {
        path: '/run/fleetvisor/agent.sock',
        isDefault: true,
        mode: 0o700,
        owner: null,
      },
      minFds: 1024,
      minProcs: 200,
      mainLog: { path: null, maxBytes: 0, backups: 10, level: null },
      pidFile: null,
      runAs: null,
      rules: NO_RULES,
    },
    processes: [],
  });
});

test('everything that can be said in [agent]', () => {
  const { config } = load(
    `${AGENT}controllers = a:1, [::1]:2\nhost=web-1\nlabels = env="prod",role="web"
run_dir = /run/fleetvisor\nlog_dir = logs\n[supervisord]\nminfds=4096\nchildlogdir=/var/log/app`,
  );
  assert.deepEqual(config?.agent.controllers, [
    { host: 'a', port: 1 },
    { host: '::1', port: 2 },
  ]);
  assert.equal(config?.agent.host, 'web-1');
  assert.deepEqual(config?.agent.labels, { env: 'prod', role: 'web' });
  assert.equal(config?.agent.runDir, '/run/fleetvisor');
  assert.equal(config?.agent.logDir, '/etc/fleetvisor/logs');
  assert.equal(config?.agent.minFds, 4096);
});

test('a supervisord.conf without [agent] is a configuration, and a word about controllers', () => {
  const result = load('[supervisord]\n[program:web]\ncommand=/bin/web');
  const agent = result.config?.agent;
  assert.deepEqual(agent?.controllers, []);
  assert.deepEqual([agent.ca, agent.cert, agent.key], [null, null, null]);
  assert.equal(agent.stateDir, '/var/lib/fleetvisor/agent');
  assert.equal(result.config?.processes.length, 1);
  assert.match(
    said(result),
    /^agent\.conf: notice: no controller is named, so only "fleetctl --local"/,
  );
});

test('the example in that notice is itself a right section', () => {
  const hint = load('[supervisord]').notices[0]?.hint ?? '';
  assert.equal(said(load(hint.slice(hint.indexOf('[agent]')))), '');
});

test('an empty or half written file asks for nothing, instead of for nothing to run', () => {
  for (const text of ['', '; only a comment', '[program:web]\ncommand=/bin/web']) {
    const result = load(text);
    assert.equal(result.config, null);
    assert.match(
      said(result),
      /^agent\.conf: has no \[agent\] section, and no \[supervisord\] section either\n/,
    );
  }
  const included = { '/etc/fleetvisor/more.conf': '[supervisord]' };
  assert.notEqual(load('[include]\nfiles = more.conf', included).config, null);
});

test('[DEFAULT] says nothing about an [agent] that is not written', () => {
  const result = load('[DEFAULT]\nhost = a/b\nstate_dir = /other\n[supervisord]');
  assert.equal(result.config?.agent.stateDir, '/var/lib/fleetvisor/agent');
});

test('an [agent] without controllers needs no certificate, and that is told in its place', () => {
  const result = load('[agent]\nstate_dir = /s');
  assert.equal(result.config?.agent.stateDir, '/s');
  assert.match(said(result), /^agent\.conf:1: notice: \[agent\] no controller is named/);
});

test('controllers without certificates are an error that names what is missing', () => {
  const missing = (keys: string) => {
    const result = load(`[agent]\ncontrollers = a:1\n${keys}`);
    assert.equal(result.config, null);
    return said(result);
  };
  assert.match(missing(''), /:2: \[agent\] controllers: .* ca, cert and key are missing\n/);
  assert.match(missing('cert = x'), /ca and key are missing\n/);
  assert.match(missing('cert = x\nca = y'), /: key is missing\n/);
});

test('every wrong key of [agent] is told', () => {
  const result = load('[agent]\ncontrollers = ops\nhost = a/b\nsate_dir = /x\nsocket_mode=9');
  assert.equal(
    said(result),
    [
      'agent.conf:2: [agent] controllers: expected one or several of host:port (an IPv6 address in brackets, [::1]:7460), separated by commas, found "ops"',
      'agent.conf:3: [agent] host: expected the name of this host (letters, digits, dots and hyphens), found "a/b"',
      'agent.conf:4: [agent] sate_dir: this key is not known',
      '    did you mean state_dir?',
      'agent.conf:5: [agent] socket_mode: expected an octal number from 000 to 777, such as 0770, found "9"',
      '4 errors',
    ].join('\n'),
  );
});

// ── the socket for local control ────────────────────────────────────────────────────────────────

const socket = (keys: string) => load(`${AGENT}${keys}`).config?.agent.socket;

test('the socket has a path, a mode and an owner', () => {
  assert.deepEqual(socket('socket=run/a.sock\nsocket_mode=0770\nsocket_owner=www:ops'), {
    path: '/etc/fleetvisor/run/a.sock',
    isDefault: false,
    mode: 0o770,
    owner: { uid: 33, gid: 500 },
  });
});

test('an owner without a group leaves the group as it is, and numbers are owners too', () => {
  assert.deepEqual(socket('socket_owner=www')?.owner, { uid: 33, gid: -1 });
  assert.deepEqual(socket('socket_owner=1000:33')?.owner, { uid: 1000, gid: 33 });
});

for (const [written, expected] of [
  ['socket_owner=bob', 'Invalid user name "bob": this host knows no such user'],
  ['socket_owner=4711', 'Invalid uid "4711"'],
  ['socket_owner=www:bob', 'Invalid group name "bob": this host knows no such group'],
  ['socket_owner=www:4711', 'Invalid gid "4711"'],
  ['socket_owner=:www', 'expected user or user:group, found ":www"'],
  ['socket_owner=www:', 'expected user or user:group, found "www:"'],
  ['socket_mode=1777', 'expected an octal number'],
  ['socket_mode=rwx', 'expected an octal number'],
  ['socket=', 'expected the path of a UNIX socket'],
] as const) {
  test(`${written} is refused: ${expected}`, () => {
    const text = said(load(`${AGENT}${written}`));
    assert.ok(text.includes(`[agent] ${written.replace(/=.*/, '')}: ${expected}`), text);
  });
}

test('a path that is too long for a UNIX socket is an error that says so', () => {
  assert.ok(socket(`socket=/${'x'.repeat(102)}`));
  const text = said(load(`${AGENT}socket=/${'é'.repeat(60)}`));
  assert.match(
    text,
    /socket: the path of a UNIX socket may have 10[37] bytes .*, this one has 121/,
  );
});

// ── the state directory of a broken file ────────────────────────────────────────────────────────

test('the state directory is found in a file that is wrong everywhere else', () => {
  const broken = `a=b\n${AGENT}controllers=?\n[program:x]\nstartsecs=z\nno assignment`;
  assert.equal(load(broken).config, null);
  assert.equal(findStateDirectory('agent.conf', around(broken)), '/var/lib/fleetvisor/agent');
  const named = '[agent]\nstate_dir = %(here)s/state\n???';
  assert.equal(findStateDirectory('agent.conf', around(named)), '/etc/fleetvisor/state');
  assert.equal(
    findStateDirectory('agent.conf', around('[program:a]\nx')),
    '/var/lib/fleetvisor/agent',
  );
});

test('where the file is gone, or the state directory itself is wrong, there is none to find', () => {
  assert.equal(findStateDirectory('none.conf', around('')), null);
  assert.equal(findStateDirectory('agent.conf', around('[agent]\nstate_dir = %(nope)s')), null);
});

// ── the document as a whole ─────────────────────────────────────────────────────────────────────

test('programs of included files belong to the configuration, with their own directory as here', () => {
  const { config } = load(`${AGENT}[include]\nfiles = conf.d/*.conf`, {
    '/etc/fleetvisor/conf.d/a.conf': '[program:a]\ncommand=%(here)s/a',
  });
  assert.deepEqual(
    config?.processes.map(({ command }) => command),
    ['/etc/fleetvisor/conf.d/a'],
  );
});

test('here is the directory of the file of each value, also within one program', () => {
  const { config } = load(
    `${AGENT}[program:a]\ncommand=%(here)s/a\n[include]\nfiles=conf.d/a.conf`,
    {
      '/etc/fleetvisor/conf.d/a.conf': '[program:a]\ndirectory=%(here)s',
    },
  );
  assert.equal(config?.processes[0]?.command, '/etc/fleetvisor/a');
  assert.equal(config?.processes[0]?.directory, '/etc/fleetvisor/conf.d');
});

test('a file that cannot be read gives no configuration and says why', () => {
  const result = loadAgentConfig('/none.conf', {
    env: {},
    hostName: 'h',
    workingDirectory: '/',
    files: fakeConfigFiles({}),
    ...fakeAccounts(),
  });
  assert.equal(result.config, null);
  assert.equal(said(result), '/none.conf: there is no such file\n1 error');
});

test('no value of the environment is ever shown', () => {
  const result = load(`${AGENT}[program:a]\ncommand = x %s %(ENV_SECRE)s\nstartsecs=%(ENV_SECRET)`);
  assert.doesNotMatch(said(result), /hunter2/);
});

test('labels that the controller would not take are refused when the file is read', () => {
  const labels = (count: number) =>
    Array.from({ length: count }, (_, index) => `label_${index}="x"`).join(',');
  const long = (length: number) => 'x'.repeat(length);
  assert.equal(said(load(`${AGENT}labels = ${labels(64)},`)), '');
  assert.equal(said(load(`${AGENT}labels = ${long(63)}="${long(255)}"`)), '');
  const refused: Readonly<Record<string, RegExp>> = {
    [labels(65)]: /^agent\.conf:7: \[agent\] labels: 65 labels are too many; a host may have 64/,
    [`${long(64)}="a"`]: /agent\.conf:7: .* "x{20}"… has a name of 64 characters; at most 63/,
    [`env="${long(256)}"`]: /agent\.conf:7: .* "env" has a value of 256 characters; at most 255/,
    [`env="${'😀'.repeat(128)}"`]: /a value of 256 characters/,
  };
  for (const [text, words] of Object.entries(refused)) {
    assert.match(said(load(`${AGENT}labels = ${text}`)), words);
  }
});

test('a program whose name the controller would not take is refused when the file is read', () => {
  const grouped = (length: number) => {
    const program = 'x'.repeat(length);
    const sections = `[group:g]\nprograms=${program}\n[program:${program}]`;
    return said(load(`${AGENT}${sections}\ncommand=/bin/x\nprocess_name=web`));
  };
  assert.equal(grouped(255), '');
  assert.match(grouped(256), /^agent\.conf:7: \[group:g\].* longer than 255 characters: "x{20}"…/);
});
