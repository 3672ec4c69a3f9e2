/** The agent's configuration as a whole: its own section, and a supervisord.conf around it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AgentConfigResult, loadAgentConfig } from '../../agent/config/load.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

const AGENT = `[agent]
controllers = ops-1.example.com:7460
state_dir = /var/lib/fleetvisor/agent
ca = pki/ca.crt
cert = %(here)s/pki/agent.crt
key = ~/agent.key
`;

function load(text: string, more: Readonly<Record<string, string>> = {}): AgentConfigResult {
  return loadAgentConfig('agent.conf', {
    env: { HOME: '/root', SECRET: 'hunter2' },
    hostName: 'web-1',
    workingDirectory: '/etc/fleetvisor',
    files: fakeConfigFiles({ '/etc/fleetvisor/agent.conf': text, ...more }, ['/var/log/app']),
    user: { uid: 0, name: 'root' },
  });
}

const said = ({ problems, warnings }: AgentConfigResult): string =>
  formatProblems({ errors: problems, warnings });

test('an [agent] section is enough, and the rest has defaults', () => {
  const result = load(AGENT);
  assert.equal(said(result), '');
  assert.deepEqual(result.config, {
    agent: {
      controllers: [{ host: 'ops-1.example.com', port: 7460 }],
      host: null,
      labels: {},
      stateDir: '/var/lib/fleetvisor/agent',
      runDir: '/var/lib/fleetvisor/agent/run',
      logDir: '/var/lib/fleetvisor/agent/log',
      ca: '/etc/fleetvisor/pki/ca.crt',
      cert: '/etc/fleetvisor/pki/agent.crt',
      key: '/root/agent.key',
      minFds: 1024,
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

test('childlogdir of [supervisord] is the log directory where [agent] names none', () => {
  const { config } = load(`${AGENT}[supervisord]\nchildlogdir=/var/log/app`);
  assert.equal(config?.agent.logDir, '/var/log/app');
  assert.match(
    said(load(`${AGENT}[supervisord]\nchildlogdir=/no`)),
    /childlogdir: there is no directory "\/no"/,
  );
});

test('a supervisord.conf without [agent] is told what to add', () => {
  const result = load('[supervisord]\n[program:web]\ncommand=/bin/web');
  assert.equal(result.config, null);
  const text = said(result);
  assert.match(text, /agent\.conf: has no \[agent\] section/);
  for (const key of ['controllers', 'state_dir', 'ca', 'cert', 'key']) {
    assert.match(text, new RegExp(`^ {4}${key} = `, 'm'));
  }
});

test('the example in that message is itself a right section', () => {
  const hint = load('').problems[0]?.hint ?? '';
  assert.equal(said(load(hint.slice(hint.indexOf('[agent]')))), '');
});

test('every missing and every wrong key of [agent] is told', () => {
  const result = load('[agent]\ncontrollers = ops\nhost = a/b\nsate_dir = /x\nca=x');
  assert.equal(
    said(result),
    [
      'agent.conf:1: [agent] state_dir: is missing; expected a directory for what the agent must remember',
      "agent.conf:1: [agent] cert: is missing; expected the file of the agent's certificate",
      "agent.conf:1: [agent] key: is missing; expected the file of the agent's private key",
      'agent.conf:2: [agent] controllers: expected one or several of host:port (an IPv6 address in brackets, [::1]:7460), separated by commas, found "ops"',
      'agent.conf:3: [agent] host: expected the name of this host (letters, digits, dots and hyphens), found "a/b"',
      'agent.conf:4: [agent] sate_dir: this key is not known',
      '    did you mean state_dir?',
      '6 errors',
    ].join('\n'),
  );
});

test('keys of [agent] that come later are warned of', () => {
  const result = load(`${AGENT}socket = /run/agent.sock\nsocket_mode = 0700`);
  assert.ok(result.config);
  assert.deepEqual(
    result.warnings.map(({ key }) => key),
    ['socket', 'socket_mode'],
  );
});

test('a supervisord.conf as packaged is taken, with one warning for each section not served', () => {
  const result = load(`${AGENT}
[unix_http_server]
file=/var/run/supervisor.sock   ; (the path to the socket file)
chmod=0700
[supervisord]
logfile=/var/log/supervisor/supervisord.log
logfile_maxbytes=50MB
logfile_backups=10
loglevel=info
pidfile=/var/run/supervisord.pid
nodaemon=false
silent=false
minfds=1024
minprocs=200
umask=022
user=root
identifier=supervisor
directory=/tmp
nocleanup=true
strip_ansi=false
environment=KEY="value"
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix:///var/run/supervisor.sock
[inet_http_server]
port=127.0.0.1:9001
[eventlistener:mail]
command=/bin/mail
[fcgi-program:php]
command=/bin/php
[ctlplugin:x]
[include]
files = /etc/supervisor/conf.d/*.conf
`);
  assert.ok(result.config);
  assert.deepEqual(
    result.warnings.map(({ section, message }) => [section, message.replace(/^this section /, '')]),
    [
      ['include', 'no file matches "/etc/supervisor/conf.d/*.conf"'],
      ...['unix_http_server', 'rpcinterface:supervisor', 'supervisorctl', 'inet_http_server'].map(
        (section) => [section, 'is not supported yet and has no effect'],
      ),
      ...['eventlistener:mail', 'fcgi-program:php', 'ctlplugin:x'].map((section) => [
        section,
        'is not supported yet and has no effect',
      ]),
    ],
  );
});

test('unknown sections and keys of Supervisor are warnings with a suggestion', () => {
  const result = load(`${AGENT}[progam:web]\n[program]\n[supervisord]\nlogfiel=x`);
  assert.ok(result.config);
  assert.equal(
    said(result),
    [
      'agent.conf:7: warning: [progam:web] this section is not known and has no effect',
      '    did you mean [program:NAME]?',
      'agent.conf:8: warning: [program] this section is not known and has no effect',
      '    did you mean [program:NAME]?',
      'agent.conf:10: warning: [supervisord] logfiel: this key is not known',
      '    did you mean logfile?',
      '3 warnings',
    ].join('\n'),
  );
});

test('another user than the agent runs as is an error wherever it is named', () => {
  const result = load(`${AGENT}[supervisord]\nuser=www\n[program:a]\ncommand=a\nuser=nobody`);
  assert.equal(result.config, null);
  assert.match(said(result), /\[supervisord\] user: "www" is not the user as whom the agent runs/);
  assert.match(said(result), /\[program:a\] user: "nobody" is not .* comes in a later version/);
  assert.ok(
    load(`${AGENT}[program:a]\ncommand=a\nuser=root\n[program:b]\ncommand=b\nuser=0`).config,
  );
});

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
    user: { uid: 0, name: 'root' },
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
