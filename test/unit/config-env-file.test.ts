/** `env_file` of a program: which files, which variables win, and what is told of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AgentConfigResult, loadAgentConfig } from '../../agent/config/load.ts';
import { adjustmentOf } from '../../agent/core/compare-configuration.ts';
import { initialProcess } from '../../agent/core/process.ts';
import type { FileText } from '../../proto/dialect/files.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeAccounts } from '../fakes/config-accounts.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

type Files = Readonly<Record<string, string | FileText>>;

function load(text: string, others: Files, read: string[] = []): AgentConfigResult {
  const files = fakeConfigFiles({ '/etc/app/agent.conf': `[supervisord]\n${text}`, ...others });
  return loadAgentConfig('/etc/app/agent.conf', {
    env: { HOME: '/home/me', STAGE: 'live' },
    hostName: 'web-1',
    workingDirectory: '/srv',
    files: {
      ...files,
      readText: (path) => {
        read.push(path);
        return files.readText(path);
      },
    },
    ...fakeAccounts(),
  });
}

function environmentOf(text: string, others: Files) {
  const { config, problems } = load(text, others);
  assert.deepEqual(problems, []);
  return config?.processes[0]?.environment;
}

function said(text: string, others: Files): string {
  const { problems, warnings } = load(text, others);
  return formatProblems({ errors: problems, warnings });
}

const program = (keys: string): string => `[program:web]\ncommand=/bin/web\n${keys}`;

test('of several files the later wins, environment over them, and they over that of all programs', () => {
  const text = `environment=A=all,B=all,C=all,D=all\n${program('env_file=/a.env, /b.env\nenvironment=D=own')}`;
  const files = { '/a.env': 'B=a\nC=a\nD=a\nE=a', '/b.env': 'C=b\nD=b' };
  assert.deepEqual(environmentOf(text, files), { A: 'all', B: 'a', C: 'b', D: 'own', E: 'a' });
});

test('paths count from the working directory, and know home and variables', () => {
  const keys =
    'env_file=one.env, ~/two.env, %(here)s/%(program_name)s-%(process_num)d.env\n  /etc/%(ENV_STAGE)s.env';
  const files = {
    '/srv/one.env': 'A=1',
    '/home/me/two.env': 'B=2',
    '/etc/app/web-0.env': 'C=3',
    '/etc/live.env': 'D=4',
  };
  assert.deepEqual(environmentOf(program(keys), files), { A: '1', B: '2', C: '3', D: '4' });
});

test('what a file says is for the program alone: nothing in the configuration can name it', () => {
  const text = program('env_file=/a.env\ndirectory=/x/%(ENV_A)s');
  assert.match(said(text, { '/a.env': 'A=1' }), /directory: no variable is named "ENV_A"/);
});

test('a file that cannot be used is an error of every program that names it', () => {
  const two = `${program('env_file=/a.env')}\n[program:api]\ncommand=x\nenv_file=/a.env,/d,/u`;
  const files = { '/d/x': '', '/u': { kind: 'unreadable', why: 'permission denied' } } as const;
  const hint =
    '    a relative path counts from the directory in which the agent was started; %(here)s/… from that of this file';
  assert.equal(
    said(two, files),
    [
      '/etc/app/agent.conf:4: [program:web] env_file: there is no file "/a.env"',
      hint,
      '/etc/app/agent.conf:7: [program:api] env_file: there is no file "/a.env"',
      hint,
      '/etc/app/agent.conf:7: [program:api] env_file: "/d" is a directory, not a file',
      '/etc/app/agent.conf:7: [program:api] env_file: "/u" cannot be read: permission denied',
      '4 errors',
    ].join('\n'),
  );
});

test('what is wrong within a file is told with its line, once for all that name it, and no secret', () => {
  const two = `${program('env_file=/a.env')}\n[program:api]\ncommand=x\nenv_file=/a.env`;
  const text = said(two, { '/a.env': 'A=hunter2\nB hunter2\nA=$hunter2' });
  assert.equal(
    text,
    [
      '/a.env:2: expected KEY=VALUE, found no "="',
      '    write KEY= for an empty value; a text of several lines needs quotes around it',
      '/a.env:3: warning: A is set in line 1 already; the later value counts',
      '/a.env:3: warning: the value has a variable in it ("$…"), which is not replaced here: "$" is a character',
      '    in single quotes it is one everywhere, and this is not told',
      '1 error, 2 warnings',
    ].join('\n'),
  );
});

test('a file is read once however many processes share it, and anew with each reading', () => {
  const text = program('env_file=/a.env\nnumprocs=3\nprocess_name=w%(process_num)d');
  const read: string[] = [];
  load(text, { '/a.env': 'A=1' }, read);
  assert.deepEqual(
    read.filter((path) => path === '/a.env'),
    ['/a.env'],
  );
});

test('what has changed in a file restarts the program at an update', () => {
  const defined = (content: string) => {
    const found = load(program('env_file=/a.env'), { '/a.env': content }).config?.processes[0];
    assert.ok(found);
    return found;
  };
  const running = { ...initialProcess(defined('A=1'), 0), state: 'RUNNING' } as const;
  assert.equal(adjustmentOf(running, defined('A=1 # the same')), 'none');
  assert.equal(adjustmentOf(running, defined('A=2')), 'restart');
});

test('nothing is no file, so that a program can do without that of [DEFAULT]', () => {
  const text = `${program('env_file=')}\n[DEFAULT]\nenv_file=/nowhere`;
  assert.deepEqual(environmentOf(text, {}), {});
});
