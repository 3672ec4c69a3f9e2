/**
 * Signals to what a program has left, each of them looked up again before it gets one: what was true
 * when the table was read may be over.
 *
 * With SIGKILL, process groups get it as well. Where each process forks its successor and ends at
 * once, whoever was read in the table is dead before a signal reaches it; but to a group kill(2) is
 * atomic: nobody in it forks while it is sent. A group's number is nobody else's as long as anybody, be
 * it a dead one, is in it, so it can be trusted if the table was read in this turn.
 */
import type { ProcessIdentity, ProcessTable } from '../host/process-table.ts';
import { mayBeAlive } from '../host/process-table.ts';
import type { Family } from './descendants.ts';
import type { sendSignal } from './send-signal.ts';

export interface FamilySignalsOptions {
  readonly table: Pick<ProcessTable, 'isAlive'>;
  readonly send: typeof sendSignal;
}

export class FamilySignals {
  readonly #options: FamilySignalsOptions;

  constructor(options: FamilySignalsOptions) {
    this.#options = options;
  }

  /** @param beyondReach is kept up to date: pids of those whom the agent may not signal */
  send(signal: string, members: Iterable<ProcessIdentity>, beyondReach: Set<number>): void {
    for (const member of members) {
      if (!this.mayLive(member)) continue;
      const result = this.#options.send(signal, member.pid);
      if (result.kind === 'failed') beyondReach.add(member.pid);
      else beyondReach.delete(member.pid);
    }
  }

  /** @param family as the table has it in this turn */
  killGroups({ groups }: Family): void {
    for (const group of groups) this.#options.send('KILL', -group);
  }

  /** @returns whether somebody is in a group in which the table shows nobody */
  isAnyoneIn(groups: Iterable<number>): boolean {
    return [...groups].some((group) => this.#options.send('0', -group).kind === 'delivered');
  }

  mayLive({ pid, startToken }: ProcessIdentity): boolean {
    return mayBeAlive(this.#options.table, pid, startToken);
  }
}

export function isKill(signal: string): boolean {
  return signal === 'KILL' || signal === '9';
}
