import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHostBacklog } from '../../controller/logs/backlog.ts';
import { planCredit } from '../../controller/logs/credit.ts';
import { LogReaders } from '../../controller/logs/readers.ts';
import { createLogRelay } from '../../controller/logs/relay.ts';
import { isRefusal } from '../../proto/errors.ts';
import type { LogChannel } from '../../proto/local-orders.ts';
import {
  type ControllerLogMessage,
  LOG_BLOCK_MAX_BYTES,
  type LogNews,
  type LogSelection,
  type LogsEnd,
} from '../../proto/log-messages.ts';
import { hostId, knownProcessName } from '../../proto/vocabulary.ts';

const FOLLOW: LogSelection = {
  from: { kind: 'lines', lines: 10 },
  sinceMs: 5,
  grep: null,
  follow: true,
};
const ONCE: LogSelection = { ...FOLLOW, follow: false };
const FINE: LogsEnd = { error: null };

interface RelayWorld {
  /** What the agents were told, by connection. */
  readonly sent: { readonly connection: number; readonly message: ControllerLogMessage }[];
  readonly written: LogNews[];
  readonly relay: Disposable;
  readonly readers: LogReaders;
  /** Lets what is on its way to the caller go; false where nothing is. */
  letGo(): boolean;
  /** All of it, and what that brings. */
  letAllGo(): void;
  hasEnded(): boolean;
  /** The reader that was opened last on this connection. */
  readerOn(connection: number): number;
  block(connection: number, text: string, more?: BlockMore): void;
  note(connection: number, note: string): void;
  end(connection: number, end?: LogsEnd): void;
  connect(connection: number, epoch?: number): void;
  grantedOn(connection: number): number;
}

interface BlockMore {
  readonly process?: string;
  readonly channel?: LogChannel;
  readonly skippedBytes?: number;
  readonly skippedMore?: boolean;
  readonly sessionEpoch?: number;
  readonly readerId?: number;
}

/** Host `h1` has connection 1, and so on; all run `web` and `db`. */
function world(
  hosts: number,
  selection: LogSelection,
  { windowBytes = 100, hostsAtOnce = hosts + 1, connected = hosts } = {},
  channels: readonly LogChannel[] = ['stdout', 'stderr'],
): RelayWorld {
  const sent: RelayWorld['sent'] = [];
  const written: LogNews[] = [];
  let onWritten: (() => void) | null = null;
  let hasEnded = false;
  const readers = new LogReaders({
    sendLog: (connection, message) => void sent.push({ connection, message }),
  });
  const connect = (connection: number, epoch = connection * 10): void =>
    readers.sessionBegan({ host: hostId(`h${connection}`), connection, epoch });
  for (let connection = 1; connection <= connected; connection += 1) connect(connection);
  const relay = createLogRelay(
    {
      sources: Array.from({ length: hosts }, (_, index) => ({
        host: hostId(`h${index + 1}`),
        processes: [knownProcessName('web'), knownProcessName('db')],
      })),
      unreachable: [{ host: hostId('away'), processes: [knownProcessName('web')] }],
      channels,
      selection,
      credit: { windowBytes, hostsAtOnce },
    },
    readers,
    {
      write(news, callBack) {
        assert.equal(onWritten, null, 'one message is on its way at a time');
        written.push(news);
        onWritten = callBack;
      },
      end() {
        hasEnded = true;
      },
    },
  );
  function letGo(): boolean {
    const callBack = onWritten;
    onWritten = null;
    callBack?.();
    return callBack !== null;
  }
  function readerOn(connection: number): number {
    const opened = sent.findLast(
      (one) => one.connection === connection && one.message.kind === 'readLogs',
    );
    return opened?.message.readerId ?? assert.fail(`nothing is read on ${connection}`);
  }
  const own = (connection: number) => ({
    sessionEpoch: connection * 10,
    readerId: readerOn(connection),
  });
  return {
    ...{ sent, written, relay, readers, letGo, readerOn, connect },
    letAllGo() {
      while (letGo());
    },
    hasEnded: () => hasEnded,
    block(connection, text, { process = 'web', ...more } = {}) {
      readers.received(connection, {
        ...{ kind: 'logBlock', channel: 'stdout', skippedBytes: 0, ...own(connection) },
        ...{ skippedMore: false, ...more },
        process: knownProcessName(process),
        data: Buffer.from(text),
      });
    },
    note: (connection, note) =>
      readers.received(connection, { kind: 'logsNote', ...own(connection), note }),
    end: (connection, end = FINE) =>
      readers.received(connection, { kind: 'logsEnd', ...own(connection), ...end }),
    grantedOn: (connection) =>
      sent.reduce(
        (sum, { connection: to, message }) =>
          to === connection && message.kind === 'logCredit' ? sum + message.bytes : sum,
        0,
      ),
  };
}

