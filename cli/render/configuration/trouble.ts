/** Hosts that did not answer what was asked, and why: those with the same reason together. */
import { groupBy } from '../../../proto/group-by.ts';
import type { HostReport } from '../../../proto/host-questions.ts';
import { foldedHosts } from '../operation/places.ts';
import type { Paint } from '../paint.ts';
import { escapeUnsafe } from '../text.ts';

/** Of a configuration all problems are told, each on its line: they are mended at once. */
export function troubleLines(reports: readonly HostReport[], paint: Paint): readonly string[] {
  const troubles = reports.flatMap(({ host, answer }) =>
    answer.kind === 'failed' || answer.kind === 'unreachable' ? [{ host, ...answer }] : [],
  );
  const alike = groupBy(troubles, ({ kind, error }) => JSON.stringify([kind, error]));
  return [...alike.values()].flatMap((sharing) => {
    const [first] = sharing;
    if (first === undefined) return [];
    const hosts = foldedHosts(sharing.map(({ host }) => host));
    const word = paint(first.kind === 'unreachable' ? 'UNREACHABLE' : 'FAILED', 'bad');
    const [reason = '', ...more] = first.error.trim().split('\n').map(escapeUnsafe);
    return more.length === 0
      ? [`${hosts}: ${word}: ${reason}`]
      : [`${hosts}: ${word}:`, ...[reason, ...more].map((line) => `    ${line}`)];
  });
}
