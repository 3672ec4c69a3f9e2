/** `[program:x]` and `[group:x]`: what Supervisor makes of them (reference: its options.py). */
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { type AgentConfigResult, loadAgentConfig } from '../../agent/config/load.ts';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeAccounts } from '../fakes/config-accounts.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

const AGENT = '[agent]\ncontrollers=c:1\nstate_dir=/s\nca=a\ncert=b\nkey=c\n';

function load(text: string): AgentConfigResult {
  return loadAgentConfig('/etc/agent.conf', {
    env: { HOME: '/root', LAYER: 'agent' },
    hostName: 'web-1',
    workingDirectory: '/srv',
    files: fakeConfigFiles({ '/etc/agent.conf': AGENT + text }, [
      '/var/log/app',
      '/root',
      '/srv/logs',
    ]),
    ...fakeAccounts(),
  });
}

function processes(text: string): readonly ProcessDefinition[] {
  const result = load(text);
  assert.deepEqual(result.problems, []);
  return result.config?.processes ?? [];
}

function only(text: string): ProcessDefinition {
  const [first, ...others] = processes(text);
  assert.ok(first);
  assert.deepEqual(others, []);
  return first;
}

/** Without the lines of [agent], and of the message only what the test is about. */
function said(text: string): string {
  const result = load(text);
  return formatProblems({ ...result, errors: result.problems });
}

const program = (keys: string): string => `[program:web]\ncommand=/bin/web\n${keys}`;

test('a command alone has the defaults of Supervisor', () => {
  const log = {
    target: { kind: 'auto' },
    syslog: false,
    maxBytes: 52_428_800,
    backups: 10,
    timestamps: false,
  };
  assert.deepEqual(only(program('')), {
    process: 'web',
    group: 'web',
    name: 'web',
    program: 'web',
    groupPriority: 999,
    priority: 999,
    tierWaitMs: 30_000,
    command: '/bin/web',
    directory: null,
    umask: null,
    user: null,
    serverUrl: null,
    environment: {},
    autostart: true,
    autorestart: 'unexpected',
    startMs: 1000,
    startRetries: 3,
    exitCodes: [0],
    stopSignal: 'TERM',
    stopWaitMs: 10_000,
    stopAsGroup: false,
    killAsGroup: false,
    stopDescendants: false,
    dependsOn: [],
    healthCheck: null,
    restartPauseMs: 0,
    memoryMaxBytes: null,
    redirectStderr: false,
    stripAnsi: false,
    stdoutLog: log,
    stderrLog: log,
  });
});

test('every key of a program is read', () => {
  const defined = only(
    program(`priority=-1
autostart=off
autorestart=true
startsecs=0
startretries=0
exitcodes=0, 2
stopsignal=sigint
stopwaitsecs=3600
tier_wait=120
stopasgroup=true
stop_descendants=true
restart_pause=5
memory_max=200MB
log_timestamps=true
environment=A="1",B=two
directory=/srv
umask=027
stdout_logfile=~/web.log
stdout_logfile_maxbytes=1KB
stdout_logfile_backups=0
stdout_syslog=true
stderr_logfile=NONE
stderr_logfile_maxbytes=0
stderr_logfile_backups=1`),
  );
  const { autostart, autorestart, startMs, startRetries, exitCodes, stopSignal } = defined;
  assert.deepEqual(
    { autostart, autorestart, startMs, startRetries, exitCodes, stopSignal },
    {
      autostart: false,
      autorestart: 'always',
      startMs: 0,
      startRetries: 0,
      exitCodes: [0, 2],
      stopSignal: 'INT',
    },
  );
  const { priority, tierWaitMs, stopWaitMs, stopAsGroup, killAsGroup } = defined;
  assert.deepEqual(
    { priority, tierWaitMs, stopWaitMs, stopAsGroup, killAsGroup },
    {
      priority: -1,
      tierWaitMs: 120_000,
      stopWaitMs: 3_600_000,
      stopAsGroup: true,
      killAsGroup: true,
    },
  );
  const { stopDescendants, restartPauseMs, memoryMaxBytes } = defined;
  assert.deepEqual(
    { stopDescendants, restartPauseMs, memoryMaxBytes },
    { stopDescendants: true, restartPauseMs: 5_000, memoryMaxBytes: 200 * 1024 ** 2 },
  );
  const { environment, directory, umask } = defined;
  assert.deepEqual(
    { environment, directory, umask },
    { environment: { A: '1', B: 'two' }, directory: '/srv', umask: 0o27 },
  );
  const file = { kind: 'file', path: '/root/web.log' };
  assert.deepEqual(defined.stdoutLog, {
    target: file,
    syslog: true,
    maxBytes: 1024,
    backups: 0,
    timestamps: true,
  });
  assert.deepEqual(defined.stderrLog, {
    target: { kind: 'none' },
    syslog: false,
    maxBytes: 0,
    backups: 1,
    timestamps: true,
  });
});