const textOf = (news: LogNews | undefined): string =>
  news?.kind === 'block' ? Buffer.from(news.data).toString() : `${news?.kind}`;
const textsOf = (written: readonly LogNews[]): readonly string[] => written.map(textOf);

test('sources come first, then blocks and ends, and with the last end the call ends', () => {
  const { written, sent, ...relay } = world(2, ONCE);
  assert.deepEqual(sent[0], {
    connection: 1,
    message: {
      ...{ kind: 'readLogs', sessionEpoch: 10, readerId: 1, creditBytes: 100 },
      ...{ processes: ['web', 'db'], channels: ['stdout', 'stderr'], selection: ONCE },
    },
  });
  relay.block(1, 'one\n');
  relay.note(1, 'that was all');
  relay.end(1, { error: null });
  relay.letAllGo();
  assert.equal(relay.hasEnded(), false);
  relay.end(2, { error: 'no such process' });
  relay.letAllGo();
  assert.deepEqual(textsOf(written), ['sources', 'one\n', 'note', 'ended', 'ended']);
  const [first] = written;
  assert.deepEqual(first?.kind === 'sources' && first.unreachable, ['away']);
  assert.equal(written[2]?.kind === 'note' && written[2].note, 'that was all');
  assert.equal(written[4]?.kind === 'ended' && written[4].error, 'no such process');
  assert.equal(relay.hasEnded(), true);
});

test('with no host to read the call ends once it has said so', () => {
  const relay = world(0, ONCE);
  assert.deepEqual(textsOf(relay.written), ['sources']);
  assert.equal(relay.hasEnded(), true);
});

test('credit is given back when the stream has let the block go, and not before', () => {
  const relay = world(1, FOLLOW);
  relay.letAllGo();
  relay.block(1, 'twelve bytes');
  assert.equal(relay.grantedOn(1), 0);
  relay.letGo();
  assert.equal(relay.grantedOn(1), 12);
});

test('what was given back may be used again, as often as it is', () => {
  const relay = world(1, FOLLOW);
  for (const digit of '123') {
    relay.block(1, digit.repeat(100));
    relay.letAllGo();
  }
  const texts = textsOf(relay.written);
  assert.deepEqual(texts, ['sources', ...[...'123'].map((digit) => digit.repeat(100))]);
  assert.equal(relay.grantedOn(1), 300);
});

test('a caller that reads nothing holds no more than the windows, in as few blocks as may be', () => {
  const relay = world(3, FOLLOW);
  for (const connection of [1, 2, 3]) {
    for (let line = 0; line < 50; line += 1) relay.block(connection, `${line % 10}\n`);
  }
  assert.deepEqual(textsOf(relay.written), ['sources'], 'nothing else is given to the stream');
  assert.equal(relay.sent.filter(({ message }) => message.kind !== 'readLogs').length, 0);
  relay.letAllGo();
  const whole = '0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n'.repeat(5);
  assert.deepEqual(textsOf(relay.written), ['sources', whole, whole, whole]);
  assert.equal(relay.grantedOn(2), 100);
});

