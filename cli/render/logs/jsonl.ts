/**
 * Logs for programs: one object a line, in the order in which it came. Those with a `kind` are not
 * lines of a log but say what happened to the reading of it.
 */
import type { LogNews } from '../../../proto/log-messages.ts';
import { escapeJson } from '../text.ts';
import type { LogRenderer } from './piece.ts';
import { hasGap } from './remarks.ts';

export const jsonlRenderer: LogRenderer = (news) => {
  const items = itemsOf(news).map((item) => `${escapeJson(JSON.stringify(item))}\n`);
  return { stdout: Buffer.from(items.join('')), stderr: '' };
};

function itemsOf(news: LogNews): readonly object[] {
  switch (news.kind) {
    case 'sources':
      return news.unreachable.map((host) => ({ kind: 'Unreachable', host }));
    case 'block': {
      const { host, process, channel, data, skippedBytes, skippedMore } = news;
      const lines = linesOf(data).map((line) => ({ host, process, channel, line }));
      if (!hasGap(news)) return lines;
      return [{ kind: 'Gap', host, process, channel, skippedBytes, skippedMore }, ...lines];
    }
    case 'note':
      return [{ kind: 'Note', host: news.host, note: news.note }];
    case 'lost':
      return [{ kind: 'Lost', host: news.host, error: news.error }];
    case 'resumed':
      return [{ kind: 'Resumed', host: news.host }];
    case 'ended':
      return [{ kind: 'End', host: news.host, error: news.error }];
  }
}

/** JSON is Unicode: bytes that are no UTF-8 become U+FFFD, as everywhere. */
function linesOf(data: Uint8Array): readonly string[] {
  const lines = new TextDecoder('utf-8', { ignoreBOM: true }).decode(data).split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
