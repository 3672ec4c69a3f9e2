/**
 * Ends the agent and leaves everything running, for the next one to take over: so an agent is
 * upgraded. It is as if it had been killed at a moment that suits it: what is on record stands, what
 * is being started has its gate closed and is started afresh, and what was not accepted yet was never
 * heard of, so whoever sent it sends it again.
 *
 * Two moments do not suit: while commits fail, because the next agent would not know what runs and
 * would start it a second time; and in a reload, which only this agent can finish. Then it waits.
 */
import type { Turn } from './state.ts';

/** An end that is under way, with everything being stopped, goes on instead. */
export function handOver(turn: Turn): void {
  const { isShuttingDown, reload, isJournalSound } = turn.state;
  if (isShuttingDown && reload === null) {
    turn.effects.push({ kind: 'warn', text: 'no hand-over: everything is being stopped' });
  } else if (!isJournalSound) {
    wait(turn, 'the hand-over waits until the journal can be written');
  } else if (isShuttingDown) {
    wait(turn, 'the hand-over waits until the reload is over');
  } else {
    turn.state = { ...turn.state, isHandingOver: true };
    turn.effects.push({ kind: 'handOverComplete' });
  }
}

/** Called when what it waits for may be over. */
export function handOverIfDue(turn: Turn): void {
  if (!turn.state.isHandOverDue) return;
  turn.state = { ...turn.state, isHandOverDue: false };
  handOver(turn);
}

function wait(turn: Turn, text: string): void {
  turn.state = { ...turn.state, isHandOverDue: true };
  turn.effects.push({ kind: 'warn', text });
}
