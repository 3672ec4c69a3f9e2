/**
 * How a real agent starts programs: how many, under which names, with which surroundings, and where
 * their output goes. What the kernel and the file system say counts, not what the agent says.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { createFleet, type Fleet, makeFolder } from './fleet/harness.ts';
import {
  descriptorsOf,
  environmentOf,
  statusField,
  wordsOf,
  workingDirectoryOf,
} from './fleet/processes.ts';

const HOST = 'web-1';
let fleet: Fleet;

before(async () => {
  fleet = await createFleet();
  const work = makeFolder(fleet, 'work');
  const both = fleet.script('both', 'echo to stdout\necho to stderr >&2\nexec sleep 1000\n');
  const chatty = fleet.script(
    'chatty',
    'i=0\nwhile test $i -lt 100; do i=$((i + 1)); echo "this is line number $i"; done\nexec sleep 1000\n',
  );
  const words = fleet.script('words', 'printf "[%s]" "$@" > "$OUT"\nexec sleep 1000\n');
  const programs = `
[supervisord]
minfds = 512
environment = FROM_ALL="yes",SHARED="global"
[program:many]
command = sleep 10%(process_num)02d
process_name = %(program_name)s_%(process_num)02d
numprocs = 3
numprocs_start = 5
startsecs = 0
environment = NUMBER="%(process_num)d"
[group:team]
programs = left,right
priority = 5
[program:left]
command = sleep 1000
startsecs = 0
[program:right]
command = sleep 1000
startsecs = 0
[program:surroundings]
command = sleep 1000
startsecs = 0
directory = ${work}
umask = 027
environment = LIST="1,2",WORDS="x y",SHARED="own",WHO="%(group_name)s@%(program_name)s"
[program:words]
command = ${words} "one word" 'it''s' two\\ words %%d ";" "" $HOME
startsecs = 0
environment = OUT="${fleet.path('words.out')}"
[program:redirected]
command = ${both}
startsecs = 0
redirect_stderr = true
stdout_logfile = ${fleet.path('redirected.log')}
[program:apart]
command = ${both}
startsecs = 0
stdout_logfile = ${fleet.path('apart.out')}
stderr_logfile = ${fleet.path('apart.err')}
[program:automatic]
command = ${both}
startsecs = 0
[program:silent]
command = ${both}
startsecs = 0
stdout_logfile = NONE
stderr_logfile = /dev/null
[program:chatty]
command = ${chatty}
startsecs = 0
stdout_logfile = ${fleet.path('chatty.log')}
stdout_logfile_maxbytes = 600
stdout_logfile_backups = 2
`;
  await fleet.startController();
  await fleet.startAgent(HOST, { programs, env: { NOTIFY_SOCKET: fleet.path('notify') } });
  await fleet.running(HOST, 'chatty');
});

after(() => fleet?.[Symbol.dispose]());

test('numprocs makes that many processes, counted from numprocs_start', async () => {
  const names = [...(await fleet.processes()).keys()].filter((key) => key.includes('many'));
  assert.deepEqual(names, ['web-1 many:many_05', 'web-1 many:many_06', 'web-1 many:many_07']);
  for (const number of [5, 6, 7]) {
    const pid = await fleet.running(HOST, `many:many_0${number}`);
    assert.match(wordsOf(pid).join(' '), new RegExp(`sleep 100${number}$`));
    assert.equal(environmentOf(pid)['NUMBER'], String(number));
  }
});

test('a group gathers its programs under its own name and priority', async () => {
  const processes = await fleet.processes();
  for (const name of ['left', 'right']) {
    const status = processes.get(`${HOST} team:${name}`)?.status;
    assert.deepEqual([status?.group, status?.groupPriority, status?.priority], ['team', 5, 999]);
    assert.equal(processes.has(`${HOST} ${name}`), false);
    const environment = environmentOf(await fleet.running(HOST, `team:${name}`));
    assert.equal(environment['SUPERVISOR_GROUP_NAME'], 'team');
    assert.equal(environment['SUPERVISOR_PROCESS_NAME'], name);
    assert.equal(environment['SUPERVISOR_ENABLED'], '1');
  }
});

test('a program has its directory, its umask and its environment, and nothing of the agent', async () => {
  const pid = await fleet.running(HOST, 'surroundings');
  assert.equal(workingDirectoryOf(pid), realpathSync(fleet.path('work')));
  assert.equal(statusField(pid, 'Umask'), '0027');
  const environment = environmentOf(pid);
  assert.equal(environment['LIST'], '1,2');
  assert.equal(environment['WORDS'], 'x y');
  assert.equal(environment['FROM_ALL'], 'yes');
  assert.equal(environment['SHARED'], 'own');
  assert.equal(environment['WHO'], 'surroundings@surroundings');
  assert.equal(environment['NOTIFY_SOCKET'], undefined);
});

test('a program has the descriptors 0, 1 and 2, no other, and the limit that minfds says', async () => {
  const pid = await fleet.running(HOST, 'surroundings');
  // The harness hands each program one descriptor more than it needs; the agent must not pass it on.
  const descriptors = descriptorsOf(pid);
  assert.deepEqual([...descriptors.keys()], [0, 1, 2], JSON.stringify([...descriptors]));
  assert.equal(descriptors.get(0), realpathSync(fleet.path(HOST, 'run', 'surroundings.in')));
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
  assert.match(limits, /^Max open files +512 /m);
});

test('a program leads a session of its own, and no signal is ignored or blocked in it', async () => {
  const pid = await fleet.running(HOST, 'surroundings');
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  assert.deepEqual(stat.slice(2, 4), [String(pid), String(pid)]);
  const ignored = BigInt(`0x${statusField(pid, 'SigIgn')}`);
  const blocked = BigInt(`0x${statusField(pid, 'SigBlk')}`);
  assert.deepEqual([ignored, blocked], [0n, 0n]);
});

test('a command is split into words as a shell would, and no shell sees it', async () => {
  await fleet.running(HOST, 'words');
  const text = await fleet.until('it has written its words', () => fleet.read('words.out'));
  assert.equal(text, '[one word][its][two words][%d][;][][$HOME]');
});

test('stdout and stderr go where the configuration says', async () => {
  for (const name of ['redirected', 'apart', 'automatic', 'silent'])
    await fleet.running(HOST, name);
  const expected = {
    'redirected.log': 'to stdout\nto stderr\n',
    'apart.out': 'to stdout\n',
    'apart.err': 'to stderr\n',
    [`${HOST}/log/automatic-stdout.log`]: 'to stdout\n',
    [`${HOST}/log/automatic-stderr.log`]: 'to stderr\n',
  };
  for (const [file, text] of Object.entries(expected)) {
    await fleet.until(`${file} is ${JSON.stringify(text)}`, () => fleet.read(file) === text);
  }
  assert.equal(existsSync(fleet.path(HOST, 'log', 'silent-stdout.log')), false);
});

test('a log is rotated by size; as many older ones are kept as was said, and no line is lost between them', async () => {
  const newest = 'this is line number 100';
  const lines = await fleet.until('the last line is there', () => {
    const all = ['chatty.log.2', 'chatty.log.1', 'chatty.log'].flatMap((name) => fleet.lines(name));
    return all.includes(newest) && all;
  });
  assert.equal(existsSync(fleet.path('chatty.log.3')), false);
  const numbers = lines.map((line) => Number(/ (\d+)$/.exec(line)?.[1]));
  const first = numbers[0] ?? 0;
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => first + index),
  );
  assert.equal(numbers.at(-1), 100);
  assert.ok(statSync(fleet.path('chatty.log')).size < 600);
});
