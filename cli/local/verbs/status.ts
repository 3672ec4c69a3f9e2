/**
 * `status`. Its exit code is supervisorctl's: STARTING, BACKOFF and STOPPING pass for running. That
 * the agent goes by an earlier configuration, has lost its state, shows less than there is, or keeps
 * the fleet's operations off some of these, is told on stderr, since scripts read every line of stdout as a process.
 */

import { heldText } from '../../../proto/hold-text.ts';
import type { LocalListing } from '../../../proto/local-orders.ts';
import { compareGroupAndName } from '../../../proto/text-order.ts';
import { hostId, type ProcessStatus, STOPPED_STATES } from '../../../proto/vocabulary.ts';
import { renderNoticeJson } from '../../render/json.ts';
import { neutralise } from '../../render/text.ts';
import { EXIT, STATUS_EXIT } from '../exit-status.ts';
import { ALL, errorLine, groupOf, selectProcesses, unknownNameLine } from '../names.ts';
import { isHeld } from '../render/holds.ts';
import { renderLocalStatus } from '../render/status.ts';
import { unreachableStatus } from '../render/unreachable.ts';
import { action, type LocalContext, type LocalVerb } from './verb.ts';

export const status: LocalVerb = {
  summary: 'show processes and what they do',
  usage: [
    ['status', 'show every process'],
    ['status NAME…', 'show these: name, group:name, group:*, pattern or program'],
    ['status -o json', 'show them as fleetctl status -o json does'],
  ],
  looksForAgentFirst: true,
  whenUnreachable: unreachableStatus,
  read: (names) => action((context) => showStatus(context, names)),
};

async function showStatus(context: LocalContext, names: readonly string[]): Promise<number> {
  const { environment, format } = context;
  const listing = await context.client.list();
  const known = listing.processes.toSorted(compareGroupAndName);
  const isEverything = names.length === 0 || names.includes(ALL);
  const selected = isEverything ? { processes: known, unknown: [] } : selectProcesses(names, known);
  const complaints = selected.unknown.map(unknownStatusLine).join('');
  (format === 'table' ? environment.stdout : environment.stderr).write(complaints);
  environment.stdout.write(await rendered(context, listing, selected.processes));
  for (const [what, problem] of [
    ['state lost', listing.stateProblem],
    ['config rejected', listing.configProblem],
    ['not shown', withheldNote(listing)],
    ['held', heldNote(selected.processes, environment.clock.nowMs())],
  ] as const) {
    if (problem !== null) environment.stderr.write(noteText(`${what}: ${problem}`, context));
  }
  return exitCodeOf(selected.processes, selected.unknown);
}

async function rendered(
  { environment: { clock }, format }: LocalContext,
  { host }: LocalListing,
  processes: readonly ProcessStatus[],
): Promise<string> {
  if (format === 'table') return renderLocalStatus(processes, clock.nowMs());
  const [{ renderList }, { processListItems }] = await Promise.all([
    import('../../render/json.ts'),
    import('../../render/status/json.ts'),
  ]);
  const once = [...new Set(processes)];
  const listing = {
    processes: once.map((known) => ({ host: hostId(host), hostConnected: true, status: known })),
    hosts: [],
  };
  return renderList('ProcessList', processListItems(listing, clock.nowMs()), format);
}

/** Otherwise somebody would take what they see for all that there is. */
function withheldNote({ withheld }: LocalListing): string | null {
  if (withheld === 0) return null;
  return `${withheld} process${withheld === 1 ? '' : 'es'} that you may not see`;
}

/** Of one it is all that there is to say; null: nobody holds any. */
function heldNote(shown: readonly ProcessStatus[], nowMs: number): string | null {
  const held = new Set(shown.filter((known) => isHeld(known, nowMs)));
  const [first] = held;
  if (first?.hold == null) return null;
  if (held.size > 1) return `${held.size} processes; fleetctl --local hold shows by whom`;
  return `${first.process} is ${heldText(first.hold)}`;
}

/** Unlike the verbs that change something, it repeats even `web:web` as it was typed. */
function unknownStatusLine(typed: string): string {
  return groupOf(typed) === null ? errorLine(typed, 'no such process') : unknownNameLine(typed);
}

function exitCodeOf(shown: readonly ProcessStatus[], unknown: readonly string[]): number {
  if (shown.some(({ state }) => STOPPED_STATES.has(state))) return STATUS_EXIT.notRunning;
  return unknown.length > 0 ? STATUS_EXIT.unknown : EXIT.success;
}

function noteText(note: string, { format }: LocalContext): string {
  if (format !== 'table') return renderNoticeJson(note);
  return note
    .trimEnd()
    .split('\n')
    .map((line) => `${neutralise(line)}\n`)
    .join('');
}
