/**
 * `fleetctl status`: the processes of the fleet. Exit code 3 unless every selected process is
 * RUNNING and every selected host connected. supervisorctl lets STARTING, BACKOFF and STOPPING
 * pass; a script that asks whether a fleet serves must not hear yes while it only tries to.
 */
import { FleetError, refusal } from '../../proto/errors.ts';
import type { ConnectionOptions, Environment, ProcessListing, ProcessSelection } from '../ports.ts';
import { type OutputFormat, renderList } from '../render/json.ts';
import { painter } from '../render/paint.ts';
import { hostsWithoutProcess, processListItems, renderStatusTable } from '../render/status.ts';
import { refusalOfEmpty } from '../selection.ts';

const EXIT_NOT_ALL_RUNNING = 3;

export interface StatusOptions extends ConnectionOptions {
  /** Empty: every process. */
  readonly processes: readonly string[];
  /** Null: every host. */
  readonly hosts: string | null;
  readonly output: OutputFormat;
}

export async function status(environment: Environment, options: StatusOptions): Promise<number> {
  const empty = refusalOfEmpty(options);
  if (empty !== null) throw new FleetError(empty);
  const selection = { hosts: options.hosts ?? '', processes: options.processes };
  using client = await environment.dial(options);
  const listing = forSelection(await client.listProcesses(selection), selection);
  const { stdout, clock } = environment;
  if (options.output !== 'table') {
    const items = processListItems(listing, clock.nowMs());
    stdout.write(renderList('ProcessList', items, options.output));
  } else if (listing.processes.length === 0 && listing.hosts.every((host) => host.connected)) {
    stdout.write('no processes\n');
  } else {
    stdout.write(renderStatusTable(listing, clock.nowMs(), painter(stdout.colours)));
  }
  return everythingRuns(listing) ? 0 : EXIT_NOT_ALL_RUNNING;
}

/** Hosts that have no such process are left out; nothing at all is an answer only if all was asked. */
function forSelection(listing: ProcessListing, selection: ProcessSelection): ProcessListing {
  if (selection.processes.length === 0) {
    if (selection.hosts !== '' && listing.hosts.length === 0) {
      throw nothingMatched('no host', selection.hosts);
    }
    return listing;
  }
  if (listing.processes.length === 0) {
    throw nothingMatched('no process', selection.processes.join(' '));
  }
  const without = new Set(hostsWithoutProcess(listing));
  return { ...listing, hosts: listing.hosts.filter((host) => !without.has(host)) };
}

function everythingRuns({ processes, hosts }: ProcessListing): boolean {
  return (
    hosts.every((host) => host.connected) &&
    processes.every((entry) => entry.hostConnected && entry.status.state === 'RUNNING')
  );
}

function nothingMatched(what: string, selector: string): FleetError {
  return new FleetError(
    refusal('nothing-matched', `${what} matches ${JSON.stringify(selector)}`, {
      fix: 'fleetctl status shows all that there is',
    }),
  );
}
