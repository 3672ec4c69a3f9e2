/**
 * Signals to programs, each by its identity: between the end of one and our notice of it, its pid
 * may belong to somebody else.
 */
import type { Child, SignalResult } from '../../core/process.ts';
import type { ProcessTable } from '../host/process-table.ts';
import type { Attendances } from './attendances.ts';
import { sendSignal } from './send-signal.ts';

export class Signals {
  readonly #table: Pick<ProcessTable, 'startTokenOf'>;
  readonly #attendances: Attendances;

  constructor(table: Pick<ProcessTable, 'startTokenOf'>, attendances: Attendances) {
    this.#table = table;
    this.#attendances = attendances;
  }

  send(child: Child, signal: string): SignalResult {
    return this.#isItself(child) ? sendSignal(signal, child.pid) : { kind: 'gone' };
  }

  sendToGroup(child: Child, signal: string): SignalResult {
    if (!this.#isItself(child)) return { kind: 'gone' };
    const result = sendSignal(signal, -child.pid);
    // It is there, but it leads no group: there is no setsid(1) here, or it has joined another one.
    return result.kind === 'gone' ? sendSignal(signal, child.pid) : result;
  }

  #isItself({ pid, startToken }: Child): boolean {
    try {
      return this.#table.startTokenOf(pid) === startToken;
    } catch {
      // Not to be told now. While a keeper of our own waits for it, the pid is still its own; of
      // another it counts as gone: a stop will try again, and no stranger is hit.
      return this.#attendances
        .all()
        .some(({ child, keeper }) => keeper !== null && child?.pid === pid);
    }
  }
}
