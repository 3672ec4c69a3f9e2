/** `depends_on`: which processes its names mean, and what could never come true. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AgentConfigResult, loadAgentConfig } from '../../agent/config/load.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { fakeAccounts } from '../fakes/config-accounts.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

function load(text: string): AgentConfigResult {
  return loadAgentConfig('/a.conf', {
    env: {},
    hostName: 'web-1',
    workingDirectory: '/',
    files: fakeConfigFiles({ '/a.conf': `[supervisord]\n${text}` }),
    ...fakeAccounts(),
  });
}

const program = (name: string, keys = ''): string => `[program:${name}]\ncommand=x\n${keys}\n`;
const many = 'numprocs=2\nprocess_name=%(program_name)s_%(process_num)d';
const CHECK = 'healthcheck=tcp 80';

/** `started` is left out, as in a file. */
function dependenciesOf(process: string, text: string): readonly string[] {
  const { config, problems } = load(text);
  assert.equal(formatProblems({ errors: problems }), '');
  const found = config?.processes.find((one) => one.process === process);
  assert.ok(found);
  return found.dependsOn.map(({ process: name, condition }) =>
    condition === 'started' ? name : `${name} ${condition}`,
  );
}

/** Without hints and the count. */
function said(text: string): readonly string[] {
  const { problems, warnings, notices } = load(text);
  return formatProblems({ errors: problems, warnings, notices })
    .split('\n')
    .filter((line) => line.startsWith('/a.conf') && line.includes('depends_on'));
}

test('names mean processes, programs and groups, with the condition that stands behind', () => {
  const text =
    program('web', 'depends_on=db healthy, migrate COMPLETED,\n  cache, back') +
    program('db', CHECK) +
    program('migrate', 'startsecs=0') +
    program('cache', many) +
    program('api') +
    program('queue') +
    '[group:back]\nprograms=api,queue';
  assert.deepEqual(dependenciesOf('web', text), [
    'db healthy',
    'migrate completed',
    'cache:cache_0',
    'cache:cache_1',
    'back:api',
    'back:queue',
  ]);
});

test('a name is that of a process first, and may be written as supervisorctl writes it', () => {
  const text =
    program('web', 'depends_on=cache:cache_1') +
    program('api', 'depends_on=cache:*') +
    program('cache', many);
  assert.deepEqual(dependenciesOf('web', text), ['cache:cache_1']);
  assert.deepEqual(dependenciesOf('api', text), ['cache:cache_0', 'cache:cache_1']);
});

test('each process of a program can have its own', () => {
  const own = `${many}\ndepends_on=db:db_%(process_num)d`;
  const text = program('web', own) + program('db', many);
  assert.deepEqual(dependenciesOf('web:web_0', text), ['db:db_0']);
  assert.deepEqual(dependenciesOf('web:web_1', text), ['db:db_1']);
});

test('what is named twice is needed once, in the stronger way', () => {
  const text = program('web', 'depends_on=db, db healthy, db') + program('db', CHECK);
  assert.deepEqual(dependenciesOf('web', text), ['db healthy']);
  const impossible = program('web', 'depends_on=db, db completed') + program('db', 'startsecs=0');
  assert.deepEqual(said(impossible), [
    '/a.conf:4: [program:web] depends_on: db can never be both running and completed',
  ]);
});

test('nothing is no dependency', () => {
  const text = `${program('web', 'depends_on=')}${program('db', 'depends_on=')}[DEFAULT]\ndepends_on=db`;
  assert.deepEqual(dependenciesOf('web', text), []);
});

test('a name that is not there is an error with the one that was probably meant', () => {
  const { problems } = load(program('web', 'depends_on=databse, x') + program('database'));
  assert.equal(
    formatProblems({ errors: problems }),
    [
      '/a.conf:4: [program:web] depends_on: no process, program or group is named "databse"',
      '    did you mean database?',
      '/a.conf:4: [program:web] depends_on: no process, program or group is named "x"',
      '2 errors',
    ].join('\n'),
  );
});

test('a name whose section has a mistake is there, and not blamed', () => {
  const text =
    program('web', 'depends_on=db healthy, db:db_1, more') +
    program('db', 'numprocs=x') +
    '[group:more]\nprograms=nobody';
  assert.deepEqual(said(text), []);
  assert.equal(load(text).problems.length, 2);
});