test('a limit of memory may be none, and one that lacks its unit is doubted', () => {
  assert.equal(only(program('memory_max=0')).memoryMaxBytes, null);
  assert.equal(
    said(program('memory_max=100')),
    [
      '/etc/agent.conf:9: warning: [program:web] memory_max: no program is as small as 100 bytes, so this one would be restarted again and again; a unit may be missing, as in 100MB',
      '1 warning',
    ].join('\n'),
  );
});

test('numprocs makes that many processes, numbered from numprocs_start', () => {
  const made = processes(
    '[program:web]\ncommand=/bin/web --port 80%(process_num)02d of %(numprocs)d\n' +
      'process_name=%(program_name)s_%(process_num)02d\nnumprocs=2\nnumprocs_start=5',
  );
  assert.deepEqual(
    made.map(({ process, group, name, command }) => [process, group, name, command]),
    [
      ['web:web_05', 'web', 'web_05', '/bin/web --port 8005 of 2'],
      ['web:web_06', 'web', 'web_06', '/bin/web --port 8006 of 2'],
    ],
  );
});

test('numprocs=0 is no process and no fault', () => {
  assert.deepEqual(processes(program('numprocs=0')), []);
});

test('several processes need process_num in their names', () => {
  assert.equal(
    said(program('numprocs=2\nprocess_name=x')),
    '/etc/agent.conf:10: [program:web] process_name: 2 processes need different names\n' +
      '    process_name = %(program_name)s_%(process_num)02d\n1 error',
  );
  assert.match(said(program('numprocs=2')), /:9: \[program:web\] numprocs: 2 processes need/);
});

test('stopasgroup without killasgroup is an error', () => {
  assert.match(
    said(program('stopasgroup=true\nkillasgroup=false')),
    /:10: \[program:web\] killasgroup: cannot be false where stopasgroup is true\n1 error$/,
  );
  assert.equal(only(program('killasgroup=true')).stopAsGroup, false);
});

test('variables have layers: program over [supervisord] over the agent', () => {
  const global = '[supervisord]\nenvironment=LAYER="global",G="%(ENV_LAYER)s",SHARED=g\n';
  const text = 'environment=SHARED="own",SEEN="%(ENV_SHARED)s"\n';
  const defined = only(
    `${global}[program:web]\ncommand=/bin/web %(ENV_LAYER)s %(ENV_SHARED)s %(host_node_name)s %(here)s\n${text}`,
  );
  assert.equal(defined.command, '/bin/web global own web-1 /etc');
  assert.deepEqual(defined.environment, {
    LAYER: 'global',
    G: 'agent',
    SHARED: 'own',
    SEEN: 'g',
  });
});

test('variables named like properties of objects are variables', () => {
  const { environment } = only(program('environment=__proto__="x"'));
  assert.deepEqual(Object.entries(environment), [['__proto__', 'x']]);
});

test('the umask of [supervisord] is that of programs that name none', () => {
  assert.equal(only(`[supervisord]\numask=077\n${program('')}`).umask, 0o77);
  assert.equal(only(`[supervisord]\numask=077\n${program('umask=022')}`).umask, 0o22);
});

for (const [written, meant] of [
  ['TERM', 'TERM'],
  ['SIGUSR1', 'USR1'],
  ['hup', 'HUP'],
  ['9', 'KILL'],
  ['CLD', 'CHLD'],
  ['SIGRTMIN', '34'],
  ['64', '64'],
] as const) {
  test(`stopsignal=${written} is ${meant}`, () => {
    assert.equal(only(program(`stopsignal=${written}`)).stopSignal, meant);
  });
}

