/**
 * `fleetctl status --watch` into a file or a pipe: everything once, then a line for each change, so
 * that a log of it says what happened and when.
 */
import type { Environment, ProcessListing } from '../ports.ts';
import { configProblemLines } from '../render/hosts/config-problems.ts';
import { renderList, renderNoticeJson } from '../render/json.ts';
import {
  changeItems,
  changeLines,
  changesBetween,
  type Picture,
  pictureOf,
} from '../render/status/change.ts';
import { statusEntries } from '../render/status/entry.ts';
import { renderStatus } from '../render/status/output.ts';
import { neutralise } from '../render/text.ts';
import type { StatusView, WatchFormat } from './status-watch.ts';

export function statusStream(environment: Environment, output: WatchFormat): StatusView {
  const { stdout, stderr, clock } = environment;
  let latest: Picture | null = null;
  let isOld = false;
  let toldOfConfig = '';
  const notice = (message: string) =>
    stderr.write(output === 'jsonl' ? renderNoticeJson(message) : `${neutralise(message)}\n`);
  const noticeConfig = ({ hosts }: ProcessListing) => {
    const lines = configProblemLines(hosts);
    const text = lines.join('\n');
    if (text === toldOfConfig) return;
    toldOfConfig = text;
    for (const line of text === '' ? ['no config is rejected any more'] : lines) notice(line);
  };
  return {
    shows: (listing) => {
      if (isOld) notice('the controller answers again');
      isOld = false;
      const next = pictureOf(statusEntries(listing));
      if (latest === null) {
        stdout.write(renderStatus(environment, listing, output));
      } else {
        const changes = changesBetween(latest, next);
        const nowMs = clock.nowMs();
        if (output === 'jsonl') {
          stdout.write(renderList('ProcessList', changeItems(changes, nowMs), 'jsonl'));
        } else {
          stdout.write(
            changeLines(changes, nowMs)
              .map((line) => `${line}\n`)
              .join(''),
          );
        }
      }
      latest = next;
      noticeConfig(listing);
    },
    fails: ({ message }) => {
      if (!isOld)
        notice(`what follows is not known until the controller answers again: ${message}`);
      isOld = true;
    },
    ends: () => {},
  };
}