test('a condition that is none is an error, and so is a missing comma', () => {
  const mistake = (written: string) =>
    said(program('web', `depends_on=${written}`) + program('db'));
  const at = '/a.conf:4: [program:web] depends_on: ';
  assert.deepEqual(mistake('db helthy'), [
    `${at}expected started, healthy, completed or a comma after "db", found "helthy"; did you mean healthy?`,
  ]);
  assert.deepEqual(mistake('db started cache'), [
    `${at}expected a comma after "db started", found "cache"`,
  ]);
});

test('healthy wants a healthcheck', () => {
  assert.deepEqual(said(program('web', 'depends_on=db healthy') + program('db', many)), [
    '/a.conf:4: [program:web] depends_on: db has no healthcheck, so it never becomes healthy',
  ]);
});

test('nothing can wait for itself, not even as a member of something', () => {
  const at = '/a.conf:4: [program:web] depends_on: ';
  assert.deepEqual(said(program('web', 'depends_on=web')), [`${at}"web" means web itself`]);
  const inGroup = `${program('web', 'depends_on=all')}${program('db')}[group:all]\nprograms=web,db`;
  assert.deepEqual(said(inGroup), [`${at}"all" means web itself`]);
});

test('a circle is an error that shows it, also through groups', () => {
  const text =
    program('web', 'depends_on=back') +
    program('api', 'depends_on=db') +
    program('db', 'depends_on=web') +
    program('other', 'depends_on=web') +
    '[group:back]\nprograms=api';
  assert.deepEqual(said(text), [
    '/a.conf:7: [program:api] depends_on: each waits for the next, and none can ever start: back:api → db → web → back:api',
  ]);
});

test('of two circles both are told, and one of many processes once', () => {
  const text =
    program('a', `depends_on=b\n${many}`) +
    program('b', `depends_on=a\n${many}`) +
    program('c', 'depends_on=d') +
    program('d', 'depends_on=c');
  assert.deepEqual(
    said(text).map((line) => line.replace(/^.*ever start: /, '')),
    ['a:a_0 → b:b_0 → a:a_0', 'c → d → c'],
  );
});

test('what begins in a later tier is told, with what happens', () => {
  const text = program('web', 'depends_on=db\npriority=1\ntier_wait=7') + program('db');
  assert.deepEqual(said(text), [
    '/a.conf:4: warning: [program:web] depends_on: db is in a later tier (priority 999) than web (priority 1), which is begun only when the tier_wait of the earlier has run out (7 s)',
  ]);
  assert.deepEqual(said(program('web', 'depends_on=db') + program('db', 'priority=1')), []);
  // Within one group it is the priorities of the programs that count.
  const grouped = (db: number) =>
    `${program('web', 'depends_on=db\npriority=5')}${program('db', `priority=${db}`)}[group:all]\nprograms=web,db`;
  assert.deepEqual(said(grouped(4)), []);
  assert.deepEqual(said(grouped(6)), [
    '/a.conf:4: warning: [program:web] depends_on: db is in a later tier (priority 6 in a group of 999) than web (priority 5 in a group of 999), which is begun only when the tier_wait of the earlier has run out (30 s)',
  ]);
});

test('what nobody starts, never ends, or ends too soon is told', () => {
  const at = '/a.conf:4: ';
  assert.deepEqual(said(program('web', 'depends_on=db') + program('db', 'autostart=false')), [
    `${at}warning: [program:web] depends_on: db has autostart = false, and dependencies start nothing: at boot web waits until somebody starts db`,
  ]);
  const job = 'autorestart=true\nstartsecs=0';
  assert.deepEqual(said(program('web', 'depends_on=job completed') + program('job', job)), [
    `${at}warning: [program:web] depends_on: job has autorestart = true, so it is started again whenever it has completed`,
  ]);
  assert.deepEqual(said(program('web', 'depends_on=job completed') + program('job')), [
    `${at}notice: [program:web] depends_on: if job ends within its startsecs (1 s), that is a failed start and never completes it`,
  ]);
});

test('a long chain is right, and more dependencies than fit into memory are refused', () => {
  const chain = Array.from({ length: 300 }, (_, index) =>
    program(`p${index}`, index === 0 ? '' : `depends_on=p${index - 1}`),
  ).join('');
  assert.deepEqual(load(chain).problems, []);
  const dense =
    program('web', `numprocs=320\nprocess_name=w%(process_num)d\ndepends_on=db`) +
    program('db', 'numprocs=320\nprocess_name=d%(process_num)d');
  assert.deepEqual(said(dense), [
    '/a.conf:6: [program:web] depends_on: this host has more than 100000 dependencies; name fewer processes',
  ]);
});