for (const [written, expected] of [
  ['stopsignal=SIGNOPE', 'a signal such as TERM'],
  ['stopsignal=0', 'a signal such as TERM'],
  ['stopsignal=', 'a signal such as TERM'],
  ['exitcodes=256', 'exit codes from 0 to 255'],
  ['exitcodes=0,x', 'exit codes from 0 to 255'],
  ['exitcodes=0,', 'exit codes from 0 to 255'],
  ['autorestart=maybe', 'true, false or unexpected'],
  ['startsecs=ten', 'seconds \\(a whole number ≥ 0\\)'],
  ['tier_wait=-1', 'seconds \\(a whole number ≥ 0\\)'],
  ['startretries=x', 'a whole number \\(≥ 0\\)'],
  ['stopsignal=35', 'a signal such as TERM'],
  ['numprocs=99999999', 'a whole number \\(0 to 10000\\)'],
  ['priority=high', 'a whole number'],
  ['umask=9', 'an octal number'],
  ['process_name=a b', 'a name without white space'],
  ['process_name=a:b', 'a name without white space'],
  ['process_name=..', 'a name without white space'],
  ['command=', 'a command line'],
  ['stdout_logfile_maxbytes=1XB', 'a size'],
] as const) {
  test(`${written} is refused, saying what is expected`, () => {
    const key = written.slice(0, written.indexOf('='));
    assert.match(
      said(program(written)),
      new RegExp(`:9: \\[program:web\\] ${key}: expected ${expected}.*, found `),
    );
  });
}

test('all faults of a program are told once, whatever its numprocs', () => {
  const text = said(
    '[program:web]\nnumprocs=3\nprocess_name=%(process_num)d\nstartsecs=x\nstdout_logfile=/no/x\nautostrat=1',
  );
  assert.equal(
    text,
    [
      '/etc/agent.conf:7: [program:web] command: is missing; expected a command line',
      '/etc/agent.conf:10: [program:web] startsecs: expected seconds (a whole number ≥ 0), found "x"',
      '/etc/agent.conf:11: [program:web] stdout_logfile: there is no directory "/no"',
      '/etc/agent.conf:12: warning: [program:web] autostrat: this key is not known',
      '    did you mean autostart?',
      '3 errors, 1 warning',
    ].join('\n'),
  );
});

test('keys that are not supported yet are told once, not for each program, and not when off', () => {
  const keys = 'command=x\nstdout_capture_maxbytes=1MB\nstdout_events_enabled=false\nlabels=a=b\n';
  const text = said(`[program:a]\n${keys}[program:b]\n${keys}`);
  assert.equal(
    text,
    [
      '/etc/agent.conf:9: notice: [program:a] stdout_capture_maxbytes: is not supported yet and has no effect (told once)',
      '/etc/agent.conf:11: notice: [program:a] labels: is not supported yet and has no effect (told once)',
      '2 notices',
    ].join('\n'),
  );
});

// ── groups ──────────────────────────────────────────────────────────────────────────────────────

const A = '[program:a]\ncommand=%(group_name)s\npriority=1\n';
const B = '[program:b]\ncommand=x\npriority=2\n';

test('members leave their own group and take the priority of the new one', () => {
  const made = processes(
    `${A}${B}[program:c]\ncommand=x\npriority=3\n[group:g]\nprograms=b,a\npriority=7`,
  );
  assert.deepEqual(
    made.map(({ process, group, groupPriority, priority }) => [
      process,
      group,
      groupPriority,
      priority,
    ]),
    [
      ['c', 'c', 3, 3],
      ['g:b', 'g', 7, 2],
      ['g:a', 'g', 7, 1],
    ],
  );
  assert.equal(made[2]?.command, 'g');
});

test('a program in two groups is two processes', () => {
  const made = processes(`${A}[group:g]\nprograms=a\n[group:h]\nprograms=a`);
  assert.deepEqual(
    made.map(({ process, groupPriority }) => [process, groupPriority]),
    [
      ['g:a', 999],
      ['h:a', 999],
    ],
  );
});

test('a group that names an unknown program is an error with a suggestion', () => {
  assert.match(
    said('[program:worker]\ncommand=x\n[group:g]\nprograms=wroker'),
    /\[group:g\] programs: no \[program:…\] is named "wroker"\n {4}did you mean worker\?/,
  );
});

