/**
 * `fleetctl --local` beside supervisorctl: the same command lines, one after the other, on the same
 * configuration under both daemons. What they print and their exit codes must be equal, except where
 * a row says what is better here, and why.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from './fleet/wait.ts';
import { hasSupervisor, type Said, type Side, startAgent, startSupervisor } from './local-stage.ts';

const PROGRAMS = `
[program:web]
command = /bin/sh -c 'echo hello; echo oops >&2; exec sleep 1000'
process_name = %(program_name)s_%(process_num)d
numprocs = 2
startsecs = 0
[program:solo]
command = /bin/sh -c 'echo one two three; exec sleep 1000'
startsecs = 0
priority = 5
[program:idle]
command = sleep 1000
autostart = false
startsecs = 0
stdout_logfile = NONE
[program:gone]
command = /no/such/file
autostart = false
[program:plain]
command = /etc/passwd
autostart = false
[program:crash]
command = /bin/sh -c 'exit 3'
autostart = false
startretries = 0
[program:oneshot]
command = /bin/sh -c 'sleep 0.5; exit 3'
startsecs = 0
autorestart = false
[program:a]
command = sleep 1000
startsecs = 0
[program:b]
command = sleep 1000
startsecs = 0
autostart = false
[group:ab]
programs = a,b
priority = 7
`;

interface Better {
  readonly stdout?: string;
  readonly exitCode?: number;
  readonly because: string;
}

/** `sorted`: the order within one command is that in which things happened. */
type Row = readonly [
  typed: string,
  how?: 'sorted' | 'sorted, some failure' | 'first line' | Better,
];

const rows: readonly Row[] = [
  ['status web:web_0 solo ab:'],
  ['status gone'],
  ['status nosuch'],
  ['status nosuch:*'],
  ['status nosuch gone'],
  ['status nosuch: solo'],
  ['status solo:solo'],
  ['status :'],
  ['status x:x'],
  ['avail'],
  ['reread'],
  ['start', 'first line'],
  ['stop', 'first line'],
  ['restart', 'first line'],
  ['signal', 'first line'],
  ['signal HUP', 'first line'],
  ['clear', 'first line'],
  ['version x', 'first line'],
  ['avail x', 'first line'],
  ['reload x', 'first line'],
  ['shutdown x', 'first line'],
  ['nonsense x y'],
  ['help nonsense'],
  ['start nosuch'],
  ['start nosuch:*'],
  ['start nosuch:x'],
  ['stop nosuch'],
  ['stop nosuch:'],
  ['restart nosuch'],
  ['restart nosuch:*'],
  ['signal HUP nosuch'],
  ['signal HUP nosuch:*'],
  ['signal NOPE solo'],
  ['signal NOPE web:*'],
  ['signal NOPE gone'],
  ['signal NOPE nosuch'],
  ['signal CONT gone'],
  ['signal cont solo'],
  ['signal SIGCONT web:*', 'sorted'],
  ['signal 18 solo gone nosuch', 'sorted'],
  ['pid solo'],
  ['pid nosuch gone'],
  ['pid gone nosuch'],
  ['pid all'],
  ['start ab:a'],
  ['start gone'],
  ['start plain'],
  ['start crash'],
  ['status crash'],
  ['start oneshot'],
  ['start idle'],
  ['start idle'],
  ['stop idle'],
  ['stop idle'],
  ['status idle'],
  ['start web:*'],
  ['stop web:*', 'sorted'],
  ['stop web:*'],
  ['signal HUP web:*'],
  ['start web: idle nosuch', 'sorted'],
  ['restart idle'],
  ['restart gone'],
  ['restart plain'],
  ['restart crash'],
  ['restart web:*', 'sorted'],
  ['restart idle nosuch', 'sorted'],
  ['start idle crash'],
  // Three of them fail, in two ways, and which fails last is chance.
  ['start all nosuch', 'sorted, some failure'],
  ['tail solo'],
  ['tail -4 web:web_0 stderr'],
  ['tail web:web_0 STDERR'],
  ['tail nosuch'],
  ['tail web:*'],
  ['tail idle'],
  ['tail idle stderr'],
  ['tail solo stdin'],
  ['tail -x solo'],
  ['tail -5'],
  ['tail', 'first line'],
  ['maintail x'],
  ['clear solo nosuch', 'sorted'],
  ['tail solo'],
  ['add solo'],
  ['add nosuch'],
  ['add'],
  ['remove solo'],
  ['remove nosuch'],
  ['remove gone'],
  ['status gone'],
  ['avail'],
  ['add gone'],
  ['status gone'],
  ['update'],
  ['update nosuch'],
  ['stop all', 'sorted'],
  ['stop all'],
  ['status all'],
  ['status web', { because: '`web` means the program, too', exitCode: 3 }],
];

