/**
 * Whoever mends a file mends it once: every mistake of every section is told in one reading, each
 * once, and nothing is blamed for what is wrong elsewhere.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAgentConfig } from '../../agent/config/load.ts';
import { fakeAccounts } from '../fakes/config-accounts.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

/** Mistakes and doubts as `section key: message`, in the order of the file. */
function told(text: string): readonly string[] {
  const { config, problems, warnings } = loadAgentConfig('/agent.conf', {
    env: { LOGS: '/gone' },
    hostName: 'web-1',
    workingDirectory: '/',
    files: fakeConfigFiles({ '/agent.conf': text }, ['/logs', '/logs/0', '/logs/1', '/logs/web']),
    ...fakeAccounts(),
  });
  assert.equal(config, null);
  return [...problems, ...warnings]
    .toSorted((a, b) => a.line - b.line)
    .map(({ section, key, message }) => `${[section, key].join(' ').trim()}: ${message}`);
}

const program = (keys: string): readonly string[] => told(`[agent]\n[program:web]\n${keys}`);

const COMMAND = 'program:web command: expected a command line, found nothing';
const ENVIRONMENT = /^program:web environment: /;
const NAMES = '2 processes need different names';

test('an empty command, a missing directory and equal names are told beside any other mistake', () => {
  for (const other of ['startsecs=ten', 'environment=A', 'user=bob', 'process_name=a b']) {
    const found = program(`command=\nnumprocs=2\nstdout_logfile=/no/x\n${other}\n`);
    assert.ok(found.includes(COMMAND), other);
    assert.ok(found.includes('program:web stdout_logfile: there is no directory "/no"'), other);
    assert.ok(
      found.some((one) => one.endsWith(NAMES)),
      other,
    );
    assert.equal(found.length, 4, found.join('\n'));
  }
});

test('the keys that use a wrong environment are not blamed, and their other mistakes are told', () => {
  const [first, ...others] = program(
    'environment=A\ncommand=%(ENV_A)s %(nope)s\nstdout_logfile=%(ENV_LOGS)s/x\ndirectory=%(ENV_B)s',
  );
  assert.match(first ?? '', ENVIRONMENT);
  assert.deepEqual(others, ['program:web command: no variable is named "nope"']);
});

test('the programs that use a wrong environment of [supervisord] are not blamed', () => {
  const [first, ...others] = told(
    '[supervisord]\nenvironment=A\n[program:web]\ncommand=%(ENV_A)s\nstdout_logfile=%(ENV_OWN)s/x\nenvironment=OWN=/no',
  );
  assert.match(first ?? '', /^supervisord environment: /);
  assert.deepEqual(others, ['program:web stdout_logfile: there is no directory "/no"']);
});

test('a wrong count is not blamed on what would count', () => {
  for (const count of ['numprocs=x', 'numprocs_start=x', 'numprocs=2\nnumprocs_start=x']) {
    const keys = 'process_name=w%(process_num)d\nstdout_logfile=/logs/9%(process_num)d/x';
    const found = program(`command=\n${count}\n${keys}`);
    assert.deepEqual(
      found.map((one) => one.slice(0, one.indexOf(':', 'program:'.length))),
      ['program:web command', `program:web ${count.split('\n').at(-1)?.replace('=x', '')}`],
    );
  }
});

test('how many there are is not known where numprocs is wrong', () => {
  const found = program('command=x\nnumprocs=x\nstdout_logfile=/logs/9%(numprocs)d/x');
  assert.match(found.join('\n'), /^program:web numprocs: expected [^\n]*$/);
});

test('what is wrong with a later process alone is told beside a mistake of the program', () => {
  const keys = 'numprocs=4\nprocess_name=w%(process_num)d\nstdout_logfile=/logs/%(process_num)d/x';
  assert.deepEqual(program(`command=x\nstartsecs=ten\n${keys}`), [
    'program:web startsecs: expected seconds (a whole number ≥ 0), found "ten"',
    'program:web stdout_logfile: there is no directory "/logs/2"',
    'program:web stdout_logfile: there is no directory "/logs/3"',
  ]);
});

