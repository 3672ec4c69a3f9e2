/**
 * Holds: somebody on the host keeps the fleet's operations off a process for a while, to look into it.
 * What the controller wants of it meanwhile is not done, and that is its verdict; what is ordered on
 * the host itself, restarts after a crash included, goes on as ever. A hold ends by itself, because
 * people forget: by the host's wall clock, which is what they read, and which each decision asks
 * anew, so that a clock that was set, or a host that was off, is no reason to hold on.
 */
import { heldText } from '../../proto/hold-text.ts';
import { compareText } from '../../proto/text-order.ts';
import type { Hold, ProcessName } from '../../proto/vocabulary.ts';
import { emit } from './apply-process.ts';
import { settleUnbegun } from './carry-out-targets.ts';
import { type ProcessRuntime, statusOf } from './process.ts';
import { type AgentState, type Turn, targetKey } from './state.ts';
import type { TargetRecord } from './target.ts';
import { skipped, type Verdict } from './verdict.ts';

/** The wall clock may be set while a timer runs; so long its status may say that it is held still. */
const REVIEW_MAX_MS = 60_000;

/** Who holds it at that time; null: nobody. */
export function holdOn({ processes }: AgentState, name: ProcessName, wallMs: number): Hold | null {
  const hold = processes.get(name)?.hold ?? null;
  return hold !== null && hold.untilMs > wallMs ? hold : null;
}

/**
 * What the controller ordered before and is not begun yet is left alone too.
 * @returns the hold that this one replaces
 */
export function beginHold(turn: Turn, { definition }: ProcessRuntime, hold: Hold): Hold | null {
  const { process: name } = definition;
  const before = holdOn(turn.state, name, turn.at.wallMs);
  put(turn, name, hold);
  reviewAgain(turn, name, hold);
  for (const key of turn.state.queues.get(name) ?? []) {
    const target = turn.state.targets.get(key);
    const verdict = target?.phase === 'queued' ? leftAlone(turn, target) : null;
    if (target !== undefined && verdict !== null) settleUnbegun(turn, target, verdict);
  }
  return before;
}

/** @returns the hold that there was */
export function endHold(turn: Turn, { definition }: ProcessRuntime): Hold | null {
  const { process: name } = definition;
  const before = holdOn(turn.state, name, turn.at.wallMs);
  if (turn.state.processes.get(name)?.hold != null) put(turn, name, null);
  return before;
}

/** @param untilMs of the hold that the timer was set for; there may be another by now */
export function noteHoldDue(turn: Turn, name: ProcessName, untilMs: number): void {
  const process = turn.state.processes.get(name);
  if (process?.hold?.untilMs === untilMs) review(turn, process, process.hold);
}

/** Timers died with the agent that had set them. */
export function resumeHolds(turn: Turn): void {
  for (const process of turn.state.processes.values()) {
    if (process.hold !== null) review(turn, process, process.hold);
  }
}

/** Why what the controller wants is not done; null: nobody holds what it is about. */
export function leftAlone(turn: Turn, target: TargetRecord): Verdict | null {
  if (target.origin !== 'controller') return null;
  if (target.verb === 'update') return updateLeftAlone(turn, target);
  const hold = holdOn(turn.state, target.process, turn.at.wallMs);
  if (hold === null || isStartOfStopped(turn.state, target)) return null;
  return skipped(heldText(hold));
}

/** What an update leads to is one whole: half of a new configuration may be worse than none. */
function updateLeftAlone({ state, at }: Turn, { groups }: TargetRecord): Verdict | null {
  const named = new Set(groups);
  const isMeant = (group: string) => named.size === 0 || named.has('all') || named.has(group);
  const held = [...state.processes.values()]
    .filter(({ definition }) => isMeant(definition.group))
    .flatMap(({ definition: { process } }) => {
      const hold = holdOn(state, process, at.wallMs);
      return hold === null ? [] : [{ process, hold }];
    })
    .sort((left, right) => compareText(left.process, right.process));
  const [first, ...others] = held;
  if (first === undefined) return null;
  const more = others.length === 0 ? '' : `; and ${others.length} more`;
  return skipped(`${first.process} is ${heldText(first.hold)}${more}`);
}

/** The second half of a full stop that brought it down before the hold: it must not stay down. */
function isStartOfStopped({ targets, processes }: AgentState, target: TargetRecord): boolean {
  if (target.verb !== 'start') return false;
  const stop = targets.get(targetKey({ ...target, verb: 'stop' }))?.outcome;
  const isStopped = stop?.state === 'succeeded' && stop.fault === null;
  // Unless somebody has stopped it since.
  return isStopped && processes.get(target.process)?.wanted !== 'down';
}

function review(turn: Turn, process: ProcessRuntime, hold: Hold): void {
  const { process: name } = process.definition;
  if (hold.untilMs <= turn.at.wallMs) put(turn, name, null);
  else reviewAgain(turn, name, hold);
}

function reviewAgain(turn: Turn, name: ProcessName, { untilMs }: Hold): void {
  const delayMs = Math.min(REVIEW_MAX_MS, Math.max(0, untilMs - turn.at.wallMs));
  turn.effects.push({ kind: 'holdTimer', process: name, untilMs, delayMs });
}

function put(turn: Turn, name: ProcessName, hold: Hold | null): void {
  const process = turn.state.processes.get(name);
  if (process === undefined) return;
  const changed = { ...process, hold };
  turn.state = { ...turn.state, processes: turn.state.processes.with(name, changed) };
  turn.writes.push({ kind: 'hold', process: changed });
  emit(turn, { kind: 'processChanged', process: statusOf(changed) });
}