let supervisor: Side;
let agent: Side;

const options = hasSupervisor ? {} : { skip: 'needs supervisord, which is not installed' };

before(async () => {
  if (!hasSupervisor) return;
  supervisor = await startSupervisor(PROGRAMS);
  agent = await startAgent(PROGRAMS);
  await settled(supervisor);
  await settled(agent);
});

after(async () => {
  await Promise.all([supervisor?.stop(), agent?.stop()]);
});

/** Everything that starts by itself is up, and the one that ends has ended. */
async function settled(side: Side): Promise<void> {
  await eventually('four that run and one that has ended', async () => {
    const { stdout } = await side.run(['status']);
    return stdout.match(/ RUNNING /g)?.length === 4 && /^oneshot +EXITED/m.test(stdout);
  });
}

/** Without what differs from one run to the next. */
function comparable({ stdout, stderr, exitCode }: Said, side: Side, how: Row[1]) {
  const text = stdout
    .replaceAll(side.folder, '{dir}')
    .replace(/pid \d+, uptime \d+:\d\d:\d\d/g, 'pid N, uptime T')
    .replace(/[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M/g, 'TIME')
    .replace(/^[1-9]\d*$/gm, 'N')
    // Ours says how it ended.
    .replace(/Exited too quickly \(.*\)/g, 'Exited too quickly');
  const lines = text.split('\n');
  if (how === 'sorted' || how === 'sorted, some failure') lines.sort();
  const code = how === 'sorted, some failure' && exitCode !== 0 ? 'a failure' : exitCode;
  return { stdout: how === 'first line' ? lines.slice(0, 1) : lines, stderr, exitCode: code };
}

for (const [index, [typed, how]] of rows.entries()) {
  test(`${index}: ${typed}`, options, async () => {
    const words = typed.split(' ');
    const theirs = comparable(await supervisor.run(words), supervisor, how);
    const ours = comparable(await agent.run(words), agent, how);
    if (typeof how !== 'object') return assert.deepEqual(ours, theirs);
    assert.notDeepEqual(ours, theirs, 'no longer different');
    if (how.exitCode !== undefined) assert.equal(ours.exitCode, how.exitCode);
  });
}

test('a new configuration is told and taken up in the same words', options, async () => {
  for (const side of [supervisor, agent]) {
    await side.run(['start', 'solo']);
    side.edit((text) =>
      text
        .replace(/\[program:gone\][^[]*/, '')
        .replace('echo one two three', 'echo four')
        .concat('[program:late]\ncommand = sleep 1000\nstartsecs = 0\n'),
    );
  }
  for (const typed of ['reread', 'avail', 'update', 'status late solo', 'status gone', 'update']) {
    const words = typed.split(' ');
    const theirs = comparable(await supervisor.run(words), supervisor, undefined);
    assert.deepEqual(comparable(await agent.run(words), agent, undefined), theirs, typed);
  }
});

test('a configuration that is wrong is refused as such', options, async () => {
  for (const side of [supervisor, agent]) {
    side.edit((text) => text.replace('priority = 5', 'priority = five'));
  }
  for (const verb of ['reread', 'update']) {
    const { exitCode, stdout } = await agent.run([verb]);
    assert.equal(exitCode, (await supervisor.run([verb])).exitCode);
    assert.match(stdout, /^ERROR: CANT_REREAD: [^\n]+\n/);
    assert.match(stdout, /both\.conf/);
  }
});

test('the end is told in the same words, and so is that it was the end', options, async () => {
  for (const typed of ['shutdown']) {
    const theirs = comparable(await supervisor.run([typed]), supervisor, undefined);
    assert.deepEqual(comparable(await agent.run([typed]), agent, undefined), theirs);
  }
});
