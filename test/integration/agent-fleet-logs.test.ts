/**
 * A real agent whose controller, played by the test, reads the logs of its programs over a real
 * stream: through rotation, beside a flood, and with a reader who takes nothing.
 */
import assert from 'node:assert/strict';
import {
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SEARCH_MAX_BYTES } from '../../agent/fleet-logs/find-start.ts';
import type { AgentLogMessage, LogSelection } from '../../proto/log-messages.ts';
import { knownProcessName } from '../../proto/vocabulary.ts';
import { handReader, lastLines, logPathFor } from '../fakes/fleet-logs.ts';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet, makeFolder } from './fleet/harness.ts';
import { readCredentials } from './fleet/pki.ts';
import {
  type ScriptedController,
  type ScriptedSession,
  startScriptedController,
} from './fleet/scripted-controller.ts';

const HOST = 'web-1';
const FLOOD_RSS_MAX_BYTES = 150_000_000;
let fleet: Fleet;
let controller: ScriptedController;
let agent: Daemon;
let session: ScriptedSession;
let readers = 0;

before(async () => {
  fleet = await createFleet();
  const logs = makeFolder(fleet, 'logs');
  const counting = fleet.script(
    'counting',
    `i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); echo "line $i"; [ $((i % 20)) = 0 ] && sleep 0.01; done\nexec sleep 1000\n`,
  );
  const both = fleet.script(
    'both',
    'echo "to stdout"; echo "to stderr" >&2\nwhile sleep 0.1; do echo tick; done\n',
  );
  const dated = fleet.script(
    'dated',
    'i=0; while :; do i=$((i + 1)); echo "number $i"; sleep 0.02; done\n',
  );
  const files = await fleet.pki.issue({ kind: 'controller', name: 'ops' });
  controller = await startScriptedController(readCredentials(files, 'controller'), fleet.port);
  agent = await fleet.startAgent(HOST, {
    programs: `
[program:counting]
command = ${counting}
stdout_logfile = ${join(logs, 'counting.log')}
stdout_logfile_maxbytes = 4KB
stdout_logfile_backups = 20
startsecs = 0
autostart = false
[program:both]
command = ${both}
startsecs = 0
[program:dated]
command = ${dated}
stdout_logfile = ${join(logs, 'dated.log')}
stdout_logfile_maxbytes = 0
startsecs = 0
[program:flood]
command = sh -c "yes 0123456789012345678901234567890123456789 | head -c 410000000; exec sleep 1000"
stdout_logfile = ${join(logs, 'flood.log')}
stdout_logfile_maxbytes = 20MB
stdout_logfile_backups = 2
startsecs = 0
autostart = false
`,
  });
  session = await fleet.until('a session', () => {
    const [found] = controller.sessions;
    return found?.heard.some(({ kind }) => kind === 'snapshot') && found;
  });
});

after(async () => {
  await controller?.[Symbol.asyncDispose]();
  fleet?.[Symbol.dispose]();
});

type Block = Extract<AgentLogMessage, { readonly kind: 'logBlock' }>;

interface Reading {
  readonly readerId: number;
  blocks(process?: string): readonly Block[];
  text(process?: string): string;
  end(): Extract<AgentLogMessage, { readonly kind: 'logsEnd' }> | null;
  credit(bytes: number): void;
}

function read(
  processes: readonly string[],
  selection: LogSelection,
  creditBytes = 10_000_000,
): Reading {
  readers += 1;
  const readerId = readers;
  const of = { sessionEpoch: session.epoch, readerId };
  session.say({
    kind: 'readLogs',
    ...of,
    processes: processes.map(knownProcessName),
    channels: ['stdout', 'stderr'],
    selection,
    creditBytes,
  });
  const blocks = (process?: string): readonly Block[] =>
    session.heard
      .filter((message) => message.kind === 'logBlock' && message.readerId === readerId)
      .map((message) => message as Block)
      .filter((block) => process === undefined || block.process === process);
  return {
    readerId,
    blocks,
    text: (process) =>
      Buffer.concat(blocks(process).map(({ data }) => Buffer.from(data))).toString(),
    end: () => {
      const found = session.heard.find(
        (message) => message.kind === 'logsEnd' && message.readerId === readerId,
      );
      return found?.kind === 'logsEnd' ? found : null;
    },
    credit: (bytes) => session.say({ kind: 'logCredit', ...of, bytes }),
  };
}

test('what is asked for in another session is not answered', async () => {
  readers += 1;
  session.say({
    kind: 'readLogs',
    sessionEpoch: session.epoch + 1,
    readerId: readers,
    processes: [knownProcessName('both')],
    channels: ['stdout'],
    selection: lastLines(1),
    creditBytes: 100,
  });
  const ours = read(['both'], lastLines(1));
  await fleet.until('the end of a later one', () => ours.end());
  const theirs = session.heard.filter(
    (message) => 'readerId' in message && message.readerId === ours.readerId - 1,
  );
  assert.deepEqual(theirs, []);
});

function stop({ readerId }: Reading): void {
  session.say({ kind: 'stopLogs', sessionEpoch: session.epoch, readerId });
}

async function start(process: string): Promise<void> {
  const operation = `019aaaaa-0000-7000-8000-00000000000${process.length}`;
  session.command('start', operation as never, knownProcessName(process));
  await fleet.until(`${process} is started`, () =>
    session.events().some((event) => event.kind === 'targetSettled' && event.process === process),
  );
}

