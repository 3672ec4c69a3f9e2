/**
 * What hosts answered to `reread`, in supervisorctl's words, behind the hosts that say the same:
 * `web-[01-40]: worker: changed`. What needs somebody stands last, where it is seen.
 */
import { groupBy } from '../../../proto/group-by.ts';
import type { HostAnswer, HostReport } from '../../../proto/host-questions.ts';
import { foldedHosts } from '../operation/places.ts';
import type { Paint } from '../paint.ts';
import { neutralise } from '../text.ts';
import { troubleLines } from './trouble.ts';

/** @param reports in natural order of their hosts, at least one */
export function renderReread(reports: readonly HostReport[], paint: Paint): string {
  const alike = groupBy(reports, ({ answer }) => JSON.stringify(answer));
  const lines = [...alike.values()].flatMap((sharing) => {
    const changes = changesIn(sharing[0]?.answer);
    const hosts = foldedHosts(sharing.map(({ host }) => host));
    return changes.map((change) => `${hosts}: ${change}`);
  });
  return [...lines, ...troubleLines(reports, paint)].map((line) => `${line}\n`).join('');
}

function changesIn(answer: HostAnswer | undefined): readonly string[] {
  if (answer?.kind !== 'reread') return [];
  if (answer.changes.length === 0) return ['No config updates to processes'];
  return answer.changes.map(({ group, change }) => `${neutralise(group)}: ${change}`);
}
