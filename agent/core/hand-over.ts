/**
 * Ends the agent and leaves everything running, for the next one to take over: so an agent is
 * upgraded. It is as if it had been killed at a moment that suits it: what is on record stands, what
 * is being started has its gate closed and is started afresh, and what was not accepted yet was never
 * heard of, so whoever sent it sends it again.
 */
import type { Turn } from './state.ts';

/** An end that is under way, with everything being stopped, goes on instead. */
export function handOver(turn: Turn): void {
  if (turn.state.isShuttingDown) {
    turn.effects.push({ kind: 'warn', text: 'no hand-over: everything is being stopped' });
    return;
  }
  turn.state = { ...turn.state, isHandingOver: true };
  turn.effects.push({ kind: 'handOverComplete' });
}
