/** Where the output of a program goes (Supervisor datatypes.py `logfile_name`, options.py). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAgentConfig } from '../../agent/config/load.ts';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeAccounts } from '../fakes/config-accounts.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

const AGENT = '[agent]\ncontrollers=c:1\nca=a\ncert=b\nkey=c\n';

const load = (keys: string) =>
  loadAgentConfig('/etc/agent.conf', {
    env: { HOME: '/root', LOGS: '/var/log/app' },
    hostName: 'web-1',
    workingDirectory: '/srv',
    files: fakeConfigFiles(
      { '/etc/agent.conf': `${AGENT}[program:web]\ncommand=/bin/web\n${keys}` },
      ['/var/log/app', '/root', '/srv/logs', '/var/log/100%'],
    ),
    ...fakeAccounts(),
  });

function defined(keys: string): ProcessDefinition {
  const { config, problems } = load(keys);
  assert.deepEqual(problems, []);
  assert.ok(config?.processes[0]);
  return config.processes[0];
}

function said(keys: string): string {
  const { problems, warnings } = load(keys);
  return formatProblems({ errors: problems, warnings });
}

const none = { kind: 'none' };
const file = (path: string) => ({ kind: 'file', path });

for (const [written, target] of [
  ['AUTO', { kind: 'auto' }],
  ['auto', { kind: 'auto' }],
  ['NONE', none],
  ['off', none],
  ['', none],
  ['/var/log/app/o', file('/var/log/app/o')],
  ['%(ENV_LOGS)s/%(program_name)s.log', file('/var/log/app/web.log')],
  ['logs/o', file('/srv/logs/o')],
  ['o', file('/srv/o')],
  ['~/o', file('/root/o')],
  ['/dev/stdout', { kind: 'standard', descriptor: 1 }],
  ['/dev/fd/1', { kind: 'standard', descriptor: 1 }],
  ['/dev/stderr', { kind: 'standard', descriptor: 2 }],
  ['/dev/fd/2', { kind: 'standard', descriptor: 2 }],
  ['/proc/self/fd/2', { kind: 'standard', descriptor: 2 }],
] as const) {
  test(`stdout_logfile=${written} is ${JSON.stringify(target)}`, () => {
    assert.deepEqual(defined(`stdout_logfile=${written}`).stdoutLog.target, target);
    assert.deepEqual(defined(`stderr_logfile=${written}`).stderrLog.target, target);
  });
}

test('a log whose directory is not there is told when the file is read', () => {
  assert.match(
    said('stderr_logfile=nolog/o'),
    /stderr_logfile: there is no directory "\/srv\/nolog"/,
  );
  assert.match(
    said('stdout_logfile=a\n b'),
    /stdout_logfile: expected a path, AUTO or NONE, found/,
  );
});

test('syslog is a place of its own, in which a file may stand beside it', () => {
  const instead = defined('stdout_logfile=syslog\nstderr_logfile=SYSLOG');
  assert.deepEqual([instead.stdoutLog.target, instead.stdoutLog.syslog], [none, true]);
  assert.deepEqual([instead.stderrLog.target, instead.stderrLog.syslog], [none, true]);
  const beside = defined('stdout_syslog=true\nstdout_logfile=logs/o\nstderr_syslog=on');
  assert.deepEqual(beside.stdoutLog.target, file('/srv/logs/o'));
  assert.deepEqual([beside.stdoutLog.syslog, beside.stderrLog.syslog], [true, true]);
  assert.deepEqual(beside.stderrLog.target, { kind: 'auto' });
  assert.equal(said('stdout_syslog=true'), '');
});

test('a log file is expanded twice, as in Supervisor, but one percent sign stays', () => {
  const path = (text: string) => defined(`stdout_logfile=${text}`).stdoutLog.target;
  assert.deepEqual(path('/var/log/100%%%%/o'), file('/var/log/100%/o'));
  assert.deepEqual(path('/var/log/100%%/o'), file('/var/log/100%/o'));
  assert.deepEqual(path('logs/%%(process_num)d'), file('/srv/logs/0'));
});

test('redirect_stderr leaves no stderr log, and says that a named one is not written', () => {
  const keys = 'redirect_stderr=true\nstderr_syslog=true\nstderr_logfile=/var/log/app/e';
  const { redirectStderr, stderrLog } = defined(keys);
  assert.equal(redirectStderr, true);
  assert.deepEqual([stderrLog.target, stderrLog.syslog], [none, false]);
  assert.match(said(keys), /:10: warning: \[program:web\] stderr_logfile: is not written/);
  assert.equal(said('redirect_stderr=true\nstderr_logfile=syslog'), '');
});

test('an AUTO log that is never rotated is a warning, a named one is not', () => {
  assert.match(said('stdout_logfile_maxbytes=0'), /warning: .*can fill the disk/);
  assert.equal(said('stdout_logfile=logs/o\nstdout_logfile_maxbytes=0'), '');
});
