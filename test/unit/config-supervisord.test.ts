/** What a supervisord.conf says outside its programs: `[supervisord]`, and the sections around it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AgentConfigResult, loadAgentConfig } from '../../agent/config/load.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeAccounts } from '../fakes/config-accounts.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

const DIRECTORIES = [
  '/var/log/supervisor',
  '/var/run',
  '/srv/logs',
  '/root',
  '/tmp',
  '/etc/supervisor/conf.d',
];

function load(text: string): AgentConfigResult {
  return loadAgentConfig('/etc/supervisord.conf', {
    env: { HOME: '/root', PERCENT: '%%' },
    hostName: 'web-1',
    workingDirectory: '/srv',
    files: fakeConfigFiles({ '/etc/supervisord.conf': text }, DIRECTORIES),
    ...fakeAccounts(),
  });
}

/** Without the notice that no controller is named. */
function said(text: string): string {
  const { problems, warnings, notices } = load(text);
  const others = notices.filter(({ message }) => !message.startsWith('no controller'));
  return formatProblems({ errors: problems, warnings, notices: others });
}

function settings(keys: string) {
  const { config, problems } = load(`[supervisord]\n${keys}`);
  assert.deepEqual(problems, []);
  assert.ok(config);
  return config.agent;
}

test('a supervisord.conf as packaged is taken, with notices alone', () => {
  const text = `
[unix_http_server]
file=/var/run/supervisor.sock   ; (the path to the socket file)
chmod=0700
chown=nobody:nogroup
username=u
password=p
[inet_http_server]
port=127.0.0.1:9001
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
childlogdir=/var/log/supervisor
strip_ansi=false
environment=KEY="value"
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix:///var/run/supervisor.sock
username=u
password=p
prompt=x
history_file=~/.h
[include]
files = /etc/supervisor/conf.d/*.conf
`;
  assert.ok(load(text).config);
  assert.equal(
    said(text),
    [
      "/etc/supervisord.conf:2: notice: [unix_http_server] Supervisor's XML-RPC interface and web page come in a later version; this section has no effect yet (told once)",
      '/etc/supervisord.conf:37: notice: [include] files: no file matches "/etc/supervisor/conf.d/*.conf"',
      '2 notices',
    ].join('\n'),
  );
});

test('what comes later is told once a kind, and a mistyped key there still gets its hint', () => {
  const listener = 'command=x\nevents=TICK_5\nbuffer_size=10\nresult_handler=a:b\n';
  const fcgi = 'command=x\nsocket=tcp://localhost:1\nsocket_mode=0700\nautostrat=no\n';
  const programs = 'stdout_capture_maxbytes=1MB\nstdout_events_enabled=true\n';
  const text = said(
    `[eventlistener:a]\n${listener}[eventlistener:b]\n${listener}${programs}` +
      `[fcgi-program:a]\n${fcgi}[fcgi-program:b]\n${fcgi}[ctlplugin:a]\nx=1\n[ctlplugin:b]\n` +
      '[group:g]\nprograms=a,b\n[supervisord]\n',
  );
  assert.deepEqual(
    text.split('\n').map((line) => line.replace(/^.*(?:warning|notice): /, '')),
    [
      '[fcgi-program:a] autostrat: this key is not known',
      '    did you mean autostart?',
      '[fcgi-program:b] autostrat: this key is not known',
      '    did you mean autostart?',
      '[eventlistener:a] event listeners come in a later version; this section has no effect yet (told once)',
      '[fcgi-program:a] FastCGI programs come in a later version; this section has no effect yet (told once)',
      '[ctlplugin:a] commands of plugins come in a later version; this section has no effect yet (told once)',
      '2 warnings, 3 notices',
    ],
  );
});

test('keys of the servers are known, and mistyped ones are told', () => {
  assert.match(
    said('[unix_http_server]\nfiel=/x'),
    /\[unix_http_server\] fiel: this key is not known\n {4}did you mean file\?/,
  );
  assert.match(said('[supervisorctl]\nserver_url=x'), /did you mean serverurl\?/);
  assert.doesNotMatch(said('[rpcinterface:x]\nwhatever=x'), /not known/);
  assert.doesNotMatch(said('[inet_http_server:second]\nport=1'), /not known/);
});

test('unknown sections and keys are warnings with a suggestion', () => {
  assert.equal(
    said('[progam:web]\n[program]\n[supervisord]\nlogfiel=x\n[group]\n[constructor]\n'),
    [
      '/etc/supervisord.conf:1: warning: [progam:web] this section is not known and has no effect',
      '    did you mean [program:NAME]?',
      '/etc/supervisord.conf:2: warning: [program] this section is not known and has no effect',
      '    did you mean [program:NAME]?',
      '/etc/supervisord.conf:4: warning: [supervisord] logfiel: this key is not known',
      '    did you mean logfile?',
      '/etc/supervisord.conf:5: warning: [group] this section is not known and has no effect',
      '    did you mean [group:NAME]?',
      '/etc/supervisord.conf:6: warning: [constructor] this section is not known and has no effect',
      '5 warnings',
    ].join('\n'),
  );
});

test('everything of [supervisord] that has a meaning for the agent is taken up', () => {
  const agent = settings(`logfile=logs/main.log\nlogfile_maxbytes=1KB\nlogfile_backups=2
loglevel=WARN\npidfile=logs/pid\nminfds=4096\nminprocs=7\nchildlogdir=/srv/logs\nuser=www`);
  const { mainLog, pidFile, minFds, minProcs, logDir, runAs } = agent;
  assert.deepEqual(
    { mainLog, pidFile, minFds, minProcs, logDir, runAs },
    {
      mainLog: { path: '/srv/logs/main.log', maxBytes: 1024, backups: 2, level: 'warn' },
      pidFile: '/srv/logs/pid',
      minFds: 4096,
      minProcs: 7,
      logDir: '/srv/logs',
      runAs: { name: 'www', uid: 33, gid: 33 },
    },
  );
});