test('a program with a fault of its own is not also unknown to its group', () => {
  assert.match(
    said('[program:a]\nstartsecs=1\n[group:g]\nprograms=a'),
    /^[^\n]*command: is missing[^\n]*\n1 error$/,
  );
});

test('a group may name an fcgi-program, which does not run yet', () => {
  const text = `${A}[fcgi-program:php]\ncommand=x\n[group:g]\nprograms=a,php`;
  assert.deepEqual(
    processes(text).map(({ process }) => process),
    ['g:a'],
  );
  assert.match(said(text), /^[^\n]*\[fcgi-program:php\] FastCGI programs come in a later version/);
});

test('groups stand in the order in which Supervisor starts them, and processes in that of names', () => {
  const text = `[program:late]\ncommand=x\npriority=2000\n[program:zoo]\ncommand=x
[program:pool]\ncommand=x\nnumprocs=11\nprocess_name=%(process_num)d\n${A}${B}
[group:g]\nprograms=b,a\npriority=5\n`;
  assert.deepEqual(
    processes(text).map(({ process }) => process),
    ['g:b', 'g:a', ...[0, 1, 10, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `pool:${n}`), 'zoo', 'late'],
  );
});

test('negative numbers mean what they mean to Supervisor, which is nothing, and that is said', () => {
  const keys = ['startsecs', 'startretries', 'stopwaitsecs', 'stdout_logfile_backups'];
  const text = program(`${keys.map((key) => `${key}=-1\n`).join('')}stderr_logfile_maxbytes=-1`);
  const { startMs, startRetries, stopWaitMs, stdoutLog, stderrLog } = only(text);
  assert.deepEqual([startMs, startRetries, stopWaitMs], [0, 0, 0]);
  assert.deepEqual([stdoutLog.backups, stderrLog.maxBytes], [0, 0]);
  assert.match(said(text), /startretries: a negative number means the same as 0/);
  assert.deepEqual(processes(program('numprocs=-3')), []);
});

test('two groups or two processes of one name are an error', () => {
  assert.match(
    said(`${A}${B}[group:a]\nprograms=b`),
    /:7: \[program:a\] a second group of the name "a", after \/etc\/agent\.conf:13\n.*\n1 error$/,
  );
  assert.match(
    said(`${A}process_name=x\n${B}process_name=x\n[group:g]\nprograms=a,b`),
    /\[group:g\] two processes are named "g:x"/,
  );
  assert.match(
    said(`${A}[program: a]\ncommand=x`),
    /is the same as \[program:a\] at \/etc\/agent\.conf:7/,
  );
});

test('names that break paths and selectors are refused', () => {
  for (const name of ['', ' ', 'a b', 'a:b', 'a/b', '.', '..', 'a\tb']) {
    assert.match(said(`[program:${name}]\ncommand=x`), /expected a name without white space/, name);
  }
  assert.match(said(`[program:${'x'.repeat(300)}]\ncommand=x`), /longer than 200 bytes/);
});

test('ten thousand programs, as many as a controller takes, are read in seconds', () => {
  const text = Array.from(
    { length: 10_000 },
    (_, n) => `[program:p${n}]\ncommand=x %(program_name)s`,
  );
  assert.equal(processes(text.join('\n')).length, 10_000);
});

test('suggestions for twenty thousand wrong names among a thousand are not searched for ever', () => {
  const programs = Array.from({ length: 1000 }, (_, n) => `[program:prog${n}]\ncommand=x\n`);
  const members = Array.from({ length: 20_000 }, (_, n) => `porg${n}`);
  const startMs = performance.now();
  assert.match(said(`${programs.join('')}[group:g]\nprograms=${members.join()}`), /20000 errors$/);
  assert.ok(performance.now() - startMs < 10_000);
});

test('more processes than a controller takes are refused, wherever they come from', () => {
  const many = '[program:a]\ncommand=a\nnumprocs=9999\nprocess_name=%(process_num)d\n';
  const { config, problems } = load(`${many}[program:b]\ncommand=b\n[program:c]\ncommand=c\n`);
  assert.equal(config, null);
  assert.match(formatProblems({ errors: problems }), /more than the 10000 processes/);
});
