/**
 * Walks the host through its tiers at boot and at shutdown. The next tier begins when every member
 * of the present one is settled, or when the wait for it has run out; the latter is said aloud.
 */
import type { ProcessName } from '../../proto/vocabulary.ts';
import { applyToProcess } from './apply-process.ts';
import { startWhenReady } from './dependencies.ts';
import { startOnceStopped } from './late-starts.ts';
import { isWantedUp, type ProcessRuntime } from './process.ts';
import { isRetired, type Turn } from './state.ts';
import { type Direction, isSettledFor, type Sequence, sequenceOf, tierWaitMs } from './tiers.ts';

export function beginSequence(turn: Turn, direction: Direction): void {
  layOutSequence(turn, direction);
  advanceSequence(turn);
}

/** It is known, and has not begun. */
export function layOutSequence(turn: Turn, direction: Direction): void {
  const definitions = [...turn.state.processes.values()].map((process) => process.definition);
  const sequencesBegun = turn.state.sequencesBegun + 1;
  const sequence = sequenceOf(sequencesBegun, direction, definitions);
  turn.state = { ...turn.state, sequence, sequencesBegun };
}

/** Called after every change of state: once settled is enough, so no other member is looked at. */
export function noteEntered(turn: Turn, name: ProcessName): void {
  const { sequence, processes } = turn.state;
  const process = processes.get(name);
  if (sequence === null || process === undefined) return;
  if (!isSettled(turn, sequence, process)) return;
  const waitingFor = sequence.waitingFor.filter((member) => member !== name);
  turn.state = { ...turn.state, sequence: { ...sequence, waitingFor } };
  advanceSequence(turn);
}

/** Nobody waits for it any more: it is gone, or its start is not to be expected. */
export function forgetMember(turn: Turn, name: ProcessName): void {
  const { sequence } = turn.state;
  if (sequence === null || !sequence.waitingFor.includes(name)) return;
  const waitingFor = sequence.waitingFor.filter((member) => member !== name);
  turn.state = { ...turn.state, sequence: { ...sequence, waitingFor } };
  advanceSequence(turn);
}

export function noteTierTimeout(turn: Turn, number: number, index: number): void {
  const { sequence } = turn.state;
  if (sequence?.number !== number || sequence.index !== index) return;
  const { direction } = sequence;
  const late = membersOf(turn, sequence.waitingFor);
  const names = late.map((member) => `${member.definition.process} (${member.state})`).join(', ');
  turn.effects.push({ kind: 'warn', text: `${direction}: going on without waiting for ${names}` });
  beginNextTier(turn, sequence);
  advanceSequence(turn);
}

export function advanceSequence(turn: Turn): void {
  for (;;) {
    const { sequence } = turn.state;
    if (sequence === null || sequence.waitingFor.length > 0) return;
    beginNextTier(turn, sequence);
  }
}

function beginNextTier(turn: Turn, sequence: Sequence): void {
  const { number, direction } = sequence;
  const index = sequence.index + 1;
  const names = sequence.tiers[index];
  if (names === undefined) {
    turn.state = { ...turn.state, sequence: null };
    if (direction === 'shutdown') turn.isShutdownOver = true;
    // What the host's own start has not begun by now, it will not.
    for (const [name, { prospect }] of turn.state.heldStarts) {
      if (prospect === 'later') turn.prospects.push(name);
    }
    return;
  }
  const definitions = membersOf(turn, names).map((member) => member.definition);
  const delayMs = tierWaitMs(direction, definitions);
  const waitingFor = delayMs === 0 ? [] : names;
  turn.state = { ...turn.state, sequence: { ...sequence, index, waitingFor } };
  if (delayMs > 0) turn.effects.push({ kind: 'tierTimer', sequence: number, index, delayMs });
  for (const name of names) orderMember(turn, direction, name);
  dismissSettled(turn);
}

function orderMember(turn: Turn, direction: Direction, name: ProcessName): void {
  const process = turn.state.processes.get(name);
  if (process === undefined) return;
  if (direction === 'shutdown') return applyToProcess(turn, name, { kind: 'stop' });
  if (isRetired(turn.state, name) || !isWantedUp(process, process.definition)) return;
  // In any other state it runs, or its end has been judged already.
  if (process.state === 'STOPPED') startWhenReady(turn, process);
  if (process.state === 'STOPPING') startOnceStopped(turn, name);
}

/** Those that have nothing to do in this tier; one that is retried again and again holds nobody up. */
function dismissSettled(turn: Turn): void {
  const { sequence } = turn.state;
  if (sequence === null) return;
  const waitingFor = membersOf(turn, sequence.waitingFor)
    .filter((member) => !isSettled(turn, sequence, member))
    .map((member) => member.definition.process);
  turn.state = { ...turn.state, sequence: { ...sequence, waitingFor } };
}

/** One that waits for others is on its way, unless they are not. */
function isSettled({ state }: Turn, { direction }: Sequence, member: ProcessRuntime): boolean {
  const held = state.heldStarts.get(member.definition.process);
  if (direction === 'boot' && held?.prospect === 'wait') return false;
  return isSettledFor(direction, member.state);
}

function membersOf(turn: Turn, names: readonly ProcessName[]): readonly ProcessRuntime[] {
  return names.flatMap((name) => turn.state.processes.get(name) ?? []);
}
