/** What somebody may do, target by target, folded by the rule that says so: what is not allowed first. */
import type { AccessDecision, AccessQuery, AccessReport } from '../../../proto/authority.ts';
import { groupBy } from '../../../proto/group-by.ts';
import { placesOf } from '../operation/places.ts';
import type { Paint } from '../paint.ts';
import { cell, renderTable, wholeCell } from '../table.ts';
import { escapeUnsafe, plural } from '../text.ts';

export function renderAccess(query: AccessQuery, report: AccessReport, paint: Paint): string {
  const { decisions } = report;
  if (decisions.length === 0) return `${escapeUnsafe(sentence(query, report))}\n`;
  const alike = groupBy(decisions, ({ isAllowed, because }) =>
    JSON.stringify([isAllowed, because]),
  );
  const rows = [...alike.values()]
    .sort((left, right) => Number(left[0]?.isAllowed) - Number(right[0]?.isAllowed))
    .flatMap(rowsOf);
  const table = renderTable(['ALLOWED', 'WHERE', 'BECAUSE'], rows, paint);
  return `${table}${escapeUnsafe(sentence(query, report))}\n`;
}

export function accessFields(query: AccessQuery, report: AccessReport): object {
  const { action, signal, hosts, processes } = query;
  return {
    operator: report.operator,
    action,
    signal,
    hosts: hosts === '' ? null : hosts,
    processes,
    allowed: report.isAllowed,
    because: report.because === '' ? null : report.because,
    items: report.decisions.map((decision) => ({
      host: decision.host,
      process: decision.process,
      allowed: decision.isAllowed,
      because: decision.because,
    })),
    withheld: report.withheld,
  };
}

function rowsOf(alike: readonly AccessDecision[]) {
  const [first] = alike;
  if (first === undefined) return [];
  const { isAllowed, because } = first;
  const answer = isAllowed ? cell('yes', 'good') : cell('NO', 'bad');
  const targets = alike.map(({ host, process }) => ({ host, process, error: null }));
  return placesOf(targets).map((place) => [answer, wholeCell(place), wholeCell(because)]);
}

/** `alice may restart 40 of 41 targets`, `alice may not enrol: no role allows it`. */
function sentence({ action, signal }: AccessQuery, report: AccessReport): string {
  const { operator, decisions, because, isAllowed } = report;
  const what = signal === null ? action : `${action} ${signal}`;
  const why = because === '' ? '' : `: ${because}`;
  const { withheld } = report;
  const asked = decisions.length + withheld;
  if (asked === 0) return `${operator} may ${isAllowed ? '' : 'not '}${what}${why}`;
  const allowed = decisions.filter((decision) => decision.isAllowed).length;
  const total = plural(asked, 'target');
  const unseen = withheld === 0 ? '' : `; ${withheld} of them you may not see`;
  return `${operator} may ${what} ${allowed === asked ? total : `${allowed} of ${total}`}${unseen}${why}`;
}
