/**
 * Logs as they are, as `tail` shows files: where there are several, each piece of another one has
 * `==> host process <==` above it. Byte for byte into a pipe, where remarks go to stderr; a terminal
 * gets nothing that it would obey.
 */
import type { LogNews } from '../../../proto/log-messages.ts';
import { harmlessLog } from '../harmless-log.ts';
import { neutralise } from '../text.ts';
import type { LogRenderer, LogScreen } from './piece.ts';
import { gapRemark, hasGap, hostRemark } from './remarks.ts';

type Block = Extract<LogNews, { readonly kind: 'block' }>;

const LINE_FEED = 10;

export function rawRenderer({ isTerminal, follow }: LogScreen): LogRenderer {
  let hasSeveral = false;
  let shown: string | null = null;
  let endsLine = true;
  const harmlessLogs = new Map<string, ReturnType<typeof harmlessLog>>();

  function header({ host, process }: Block): string {
    const place = `${neutralise(host)} ${neutralise(process)}`;
    if (!hasSeveral || place === shown) return '';
    const before = shown === null ? '' : `${endsLine ? '' : '\n'}\n`;
    shown = place;
    endsLine = true;
    return `${before}==> ${place} <==\n`;
  }

  function harmless({ host, process, data }: Block): Uint8Array {
    const log = `${host} ${process}`;
    const harmlessOf = harmlessLogs.get(log) ?? harmlessLog();
    harmlessLogs.set(log, harmlessOf);
    return harmlessOf(data);
  }

  return (news) => {
    if (news.kind === 'sources') {
      // Those that are away are read, too, when they are back.
      const later = follow ? news.unreachable.length : 0;
      hasSeveral = news.sources.flatMap(({ processes }) => processes).length + later > 1;
    }
    if (news.kind !== 'block') return { stdout: null, stderr: hostRemark(news, follow) };
    const gap = hasGap(news) ? gapRemark(news.host, news) : '';
    if (!isTerminal && news.data.length === 0) return { stdout: null, stderr: gap };
    const head = header(news);
    const gapHere = isTerminal && gap !== '' ? `${endsLine ? '' : '\n'}${gap}` : '';
    const data = isTerminal ? harmless(news) : news.data;
    endsLine = data.length === 0 ? endsLine || gapHere !== '' : data.at(-1) === LINE_FEED;
    const stdout = Buffer.concat([Buffer.from(head + gapHere), data]);
    return { stdout, stderr: isTerminal ? '' : gap };
  };
}
