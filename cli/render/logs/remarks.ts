/** What is said between the lines of logs: what was skipped, who is not read, who is lost and back. */
import type { LogBlock, LogNews } from '../../../proto/log-messages.ts';
import { formatBytes } from '../bytes.ts';
import { foldedHosts } from '../operation/places.ts';
import { neutralise, neutraliseRemark } from '../text.ts';

/** `-- web-1 web: 1.2 MB skipped, this reader was too slow --` */
export function gapRemark(host: string, block: Omit<LogBlock, 'data'>): string {
  const { process, channel, skippedBytes } = block;
  const log = `${neutralise(host)} ${neutralise(process)}${channel === 'stderr' ? ' stderr' : ''}`;
  return `-- ${log}: ${formatBytes(skippedBytes)} skipped, this reader was too slow --\n`;
}

/** @returns empty where there is nothing that anybody must know */
export function hostRemark(news: Exclude<LogNews, { kind: 'block' }>, follow: boolean): string {
  switch (news.kind) {
    case 'sources': {
      if (news.unreachable.length === 0) return '';
      const what = follow ? 'not connected, read when they are' : 'not connected, so not read';
      return remark(`${what}: ${foldedHosts(news.unreachable)}`);
    }
    case 'lost': {
      const next = follow ? '; reading goes on when it is back' : '';
      return remark(`${neutralise(news.host)}: ${neutraliseRemark(news.error)}${next}`);
    }
    case 'resumed':
      return remark(
        `${neutralise(news.host)}: read from now on; what it printed meanwhile may be missing`,
      );
    case 'ended':
      return [news.note, news.error]
        .filter((text) => text !== null)
        .map((text) => remark(`${neutralise(news.host)}: ${neutraliseRemark(text)}`))
        .join('');
  }
}

export const CONNECTION_LOST = '-- the connection to the controller was lost; trying again --\n';
export const CONNECTION_BACK = '-- connected again; what was printed meanwhile may be missing --\n';

const remark = (text: string): string => `-- ${text} --\n`;
