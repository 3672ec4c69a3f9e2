/**
 * Gives one process an input: its record becomes durable, each state it passes through becomes an
 * event, and is noted for whoever waits for it (`drawConsequences` in agent.ts).
 */
import type { AgentEvent, ProcessName } from '../../proto/vocabulary.ts';
import { append } from './outbox.ts';
import type { ProcessInput, ProcessRuntime } from './process.ts';
import type { Turn } from './state.ts';
import { stepProcess } from './step-process.ts';
import { isLocal } from './target-origin.ts';

/** An input for a process that is not (or no longer) here is dropped: it came too late. */
export function applyToProcess(turn: Turn, name: ProcessName, input: ProcessInput): void {
  const before = turn.state.processes.get(name);
  if (before === undefined) return;
  const step = stepProcess(before, input, turn.at);
  if (step.process === before) return;
  putProcess(turn, step.process);
  for (const effect of step.effects) {
    if (effect.kind === 'changed') {
      turn.entered.push(effect.status);
      emit(turn, { kind: 'processChanged', process: effect.status });
    } else {
      turn.effects.push({ kind: 'process', process: name, effect });
    }
  }
}

/** Replaces what is known of one process, durably. */
export function putProcess(turn: Turn, process: ProcessRuntime): void {
  const name = process.definition.process;
  turn.state = { ...turn.state, processes: turn.state.processes.with(name, process) };
  turn.writes.push({ kind: 'process', process });
}

/** Adds an event to the outbox and, where a session is up, sends it. */
export function emit(turn: Turn, event: AgentEvent): void {
  const { outbox, added, droppedSeq } = append(
    turn.state.outbox,
    event,
    turn.at.wallMs,
    isLocal(turn.state.targets, event),
  );
  turn.state = { ...turn.state, outbox };
  turn.writes.push({ kind: 'event', event: added });
  if (droppedSeq !== null) turn.writes.push({ kind: 'eventDropped', seq: droppedSeq });
  const { sessionEpoch } = turn.state;
  if (sessionEpoch === null) return;
  turn.effects.push({ kind: 'send', message: { kind: 'event', sessionEpoch, ...added } });
}
