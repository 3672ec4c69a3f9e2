/** `fleetctl describe -o json`: the item of a list, and what belongs to it. */
import type { HostProcess, StoredEvent } from '../../../proto/vocabulary.ts';
import { hostItem } from '../hosts/json.ts';
import { holdItem, processItem, processListItems } from '../status/json.ts';
import { formatTimestamp } from '../time.ts';
import type { HostDescription } from './host.ts';

export function hostDocument({ host, processes, events }: HostDescription, nowMs: number): object {
  return {
    ...hostItem(host),
    processes: processListItems({ hosts: [], processes }, nowMs),
    events: events.map(eventItem),
  };
}

export function processDocument(
  { entry, events }: { readonly entry: HostProcess; readonly events: readonly StoredEvent[] },
  nowMs: number,
): object {
  return { ...processItem(entry, nowMs), events: events.map(eventItem) };
}

/** Newest first. `event` says which of the fields are there. */
export function eventItem({ host, seq, atMs, event }: StoredEvent): object {
  const when = { at: formatTimestamp(atMs), host, seq, event: event.kind };
  switch (event.kind) {
    case 'processChanged': {
      const { process, state, pid, exitCode, exitSignal, lastError } = event.process;
      const { health, healthError, waitsFor, hold } = event.process;
      const changed = { process, state, pid, exitCode, exitSignal, lastError };
      return { ...when, ...changed, health, healthError, waitsFor, hold: holdItem(hold) };
    }
    case 'processRemoved':
      return { ...when, process: event.process };
    case 'localOrder': {
      const { requestedBy, command, operationId } = event;
      return { ...when, requestedBy, command, operation: operationId };
    }
    case 'configJudged':
      return { ...when, problem: event.problem };
    case 'targetAccepted': {
      const { process, verb, operationId, generation, oldPid } = event;
      return { ...when, process, verb, operation: operationId, generation, oldPid };
    }
    case 'targetVerifying': {
      const { process, verb, operationId } = event;
      return { ...when, process, verb, operation: operationId };
    }
    case 'eventsMissing':
      return { ...when, untilSeq: event.untilSeq };
    case 'targetSettled': {
      const { process, verb, operationId, outcome } = event;
      return { ...when, process, verb, operation: operationId, ...outcome };
    }
  }
}