test('numprocs=0 asks about no process, also beside a mistake', () => {
  assert.deepEqual(program('command=\nnumprocs=0\nautostart=maybe'), [
    'program:web autostart: expected true or false (also yes/no, on/off, 1/0), found "maybe"',
  ]);
});

test('keys that contradict one another are told beside a mistake', () => {
  const keys = 'stopasgroup=true\nkillasgroup=false\nredirect_stderr=true\nstderr_logfile=/logs/e';
  assert.deepEqual(program(`command=\nstopsignal=NO\n${keys}`).slice(2), [
    'program:web killasgroup: cannot be false where stopasgroup is true',
    'program:web stderr_logfile: is not written, because redirect_stderr is true',
  ]);
});

test('two processes of one name are told though their programs have mistakes', () => {
  const found = told(
    '[agent]\n[program:a]\ncommand=\n[program:b]\ncommand=x\nprocess_name=a\nuser=bob\n[group:g]\nprograms=a,b',
  );
  assert.equal(found.at(-1), 'group:g: two processes are named "g:a"');
  assert.equal(found.length, 3);
});

test('a group with a mistake still has its programs', () => {
  assert.deepEqual(
    told('[agent]\n[program:web]\ncommand=\n[group:web]\nprograms=web,no\npriority=x'),
    [
      COMMAND,
      'group:web programs: no [program:…] is named "no"',
      'group:web priority: expected a whole number, found "x"',
    ],
  );
});

test('where it is not known what a group names, no program is blamed for its name', () => {
  assert.deepEqual(
    told('[agent]\n[program:web]\ncommand=\n[group:web]\nprograms=%(nope)s\npriority=x'),
    [
      COMMAND,
      'group:web programs: no variable is named "nope"',
      'group:web priority: expected a whole number, found "x"',
    ],
  );
});

test('the programs of a group with a wrong name are not taken for groups of their own', () => {
  const found = told(
    '[agent]\n[program:web]\ncommand=x\n[program:x]\ncommand=x\n[group:web]\nprograms=x\n[group:c d]\nprograms=web',
  );
  assert.equal(found.length, 1);
  assert.match(found[0] ?? '', /^group:c d: expected a name/);
});

test('what is in a section with a wrong name is judged, but not by that name', () => {
  const found = told(
    `[agent]\n[program:a b]\ncommand=\nprocess_name=%(program_name)s\nstdout_logfile=/no/x
[program:web]\ncommand=x\n[program: web]\nautostart=maybe\ncommand=
[group:a b]\nprograms=a b,no\npriority=x\n[group:c d]\nprograms=web`,
  );
  assert.deepEqual(
    found.map((one) => one.replace(/(?:expected|is the same) .*/, '…')),
    [
      'program:a b: …',
      'program:a b command: …',
      'program:a b stdout_logfile: there is no directory "/no"',
      'program: web: …',
      'program: web autostart: …',
      'program: web command: …',
      'group:a b: …',
      'group:a b programs: no [program:…] is named "no"',
      'group:a b priority: …',
      'group:c d: …',
    ],
  );
});

test('a mistake in [DEFAULT] is told once, not for each program', () => {
  assert.deepEqual(
    told('[DEFAULT]\nautostart=maybe\n[agent]\n[program:a]\ncommand=x\n[program:b]\ncommand=x'),
    ['DEFAULT autostart: expected true or false (also yes/no, on/off, 1/0), found "maybe"'],
  );
});

test('a missing certificate is told beside another mistake of [agent]', () => {
  assert.deepEqual(told('[agent]\ncontrollers=a:1\nkey=\ncert=x\nhost=a/b'), [
    'agent controllers: a controller lets only a certified agent in: ca is missing',
    "agent key: expected the file of the agent's private key, found nothing",
    'agent host: expected the name of this host (letters, digits, dots and hyphens), found "a/b"',
  ]);
});

test('the user of [supervisord] counts for programs though another key there is wrong', () => {
  const found = told(
    '[supervisord]\nuser=www\npidfile=/no/x\n[program:web]\ncommand=x\nuser=alice',
  );
  assert.equal(found[0], 'supervisord pidfile: there is no directory "/no"');
  assert.match(found[1] ?? '', /^program:web user: every start will fail: the agent runs as www/);
  assert.equal(found.length, 2);
});