test('what waits is not put together beyond a block, nor across what befell the reading', () => {
  const host = hostId('h1');
  const backlog = createHostBacklog(host);
  const add = (bytes: number): void =>
    backlog.addBlock({
      ...{ process: knownProcessName('web'), channel: 'stdout', skippedBytes: 0 },
      ...{ skippedMore: false, data: Buffer.alloc(bytes) },
    });
  add(LOG_BLOCK_MAX_BYTES - 1);
  add(1);
  add(1);
  backlog.addTurn({ kind: 'resumed', host });
  add(2);
  const taken = Array.from({ length: 5 }, () => backlog.take());
  assert.deepEqual(
    taken.map((news) => (news?.kind === 'block' ? news.data.byteLength : news?.kind)),
    [LOG_BLOCK_MAX_BYTES, 1, 'resumed', 2, undefined],
  );
});

test('what waits is put together log by log, and never across a gap', () => {
  const relay = world(1, FOLLOW);
  relay.block(1, 'a');
  relay.block(1, 'e', { channel: 'stderr' });
  relay.block(1, 'b');
  relay.block(1, 'd', { process: 'db' });
  relay.block(1, '', { skippedBytes: 7 });
  relay.block(1, 'c', { skippedBytes: 2 });
  relay.letAllGo();
  assert.deepEqual(textsOf(relay.written), ['sources', 'ab', 'e', 'd', 'c']);
  const last = relay.written.at(-1);
  assert.equal(last?.kind === 'block' && last.skippedBytes, 9);
  assert.equal(last?.kind === 'block' && last.skippedMore, false);
  assert.equal(relay.grantedOn(1), 5);
  relay.block(1, 'f');
  relay.block(1, '', { skippedMore: true });
  relay.block(1, 'g');
  relay.letAllGo();
  const gaps = relay.written.slice(-2).map((news) => news.kind === 'block' && news.skippedMore);
  assert.deepEqual(textsOf(relay.written.slice(-2)), ['f', 'g']);
  assert.deepEqual(gaps, [false, true]);
});

test('an agent that tells of a gap before each byte has them told together, and as a number', () => {
  const backlog = createHostBacklog(hostId('h1'));
  const sent = 10_000;
  for (let byte = 0; byte < sent; byte += 1) {
    backlog.addBlock({
      ...{ process: knownProcessName('web'), channel: 'stdout' },
      ...{ data: Buffer.from('x'), skippedBytes: Number.MAX_SAFE_INTEGER },
      skippedMore: false,
    });
  }
  let blocks = 0;
  let bytes = 0;
  for (let news = backlog.take(); news?.kind === 'block'; news = backlog.take()) {
    blocks += 1;
    bytes += news.data.byteLength;
    assert.equal(news.skippedBytes, Number.MAX_SAFE_INTEGER);
  }
  assert.equal(bytes, sent);
  assert.ok(blocks <= 1_000, `${blocks} blocks wait`);
});

test('an agent has one note to tell; with a second it is done with', () => {
  const relay = world(1, FOLLOW);
  relay.note(1, 'first');
  const reader = relay.readerOn(1);
  relay.note(1, 'second');
  relay.letAllGo();
  assert.deepEqual(textsOf(relay.written), ['sources', 'note', 'ended']);
  assert.deepEqual(relay.sent.at(-1)?.message, {
    ...{ kind: 'stopLogs', sessionEpoch: 10, readerId: reader },
  });
});

test('hosts speak in turn: one that floods keeps no other waiting', () => {
  const relay = world(2, FOLLOW);
  relay.block(1, '1');
  relay.block(1, '2', { process: 'db' });
  relay.block(1, '3', { channel: 'stderr' });
  relay.block(2, 'other');
  relay.letAllGo();
  assert.deepEqual(textsOf(relay.written), ['sources', '1', 'other', '2', '3']);
});