const follow = { follow: true } as const;

test('a log is followed from before it is there, through every rotation, in order', async () => {
  const reading = read(['counting'], lastLines(10, follow));
  await start('counting');
  await fleet.until('all is told', () => reading.text().includes('line 3000\n'));
  const told = reading.text();
  const lines = Array.from({ length: 3_000 }, (_, index) => `line ${index + 1}\n`);
  assert.equal(told, lines.join(''));
  assert.equal(
    reading.blocks().every(({ skippedBytes }) => skippedBytes === 0),
    true,
  );
  stop(reading);
  const history = read(['counting'], lastLines(1_000, { grep: '00$' }));
  const end = await fleet.until('the end', () => history.end());
  assert.equal(end.error, null);
  assert.equal(history.text(), lines.filter((line) => line.endsWith('00\n')).join(''));
});

test('channels are told apart, and what cannot be read is said', async () => {
  const reading = read(['both', 'nobody'], lastLines(1_000));
  const end = await fleet.until('the end', () => reading.end());
  assert.equal(end.error, null);
  const notes = session.heard.filter(
    (message) => message.kind === 'logsNote' && message.readerId === reading.readerId,
  );
  assert.deepEqual(
    notes.map((message) => 'note' in message && message.note),
    ['there is no process nobody'],
  );
  const stderr = reading.blocks().filter(({ channel }) => channel === 'stderr');
  assert.equal(Buffer.concat(stderr.map(({ data }) => data)).toString(), 'to stderr\n');
  const bad = read(['both'], lastLines(1, { grep: '[' }));
  const refused = await fleet.until('the end', () => bad.end());
  assert.match(refused.error ?? '', /bad expression "\["/);
});

test('a log is followed through logrotate with dateext, and an update that moves it', async () => {
  const log = join(fleet.folder, 'logs', 'dated.log');
  const reading = read(['dated'], lastLines(0, follow));
  const numbers = () =>
    [...reading.text().matchAll(/^number (\d+)$/gm)].map(([, of]) => Number(of));
  const grown = async (what: string) => {
    const before = numbers().length;
    await fleet.until(what, () => numbers().length > before + 20);
  };
  await grown('it is read');
  for (const day of ['20261122', '20261123']) {
    renameSync(log, `${log}-${day}`);
    const moved = () => statSync(`${log}-${day}`).size;
    const before = moved();
    await fleet.until('the old one has grown', () => moved() > before);
    process.kill(agent.pid, 'SIGUSR2');
    await grown('the new one is read');
  }
  const conf = join(fleet.folder, `${HOST}.conf`);
  writeFileSync(conf, readFileSync(conf, 'utf8').replace('/dated.log', '/elsewhere.log'));
  process.kill(agent.pid, 'SIGHUP');
  const next = join(fleet.folder, 'logs', 'elsewhere.log');
  await fleet.until('the update is done', () => existsSync(next));
  await grown('the other file is read');
  const [from = 0] = numbers();
  assert.deepEqual(
    numbers(),
    numbers().map((_, index) => from + index),
  );
  assert.ok(
    reading.blocks().every(({ skippedBytes, skippedMore }) => skippedBytes === 0 && !skippedMore),
  );
  stop(reading);
});

test('a flood beside it silences no other log, costs no memory, and stops no heartbeat', async () => {
  const none = read(['flood'], lastLines(10, follow), 0);
  const some = read(['flood', 'both'], lastLines(0, follow), 100_000);
  const beats = () => session.heard.filter(({ kind }) => kind === 'heartbeat').length;
  const beatsBefore = beats();
  const ticksBefore = some.blocks('both').length;
  await start('flood');
  let peakBytes = 0;
  const granting = setInterval(() => some.credit(300_000), 30);
  try {
    await fleet.until('two heartbeats, and much of the flood', () => {
      peakBytes = Math.max(peakBytes, residentBytes(agent.pid));
      return beats() >= beatsBefore + 2 && some.blocks('flood').length > 50;
    });
  } finally {
    clearInterval(granting);
  }
  assert.ok(some.blocks('both').length - ticksBefore > 20, 'the quiet one was told all the time');
  const skipped = some.blocks('flood').reduce((total, block) => total + block.skippedBytes, 0);
  assert.ok(skipped > 1_000_000, `${skipped} bytes were skipped`);
  const wholeLine = `${'0123456789'.repeat(4)}\n`;
  assert.equal(some.text('flood').replaceAll(wholeLine, ''), '');
  assert.equal(none.blocks().length, 0);
  assert.ok(peakBytes < FLOOD_RSS_MAX_BYTES, `${peakBytes} bytes`);
  assert.equal(session.hasEnded(), false);
});

test('a search ends after so many bytes, and says so', (context) => {
  const path = logPathFor(context);
  // A hole: large, and takes no time to write.
  writeFileSync(path, 'first\n');
  truncateSync(path, SEARCH_MAX_BYTES + 1_000_000);
  const first = Buffer.from('first');
  const reader = handReader(path, lastLines(1), { grep: (line) => line.includes(first) });
  assert.equal(reader.tell().text, '');
  assert.equal(reader.source.doubts().isCutShort, true);
});

function residentBytes(pid: number): number {
  const pages = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1];
  return Number(pages) * 4_096;
}
