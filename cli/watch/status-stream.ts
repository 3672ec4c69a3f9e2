/**
 * `fleetctl status --watch` into a file or a pipe: everything once, then a line for each change, so
 * that a log of it says what happened and when.
 */
import type { Environment } from '../ports.ts';
import {
  configProblemLines,
  identityProblemLines,
  stateProblemLines,
} from '../render/hosts/problems.ts';
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
import { withheldText } from '../render/withheld.ts';
import type { StatusView, WatchFormat } from './status-watch.ts';

export function statusStream(environment: Environment, output: WatchFormat): StatusView {
  const { stdout, stderr, clock } = environment;
  let latest: Picture | null = null;
  let isOld = false;
  const notice = (message: string) =>
    stderr.write(output === 'jsonl' ? renderNoticeJson(message) : `${neutralise(message)}\n`);
  const noticeState = onceEach(notice, 'no state is missed any more');
  const noticeIdentity = onceEach(notice, 'no identity is in doubt any more');
  const noticeWithheld = onceEach(notice, 'nothing is withheld any more');
  const noticeConfig = onceEach(notice, 'no config is rejected any more');
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
      noticeState(stateProblemLines(listing.hosts));
      noticeConfig(configProblemLines(listing.hosts));
      noticeIdentity(identityProblemLines(listing.hosts));
      const unseen = withheldText(listing.withheld);
      noticeWithheld(unseen === null ? [] : [unseen]);
    },
    fails: ({ message }) => {
      if (!isOld)
        notice(`what follows is not known until the controller answers again: ${message}`);
      isOld = true;
    },
    ends: () => {},
  };
}

/** Says what is wrong when that changes, and when it is over. */
function onceEach(
  notice: (line: string) => void,
  whenOver: string,
): (lines: readonly string[]) => void {
  let told = '';
  return (lines) => {
    const text = lines.join('\n');
    if (text === told) return;
    told = text;
    for (const line of text === '' ? [whenOver] : lines) notice(line);
  };
}