test('an agent that sends more than its credit loses its reader, and keeps its session', () => {
  const relay = world(2, FOLLOW);
  relay.letAllGo();
  const readerId = relay.readerOn(1);
  relay.block(1, 'x'.repeat(100));
  relay.block(1, 'y');
  relay.letAllGo();
  assert.deepEqual(relay.sent.at(-1)?.message, { kind: 'stopLogs', sessionEpoch: 10, readerId });
  const last = relay.written.at(-1);
  assert.match(`${last?.kind === 'ended' && last.error}`, /what it was not asked for/);
  relay.block(1, 'late');
  relay.block(2, 'fine');
  relay.letAllGo();
  assert.equal(textOf(relay.written.at(-1)), 'fine');
});

test('a process that was not asked for ends the reader, too', () => {
  const relay = world(1, FOLLOW);
  relay.block(1, 'x', { process: 'secret' });
  relay.letAllGo();
  assert.deepEqual(textsOf(relay.written), ['sources', 'ended']);
});

test('a channel that was not asked for ends the reader, too', () => {
  const relay = world(1, FOLLOW, {}, ['stdout']);
  relay.block(1, 'x', { channel: 'stderr' });
  relay.letAllGo();
  assert.deepEqual(textsOf(relay.written), ['sources', 'ended']);
});

test('blocks of another epoch, reader or connection are ignored', () => {
  const relay = world(2, FOLLOW);
  relay.letAllGo();
  relay.block(1, 'x', { sessionEpoch: 9 });
  relay.block(1, 'x', { readerId: 99 });
  relay.block(1, 'x', { readerId: relay.readerOn(2) });
  relay.readers.received(7, { kind: 'logsEnd', sessionEpoch: 10, readerId: 1, ...FINE });
  assert.deepEqual(textsOf(relay.written), ['sources']);
});

test('without following, a host that is lost is over, behind what it had said', () => {
  const relay = world(2, ONCE);
  relay.block(1, 'last words');
  relay.readers.connectionGone(1);
  relay.end(2);
  relay.letAllGo();
  assert.deepEqual(textsOf(relay.written).toSorted(), [
    ...['ended', 'ended', 'last words', 'lost', 'sources'],
  ]);
  assert.deepEqual(
    relay.written.filter((news) => 'host' in news && news.host === 'h1').map(textOf),
    ['last words', 'lost', 'ended'],
  );
  assert.equal(relay.hasEnded(), true);
});

test('a host that has gone before it is read is lost, as one that goes later', () => {
  const relay = world(2, ONCE, { connected: 1 });
  relay.end(1);
  relay.letAllGo();
  assert.equal(relay.hasEnded(), true);
  assert.ok(relay.written.some((news) => news.kind === 'lost' && news.host === 'h2'));
});

test('who follows reads on from the end of the log when the host is back', () => {
  const relay = world(1, FOLLOW);
  relay.letAllGo();
  relay.readers.connectionGone(1);
  relay.letAllGo();
  assert.equal(relay.hasEnded(), false);
  relay.readers.sessionBegan({ host: hostId('h1'), connection: 5, epoch: 50 });
  const { message } = relay.sent.at(-1) ?? assert.fail();
  assert.deepEqual(message.kind === 'readLogs' && message.selection, {
    ...{ from: { kind: 'lines', lines: 0 }, sinceMs: null, grep: null, follow: true },
  });
  relay.block(5, 'again');
  relay.letAllGo();
  assert.deepEqual(textsOf(relay.written), ['sources', 'lost', 'resumed', 'again']);
  assert.equal(relay.grantedOn(5), 5);
  assert.equal(relay.grantedOn(1), 0);
});

