/**
 * One call that reads logs: a reader on each host, and the caller's stream, to which their blocks go
 * in turn, so that a host that floods keeps no other waiting. Only one message is on its way at a
 * time, and what it carried is granted to its host again when it has left: a caller that reads
 * slowly, or not at all, makes the hosts stop reading, and costs no more than their windows.
 *
 * Who follows is not left by a host whose session ends, or that has none: when it has the next one, it
 * is read on. But only when all that it said before has left, so that a host that comes and goes
 * cannot make the controller keep more and more of it.
 */
import type { LogChannel } from '../../proto/local-orders.ts';
import type { LogNews, LogSelection, LogSource } from '../../proto/log-messages.ts';
import type { ChosenLogs } from '../core/log-sources.ts';
import { createHostBacklog, type HostBacklog } from './backlog.ts';
import type { CreditPlan } from './credit.ts';
import type { LogReader, LogReaders } from './readers.ts';

export interface RelayRequest extends ChosenLogs {
  readonly channels: readonly LogChannel[];
  readonly selection: LogSelection;
  readonly credit: Pick<CreditPlan, 'windowBytes' | 'hostsAtOnce'>;
}

export interface NewsWriter {
  /** Calls back once the news have left. Until then it is asked for nothing more. */
  readonly write: (news: LogNews, onWritten: () => void) => void;
  /** There is nothing more to say. */
  readonly end: () => void;
}

interface Feed extends LogSource {
  readonly backlog: HostBacklog;
  /** From where on, when it is opened. */
  selection: LogSelection;
  reader: LogReader | null;
  /** It is to be read when it has a session. */
  isAway: boolean;
  /** Until its next session begins. */
  waiting: Disposable | null;
}

/** @returns stops every reader, where the caller has gone */
export function createLogRelay(
  { sources, unreachable, channels, selection, credit }: RelayRequest,
  readers: LogReaders,
  writer: NewsWriter,
): Disposable {
  const unread = [...sources];
  const reading = new Set<Feed>();
  /** Those that have something to say; whoever spoke last is the last. */
  const speaking = new Set<Feed>();
  let isWriting = false;
  let isOver = false;

  function readMore(): void {
    while (reading.size < credit.hostsAtOnce) {
      const source = unread.shift();
      if (source === undefined) break;
      const feed = begin(source);
      if (!open(feed)) lose(feed);
    }
    if (reading.size > 0) return;
    isOver = true;
    writer.end();
  }

  function begin(source: LogSource): Feed {
    const backlog = createHostBacklog(source.host);
    const initial = { selection, reader: null, isAway: false, waiting: null };
    const feed: Feed = { ...source, ...initial, backlog };
    reading.add(feed);
    return feed;
  }

  /** @returns false where its host has no session */
  function open(feed: Feed): boolean {
    const { host, processes, backlog } = feed;
    const creditBytes = credit.windowBytes;
    const request = { processes, channels, selection: feed.selection, creditBytes };
    feed.reader = readers.open(host, request, {
      block: (block) => {
        backlog.addBlock(block);
        speak(feed);
      },
      noted: (note) => {
        backlog.addTurn({ kind: 'note', host, ...note });
        speak(feed);
      },
      ended: (end) => {
        feed.reader = null;
        backlog.addTurn({ kind: 'ended', host, ...end });
        speak(feed);
      },
      lost: () => lose(feed),
    });
    return feed.reader !== null;
  }

  function lose(feed: Feed): void {
    const { host, backlog } = feed;
    feed.reader = null;
    // How far it had come nobody knows; what was in its log before has been told.
    feed.selection = { ...selection, from: { kind: 'lines', lines: 0 }, sinceMs: null };
    backlog.addTurn({ kind: 'lost', host, error: LOST });
    if (selection.follow) feed.isAway = true;
    else backlog.addTurn({ kind: 'ended', host, error: null });
    speak(feed);
  }

  function resume(feed: Feed): void {
    feed.isAway = true;
    feed.waiting = null;
    if (!open(feed)) {
      feed.waiting = readers.whenBack(feed.host, () => resume(feed));
      return;
    }
    feed.isAway = false;
    feed.backlog.addTurn({ kind: 'resumed', host: feed.host });
    speak(feed);
  }

  function speak(feed: Feed): void {
    speaking.add(feed);
    writeNext();
  }

  function writeNext(): void {
    const [feed] = speaking;
    if (isWriting || isOver || feed === undefined) return;
    speaking.delete(feed);
    const news = feed.backlog.take();
    if (news === null) return;
    if (!feed.backlog.isEmpty()) speaking.add(feed);
    write(news, () => {
      if (news.kind === 'block' && news.data.byteLength > 0) {
        feed.reader?.grant(news.data.byteLength);
      } else if (news.kind === 'ended') {
        reading.delete(feed);
        readMore();
      }
      if (feed.isAway && feed.waiting === null && feed.backlog.isEmpty()) resume(feed);
    });
  }

  function write(news: LogNews, onWritten: () => void): void {
    isWriting = true;
    writer.write(news, () => {
      isWriting = false;
      if (isOver) return;
      onWritten();
      writeNext();
    });
  }

  write({ kind: 'sources', sources, unreachable: unreachable.map(({ host }) => host) }, () => {});
  if (selection.follow) for (const source of unreachable) resume(begin(source));
  readMore();
  return {
    [Symbol.dispose]: () => {
      isOver = true;
      for (const { reader, waiting } of reading) {
        reader?.[Symbol.dispose]();
        waiting?.[Symbol.dispose]();
      }
      reading.clear();
    },
  };
}

const LOST = 'the connection to its agent was lost';