for (const [written, level] of [
  ['critical', 'fatal'],
  ['error', 'error'],
  ['debug', 'debug'],
  ['trace', 'trace'],
  ['blather', 'trace'],
] as const) {
  test(`loglevel=${written} is ${level}`, () => {
    assert.equal(settings(`loglevel=${written}`).mainLog.level, level);
  });
}

for (const [written, path, maxBytes] of [
  ['/dev/stdout', '/dev/stdout', 0],
  ['/dev/fd/1', '/dev/fd/1', 0],
  // Already there: everything is written to stderr.
  ['/dev/stderr', null, 0],
  ['/dev/fd/2', null, 0],
  ['/dev/null', null, 0],
  ['~/main.log', '/root/main.log', 52_428_800],
] as const) {
  test(`logfile=${written} is ${path}`, () => {
    const { mainLog } = settings(`logfile=${written}`);
    assert.deepEqual([mainLog.path, mainLog.maxBytes], [path, maxBytes]);
  });
}

test('logfile=syslog writes no file and says where the log is', () => {
  assert.equal(settings('logfile=syslog').mainLog.path, null);
  assert.match(said('[supervisord]\nlogfile=syslog'), /notice: .* logfile: the log goes to stderr/);
});

for (const [written, expected] of [
  ['logfile=/no/x', 'there is no directory "/no"'],
  ['pidfile=/no/x', 'there is no directory "/no"'],
  ['childlogdir=/no', 'there is no directory "/no"'],
  ['directory=/no', 'there is no directory "/no"'],
  ['directory=', 'expected an existing directory'],
  ['identifier=%(nope)s', 'no variable is named "nope"'],
  ['loglevel=loud', 'expected one of critical, error, warn, info, debug, trace, blather'],
  ['loglevel=constructor', 'expected one of critical'],
  ['nodaemon=maybe', 'expected true or false'],
  ['silent=maybe', 'expected true or false'],
  ['nocleanup=maybe', 'expected true or false'],
  ['strip_ansi=maybe', 'expected true or false'],
  ['minfds=many', 'expected a whole number'],
  ['minprocs=many', 'expected a whole number'],
  ['umask=9', 'expected an octal number'],
  ['user=bob', 'Invalid user name "bob"'],
] as const) {
  test(`${written} is refused: ${expected}`, () => {
    const text = said(`[supervisord]\n${written}`);
    assert.ok(text.includes(`:2: [supervisord] ${written.replace(/=.*/, '')}: ${expected}`), text);
  });
}

test('what programs take over from [supervisord]', () => {
  const { config } = load(
    '[supervisord]\numask=077\nstrip_ansi=true\nenvironment=A="1"\n[program:a]\ncommand=a',
  );
  const { umask, stripAnsi, environment } = config?.processes[0] ?? {};
  assert.deepEqual(
    { umask, stripAnsi, environment },
    { umask: 0o77, stripAnsi: true, environment: { A: '1' } },
  );
});

test('the global environment is expanded twice, as in Supervisor, but one percent sign stays', () => {
  const environment = (text: string) =>
    load(`[supervisord]\nenvironment=A="${text}"\n[program:a]\ncommand=a`).config?.processes[0]
      ?.environment['A'];
  assert.equal(environment('%%%%'), '%');
  assert.equal(environment('50%% off'), '50% off');
  assert.equal(environment('%%(host_node_name)s'), 'web-1');
  assert.equal(environment('%%(here)s'), '/etc');
  assert.equal(environment('%(ENV_PERCENT)s'), '%');
});

// ── SUPERVISOR_SERVER_URL ───────────────────────────────────────────────────────────────────────

const url = (servers: string, keys = ''): string | null | undefined =>
  load(`[supervisord]\n${servers}\n[program:a]\ncommand=a\n${keys}`).config?.processes[0]
    ?.serverUrl;

const UNIX = '[unix_http_server]\nfile=';
const INET = '[inet_http_server]\nport=';

test('serverurl AUTO is the socket, else the port, else nothing', () => {
  assert.equal(url(''), null);
  assert.equal(url(`${INET}127.0.0.1:9001\n${UNIX}/run/s.sock`), 'unix:///run/s.sock');
  assert.equal(url(`${UNIX}../a//s.sock`), 'unix:///a/s.sock');
  assert.equal(url(`${UNIX}%(here)s/s.sock`), 'unix:///etc/s.sock');
  assert.equal(url(`${UNIX}~/s.sock`), 'unix:///root/s.sock');
  assert.equal(url('[unix_http_server:x]\nfile=/x\n[unix_http_server]\nfile=/y'), 'unix:///x');
});

for (const [port, expected] of [
  ['127.0.0.1:9001', 'http://127.0.0.1:9001'],
  ['*:9001', 'http://localhost:9001'],
  [':9001', 'http://localhost:9001'],
  ['9001', 'http://localhost:9001'],
  ['Web-1.Example.COM:80', 'http://web-1.example.com:80'],
  ['host:0', null],
  ['host:', null],
  ['host', null],
] as const) {
  test(`port=${port} is ${expected}`, () => {
    assert.equal(url(`${INET}${port}`), expected);
  });
}

test('a program may name its own server, or none', () => {
  assert.equal(url(`${UNIX}/s`, 'serverurl=http://other:1'), 'http://other:1');
  assert.equal(url(`${UNIX}/s`, 'serverurl=auto'), 'unix:///s');
  assert.equal(url(`${UNIX}/s`, 'serverurl='), null);
});
