/** What of a fleet a selector can ask about, and how it asks. Whoever has a fleet makes this of it. */

import type { Target } from '../../../proto/operation.ts';
import type { Selector } from '../../../proto/selector/syntax.ts';
import type {
  HostId,
  Labels,
  OperationId,
  ProcessName,
  ProcessStatus,
} from '../../../proto/vocabulary.ts';

export interface FleetView {
  readonly hosts: readonly HostView[];
  /** `@NAME`. A group may refer to others; that none refers to itself is settled by whoever read them. */
  readonly groups: ReadonlyMap<string, Selector>;
  readonly operations: Iterable<readonly [OperationId, OperationView]>;
  /** Wall clock, for the uptime of processes. */
  readonly nowMs: number;
}

export interface HostView {
  readonly host: HostId;
  readonly labels: Labels;
  /** IP address; null where it is not known. */
  readonly address: string | null;
  readonly isConnected: boolean;
  readonly processes: ReadonlyMap<ProcessName, ProcessStatus>;
}

interface OperationView {
  readonly targets: Iterable<Pick<Target, 'host' | 'state'>>;
}

/** A byte for each host, in the order of the fleet: 1 where it holds. */
export function bytesOf({ hosts }: FleetView, holds: (host: HostView) => boolean): Uint8Array {
  const bytes = new Uint8Array(hosts.length);
  for (const [index, host] of hosts.entries()) if (holds(host)) bytes[index] = 1;
  return bytes;
}
