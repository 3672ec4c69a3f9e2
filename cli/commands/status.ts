/**
 * `fleetctl status`: the processes of the fleet, once or again and again. Exit code 3 unless every
 * selected process is RUNNING, and healthy where that is checked, and every selected host connected.
 * supervisorctl lets STARTING, BACKOFF and STOPPING pass; a script that asks whether a fleet serves
 * must not hear yes while it only tries to.
 */
import { FleetError, refusal } from '../../proto/errors.ts';
import { resolveHosts } from '../hosts-expression.ts';
import type {
  ConnectionOptions,
  Environment,
  ProcessesAnswer,
  ProcessListing,
  ProcessSelection,
} from '../ports.ts';
import { hostProblemLines } from '../render/hosts/problems.ts';
import { renderNoticeJson } from '../render/json.ts';
import { hostsWithoutProcess } from '../render/status/entry.ts';
import { renderStatus, type StatusFormat } from '../render/status/output.ts';
import { withheldFields, withheldText } from '../render/withheld.ts';
import { refusalOfEmpty } from '../selection.ts';
import { type StatusWatch, watchStatus } from '../watch/status-watch.ts';

const EXIT_NOT_ALL_RUNNING = 3;

export interface StatusOptions extends ConnectionOptions {
  /** Empty: every process. */
  readonly processes: readonly string[];
  /** Null: every host. */
  readonly hosts: string | null;
  readonly output: StatusFormat;
  /** Null: once. */
  readonly watchIntervalMs: number | null;
}

export async function status(environment: Environment, options: StatusOptions): Promise<number> {
  const empty = refusalOfEmpty(options);
  if (empty !== null) throw new FleetError(empty);
  const { output, watchIntervalMs } = options;
  const watching = watchIntervalMs === null ? null : watchOf(output, watchIntervalMs);
  const hosts = options.hosts ?? '';
  const selection = {
    hosts: hosts === '' ? '' : await resolveHosts(hosts, environment.readText),
    processes: options.processes,
  };
  using client = await environment.dial(options);
  const query = async () => forSelection(await client.listProcesses(selection), selection);
  if (watching !== null) {
    return exitCodeFor(await watchStatus(environment, { ...watching, query }));
  }
  const listing = await query();
  const withheld = withheldFields(listing.withheld);
  environment.stdout.write(renderStatus(environment, listing, output, withheld));
  if (isForPeople(output)) {
    for (const line of hostProblemLines(listing.hosts)) environment.stderr.write(`${line}\n`);
  }
  sayWithheld(environment, listing, output);
  return exitCodeFor(listing);
}

function sayWithheld({ stderr }: Environment, { withheld }: ProcessesAnswer, output: StatusFormat) {
  const unseen = output === 'json' ? null : withheldText(withheld);
  if (unseen !== null) stderr.write(output === 'jsonl' ? renderNoticeJson(unseen) : `${unseen}\n`);
}

function isForPeople(output: StatusFormat): boolean {
  return output === 'table' || output === 'wide';
}

/** Refused before anything is asked. */
function watchOf(output: StatusFormat, intervalMs: number): Omit<StatusWatch, 'query'> {
  if (output === 'json' || output === 'name') throw notWatchable(output);
  return { output, intervalMs };
}

/** Hosts that have no such process are left out; nothing at all is an answer only if all was asked. */
function forSelection(listing: ProcessesAnswer, selection: ProcessSelection): ProcessesAnswer {
  const unseen = withheldText(listing.withheld);
  if (selection.processes.length === 0) {
    if (selection.hosts !== '' && listing.hosts.length === 0) {
      throw nothingMatched('no host', selection.hosts, unseen);
    }
    return listing;
  }
  if (listing.processes.length === 0) {
    throw nothingMatched('no process', selection.processes.join(' '), unseen);
  }
  const without = new Set(hostsWithoutProcess(listing));
  return { ...listing, hosts: listing.hosts.filter((host) => !without.has(host)) };
}

function exitCodeFor({ processes, hosts }: ProcessListing): number {
  const everythingRuns =
    hosts.every((host) => host.connected) &&
    processes.every(({ hostConnected, status: { state, health } }) => {
      const isWell = health === null || health === 'healthy';
      return hostConnected && state === 'RUNNING' && isWell;
    });
  return everythingRuns ? 0 : EXIT_NOT_ALL_RUNNING;
}

function nothingMatched(what: string, selector: string, unseen: string | null): FleetError {
  return new FleetError(
    refusal('nothing-matched', `${what} matches ${JSON.stringify(selector)}`, {
      ...(unseen === null ? {} : { cause: unseen }),
      fix: 'fleetctl status shows all that there is',
    }),
  );
}

function notWatchable(output: 'json' | 'name'): FleetError {
  return new FleetError(
    refusal('usage', `--watch does not go with -o ${output}`, {
      cause:
        output === 'json'
          ? 'JSON is one document, and watching has no end'
          : 'names do not change when processes do',
      fix: 'fleetctl status --watch -o jsonl prints what changes, one item a line',
    }),
  );
}
