/**
 * `fleetctl hosts`: what an expression means, before it is used to change something. A lost host is
 * shown; only `status` judges.
 */
import { FleetError, refusal } from '../../proto/errors.ts';
import { foldedList } from '../../proto/selector/fold.ts';
import type { HostStatus } from '../../proto/vocabulary.ts';
import { resolveHosts } from '../hosts-expression.ts';
import type { ConnectionOptions, Environment } from '../ports.ts';
import { hostNameLines, renderHosts } from '../render/hosts/hosts.ts';
import { hostListItems } from '../render/hosts/json.ts';
import { renderList, renderNoticeJson } from '../render/json.ts';
import { painter } from '../render/paint.ts';
import { plural } from '../render/text.ts';
import { withheldText } from '../render/withheld.ts';
import { refusalOfEmpty } from '../selection.ts';
import { screenOf } from '../terminal/painter.ts';

export interface HostsOptions extends ConnectionOptions {
  /** Null: every host. */
  readonly selector: string | null;
  /** Null: as many as there are; otherwise another number is refused. */
  readonly expect: number | null;
  readonly output: 'table' | 'wide' | 'json' | 'jsonl' | 'name';
}

export async function hosts(environment: Environment, options: HostsOptions): Promise<number> {
  const { selector, expect, output } = options;
  const empty = refusalOfEmpty({ hosts: selector, processes: [] });
  if (empty !== null) throw new FleetError(empty);
  const resolved = selector === null ? '' : await resolveHosts(selector, environment.readText);
  using client = await environment.dial(options);
  const { hosts: found, withheld } = await client.listHosts(resolved);
  const unseen = withheldText(withheld);
  if (found.length === 0 && selector !== null) throw nothingMatched(selector, unseen);
  if (expect !== null && found.length !== expect) throw surprise(found, expect);
  const { stdout, stderr, clock, terminal } = environment;
  if (output === 'json' || output === 'jsonl') {
    const more = { withheldHosts: withheld.hosts };
    stdout.write(renderList('HostList', hostListItems(found), output, more));
  } else if (output === 'name') {
    stdout.write(hostNameLines(found));
  } else {
    const view = {
      nowMs: clock.nowMs(),
      paint: painter(stdout.colours),
      isWide: output === 'wide',
      columns: terminal === null ? null : screenOf(terminal).columns,
    };
    stdout.write(renderHosts(found, view));
  }
  if (unseen !== null && output !== 'json')
    stderr.write(output === 'jsonl' ? renderNoticeJson(unseen) : `${unseen}\n`);
  return 0;
}

function nothingMatched(selector: string, unseen: string | null): FleetError {
  return new FleetError(
    refusal('nothing-matched', `no host matches ${JSON.stringify(selector)}`, {
      ...(unseen === null ? {} : { cause: unseen }),
      fix: 'fleetctl hosts shows all that there are',
    }),
  );
}

/** Without the list of hosts nobody could tell which of the two is wrong. */
function surprise(found: readonly HostStatus[], expected: number): FleetError {
  const names = found.map(({ host }) => host);
  return new FleetError(
    refusal('surprise', `${plural(expected, 'host')} expected, but these are ${found.length}`, {
      cause: names.length === 0 ? 'no host has joined this fleet yet' : foldedList(names),
      fix: `look which are too many or missing; if all is well: --expect ${found.length}`,
    }),
  );
}