test('who follows reads a host that was not connected when it is, as it was asked for', () => {
  const relay = world(0, FOLLOW);
  relay.letAllGo();
  assert.equal(relay.hasEnded(), false);
  relay.readers.sessionBegan({ host: hostId('away'), connection: 9, epoch: 90 });
  const { message } = relay.sent.at(-1) ?? assert.fail();
  assert.deepEqual(message.kind === 'readLogs' && message.selection, FOLLOW);
  relay.block(9, 'here');
  relay.letAllGo();
  assert.deepEqual(textsOf(relay.written), ['sources', 'resumed', 'here']);
});

test('a host that comes and goes while nobody reads is read again only when its words have left', () => {
  const relay = world(1, FOLLOW);
  relay.block(1, 'x'.repeat(100));
  for (const connection of [2, 3, 4]) {
    relay.readers.connectionGone(connection - 1);
    relay.readers.sessionBegan({ host: hostId('h1'), connection, epoch: connection * 10 });
  }
  for (const left of ['sources', 'the block']) {
    assert.equal(relay.sent.length, 1, `no other reader is opened until ${left} and more has left`);
    relay.letGo();
  }
  assert.equal(relay.sent.length, 1, 'nor while its loss is on its way');
  relay.letAllGo();
  assert.deepEqual(textsOf(relay.written), ['sources', 'x'.repeat(100), 'lost', 'resumed']);
  assert.equal(relay.sent.at(-1)?.connection, 4);
});

test('a host that is read again waits for no further session', () => {
  const relay = world(1, FOLLOW);
  relay.letAllGo();
  relay.readers.connectionGone(1);
  relay.letAllGo();
  for (const connection of [2, 3]) {
    relay.readers.sessionBegan({ host: hostId('h1'), connection, epoch: connection * 10 });
    relay.letAllGo();
  }
  const opened = relay.sent.filter(({ message }) => message.kind === 'readLogs');
  assert.deepEqual(
    opened.map(({ connection }) => connection),
    [1, 2],
  );
});

test('a session that is superseded before its connection ends takes nothing with it', () => {
  const relay = world(1, FOLLOW);
  relay.letAllGo();
  relay.readers.sessionBegan({ host: hostId('h1'), connection: 2, epoch: 20 });
  relay.readers.connectionGone(1);
  relay.letAllGo();
  relay.block(2, 'new');
  relay.letAllGo();
  assert.deepEqual(textsOf(relay.written), ['sources', 'lost', 'resumed', 'new']);
});

test('when the caller goes every reader is stopped, and nothing is written any more', () => {
  const relay = world(3, FOLLOW);
  relay.letAllGo();
  relay.readers.connectionGone(3);
  relay.letAllGo();
  relay.block(1, 'on its way');
  const before = relay.sent.length;
  relay.relay[Symbol.dispose]();
  relay.relay[Symbol.dispose]();
  relay.letAllGo();
  const stopped = relay.sent.slice(before);
  assert.deepEqual(
    stopped.map(({ message }) => message.kind),
    ['stopLogs', 'stopLogs'],
  );
  const opened = relay.sent.length;
  relay.connect(3);
  relay.block(2, 'too late');
  assert.equal(relay.sent.length, opened, 'a host that is back is not read again');
  assert.equal(textOf(relay.written.at(-1)), 'on its way');
});

test('ten thousand hosts without following are read some at a time, each once', () => {
  const plan = planCredit(10_000, false);
  assert.ok(!isRefusal(plan));
  assert.ok(plan.reservedBytes <= 4 * 1_048_576);
  const hosts = 300;
  const relay = world(hosts, ONCE, plan);
  relay.letAllGo();
  for (let connection = 1; connection <= hosts; connection += 1) {
    const open = relay.sent.filter(({ message }) => message.kind === 'readLogs').length;
    assert.ok(open < connection + plan.hostsAtOnce, `${open} are open`);
    relay.block(connection, 'line');
    relay.end(connection);
    relay.letAllGo();
  }
  assert.equal(relay.written.filter(({ kind }) => kind === 'ended').length, hosts);
  assert.equal(relay.hasEnded(), true);
});
