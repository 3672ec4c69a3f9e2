/** What is said between the lines of logs: what was skipped, who is not read, who is lost and back. */
import type { LogBlock, LogNews } from '../../../proto/log-messages.ts';
import { formatBytes } from '../bytes.ts';
import { foldedHosts } from '../operation/places.ts';
import { neutralise, neutraliseRemark } from '../text.ts';

type Gap = Omit<LogBlock, 'data'>;

export const hasGap = ({ skippedBytes, skippedMore }: Gap): boolean =>
  skippedBytes > 0 || skippedMore;

/** `-- web-1 web: 1.2 MB skipped, this reader was too slow --` */
export function gapRemark(host: string, block: Gap): string {
  const { process, channel } = block;
  const log = `${neutralise(host)} ${neutralise(process)}${channel === 'stderr' ? ' stderr' : ''}`;
  return remark(`${log}: ${gapText(block)}`);
}

function gapText({ skippedBytes, skippedMore }: Gap): string {
  const size = formatBytes(skippedBytes);
  if (!skippedMore) return `${size} skipped, this reader was too slow`;
  if (skippedBytes > 0) return `at least ${size} skipped, gone before it was read`;
  return 'its log was emptied or moved away; lines may be missing';
}

/** @returns empty where there is nothing that anybody must know */
export function hostRemark(news: Exclude<LogNews, { kind: 'block' }>, follow: boolean): string {
  switch (news.kind) {
    case 'sources': {
      if (news.unreachable.length === 0) return '';
      const what = follow ? 'not connected, read when they are' : 'not connected, so not read';
      return remark(`${what}: ${foldedHosts(news.unreachable)}`);
    }
    case 'note':
      return ofHost(news.host, news.note);
    case 'lost': {
      const next = follow ? '; reading goes on when it is back' : '';
      return remark(`${neutralise(news.host)}: ${neutraliseRemark(news.error)}${next}`);
    }
    case 'resumed':
      return remark(
        `${neutralise(news.host)}: read from now on; what it printed meanwhile may be missing`,
      );
    case 'ended':
      return news.error === null ? '' : ofHost(news.host, news.error);
  }
}

export const CONNECTION_LOST = '-- the connection to the controller was lost; trying again --\n';
export const CONNECTION_BACK = '-- connected again; what was printed meanwhile may be missing --\n';

const ofHost = (host: string, text: string): string =>
  remark(`${neutralise(host)}: ${neutraliseRemark(text)}`);

const remark = (text: string): string => `-- ${text} --\n`;
