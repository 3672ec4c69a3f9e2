/**
 * `fleetctl describe HOST[/PROCESS]`: everything that is known of one host or one process, and what
 * happened there last. It takes a name, not an expression: who describes wants one answer.
 */
import { nearest } from '../../proto/dialect/did-you-mean.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import { sortNaturally } from '../../proto/natural-order.ts';
import type { HostProcess, HostStatus } from '../../proto/vocabulary.ts';
import type {
  ConnectionOptions,
  ControlClient,
  Environment,
  HostsAnswer,
  ProcessesAnswer,
} from '../ports.ts';
import { renderHostDescription } from '../render/describe/host.ts';
import { hostDocument, processDocument } from '../render/describe/json.ts';
import { renderProcessDescription } from '../render/describe/process.ts';
import { renderDocument } from '../render/json.ts';
import { painter } from '../render/paint.ts';
import { shellWord } from '../render/shell.ts';
import { shortList } from '../render/text.ts';
import { NOTHING_WITHHELD, withheldText } from '../render/withheld.ts';
import { parseSubject } from '../subject.ts';

export interface DescribeOptions extends ConnectionOptions {
  /** `HOST` or `HOST/PROCESS`. */
  readonly subject: string;
  readonly output: 'table' | 'json';
}

const EVENTS_SHOWN = 10;
const NAMES_SHOWN_MAX = 5;

export async function describe(
  environment: Environment,
  { subject, output, ...connection }: DescribeOptions,
): Promise<number> {
  const { host, process } = parseSubject(subject, 'describe');
  const { stdout, clock } = environment;
  using client = await environment.dial(connection);
  const listing = await listingOf(client, host);
  const found = listing.hosts.find((each) => each.host === host);
  if (found === undefined) {
    throw listing.withheld.hosts > 0 ? mayNotSee(host) : await unknownHost(client, host);
  }
  const entry = process === null ? null : findProcess(listing.processes, found, process);
  const which = { host, process: entry?.status.process ?? null, limit: EVENTS_SHOWN };
  const events = await client.listEvents(which);
  const nowMs = clock.nowMs();
  const view = { nowMs, paint: painter(stdout.colours) };
  if (output === 'json') {
    stdout.write(
      entry === null
        ? renderDocument(
            'Host',
            hostDocument({ host: found, processes: listing.processes, events }, nowMs),
          )
        : renderDocument('Process', processDocument({ entry, events }, nowMs)),
    );
  } else if (entry === null) {
    stdout.write(
      renderHostDescription({ host: found, processes: listing.processes, events }, view),
    );
  } else {
    stdout.write(renderProcessDescription({ entry, host: found, events }, view));
  }
  const withheld = entry === null && output !== 'json' ? withheldText(listing.withheld) : null;
  if (withheld !== null) environment.stderr.write(`${withheld}\n`);
  return 0;
}

/** A controller that does not know a host that was named refuses; the answer to that is ours. */
async function listingOf(client: ControlClient, host: string): Promise<ProcessesAnswer> {
  try {
    return await client.listProcesses({ hosts: host, processes: [] });
  } catch (caught) {
    const because = FleetError.refusalFrom(caught);
    if (because.code !== 'nothing-matched') throw caught;
    return { hosts: [], processes: [], withheld: NOTHING_WITHHELD };
  }
}

const NO_HOSTS: HostsAnswer = { hosts: [], withheld: NOTHING_WITHHELD };

function mayNotSee(host: string): FleetError {
  return new FleetError(
    refusal('denied', `${host} is not shown`, {
      cause: 'your roles do not allow status on it',
      fix: `fleetctl auth can status --hosts ${host} says by which rule`,
    }),
  );
}

async function unknownHost(client: ControlClient, host: string): Promise<FleetError> {
  const { hosts } = await client.listHosts('').catch((): HostsAnswer => NO_HOSTS);
  const near = nearest(
    host,
    hosts.map((each) => each.host),
  );
  return new FleetError(
    refusal('nothing-matched', `no such host: ${host}`, {
      fix: near === null ? 'see all of them with: fleetctl hosts' : `did you mean ${near}?`,
    }),
  );
}

/** By the name that is shown, or spelled out as `group:name`. */
function findProcess(
  processes: readonly HostProcess[],
  host: HostStatus,
  wanted: string,
): HostProcess {
  const own = sortNaturally(
    processes.filter((each) => each.host === host.host),
    ({ status }) => status.process,
  );
  const found = own.find(
    ({ status }) => status.process === wanted || `${status.group}:${status.name}` === wanted,
  );
  if (found !== undefined) return found;
  const names = own.map(({ status }) => status.process);
  const members = own
    .filter(({ status }) => status.program === wanted || status.group === wanted)
    .map(({ status }) => status.process);
  throw new FleetError(
    refusal('nothing-matched', `no process ${JSON.stringify(wanted)} on ${host.host}`, {
      cause:
        members.length > 0
          ? `there are ${shortList(members, NAMES_SHOWN_MAX)}`
          : names.length > 0
            ? `it has ${shortList(names, NAMES_SHOWN_MAX)}`
            : 'no process is known of it',
      fix: hintFor(wanted, host, members[0] ?? nearest(wanted, names)),
    }),
  );
}

function hintFor(wanted: string, { host }: HostStatus, near: string | null): string {
  return near === null || near === wanted
    ? `see all of them with: fleetctl describe ${host}`
    : `fleetctl describe ${shellWord(`${host}/${near}`)}`;
}
