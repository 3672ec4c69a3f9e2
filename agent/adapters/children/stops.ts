/**
 * What is being stopped, together with what it has started. A program's descendants have to be found
 * before it gets its stop signal: when it has ended, its children are init's. When it has ended,
 * either is done:
 *
 *   - As in Supervisor, the rest lives on; how many they are is told with the end. They are looked at
 *     once more after a moment, because what was signalled as one group does not end at one instant.
 *   - With `stop_descendants` they get the stop signal too, and every later one of this stop, and the
 *     end is told when none of them is left; or, so that nobody waits for ever for one that the kernel
 *     does not let go or that multiplies faster than it is killed, a while after the first SIGKILL.
 *
 * All this is known to this agent alone. Where it dies during a stop, the next one begins the stop
 * anew with what it finds then; orphans that have left the program's session are not among it.
 */
import { messageOf } from '../../../proto/errors.ts';
import type { ProcessName } from '../../../proto/vocabulary.ts';
import type { ProcessDefinition } from '../../core/definition.ts';
import type { Child } from '../../core/process.ts';
import type { Clock, Log } from '../../ports.ts';
import type { ProcessIdentity, ProcessTable } from '../host/process-table.ts';
import type { Attendances } from './attendances.ts';
import { type Family, familyOf } from './descendants.ts';
import { type Families, openFamilies } from './families.ts';
import { FamilySignals, isKill } from './family-signals.ts';
import { sendSignal } from './send-signal.ts';

/** At first what is about to end is waited for; later only what may take its time is left. */
const LOOK_FIRST_MS = 10;
const LOOK_MAX_MS = 500;

/** So long the rest may take to end before it counts as left behind. */
const SETTLE_MS = 100;

/** So long after their first SIGKILL they are waited for. */
const KILL_WAIT_MS = 5_000;

/** More would make no better a line of the log. */
const PIDS_NAMED_MAX = 20;

export interface StopsOptions {
  readonly table: Pick<ProcessTable, 'isAlive'>;
  readonly families: Families;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly send: typeof sendSignal;
  readonly log: Pick<Log, 'warn'>;
}

/** Of the `exited` that may be told now. */
interface Rest {
  readonly leftBehind?: number;
}

interface Stop {
  readonly child: Child;
  /** The one that was given last; to what is left, the first one first. */
  signal: string;
  family: Family;
  /** They belong to somebody whom the agent may not signal, and are not waited for. */
  readonly beyondReach: Set<number>;
  end: StopEnd | null;
}

interface StopEnd {
  readonly atMs: number;
  readonly endsAll: boolean;
  readonly tell: (rest: Rest) => void;
  /** At the last look, nobody was awaited and nothing told of somebody unseen. */
  wasQuiet: boolean;
  /** When the rest was first sent SIGKILL, as far as there was anybody. */
  killedAtMs: number | null;
}

/** What one look after the end has found. */
interface Look {
  readonly isUpToDate: boolean;
  readonly newcomers: readonly ProcessIdentity[];
  /** Somebody lives, or lived since the look before, whom the table does not show. */
  readonly isAnyoneUnseen: boolean;
}

export function openStops(
  { table, clock, log }: Pick<StopsOptions, 'clock' | 'log'> & { readonly table: ProcessTable },
  attendances: Attendances,
): Stops {
  const families = openFamilies(table, attendances);
  return new Stops({ table, families, clock, log, send: sendSignal });
}

export class Stops implements Disposable {
  readonly #options: StopsOptions;
  readonly #signals: FamilySignals;
  readonly #stops = new Map<ProcessName, Stop>();
  /** So that a look that was planned before a nearer one does not happen. */
  #looksPlanned = 0;

  constructor(options: StopsOptions) {
    this.#options = options;
    this.#signals = new FamilySignals(options);
  }

  /** Before the program gets this signal. If it has ended, what it has left gets it instead. */
  signal(process: ProcessName, child: Child, signal: string): void {
    const known = this.#stops.get(process);
    const stop = known !== undefined && isOf(known, child) ? known : begin(child, signal);
    this.#stops.set(process, stop);
    const { isUpToDate } = this.#look(process, stop);
    if (stop.end === null) return;
    stop.signal = signal;
    stop.end.wasQuiet = false;
    if (isKill(signal)) stop.end.killedAtMs ??= this.#nowMs();
    this.#sendTo(stop, stop.family.members.values(), isUpToDate);
  }

  /**
   * @param child null where there was none, or not yet
   * @param tell is called once; at once where nothing is left, or where nobody had stopped it
   */
  ended(
    { process, stopDescendants: endsAll }: ProcessDefinition,
    child: Child | null,
    tell: (rest: Rest) => void,
  ): void {
    const stop = this.#stops.get(process);
    if (stop === undefined || child === null || !isOf(stop, child)) {
      this.#stops.delete(process);
      return tell({});
    }
    const others = [...stop.family.members.values()].filter(({ pid }) => pid !== child.pid);
    const rest = others.filter((member) => this.#signals.mayLive(member));
    stop.family = { ...stop.family, members: new Map(rest.map((one) => [one.pid, one])) };
    // With `endsAll` also what was started since the last look is to be found.
    if (rest.length === 0 && !endsAll) {
      this.#stops.delete(process);
      return tell({ leftBehind: 0 });
    }
    const atMs = this.#nowMs();
    const killedAtMs = isKill(stop.signal) ? atMs : null;
    stop.end = { atMs, endsAll, tell, wasQuiet: false, killedAtMs };
    if (endsAll) this.#sendTo(stop, rest, false);
    this.#planLook(LOOK_FIRST_MS);
  }

  [Symbol.dispose](): void {
    this.#stops.clear();
  }

  #planLook(delayMs: number): void {
    this.#looksPlanned += 1;
    const look = this.#looksPlanned;
    this.#options.clock.after(delayMs, () => {
      if (look === this.#looksPlanned) this.#lookAtAll(delayMs);
    });
  }

  #lookAtAll(delayMs: number): void {
    const planned = this.#looksPlanned;
    let isChanging = false;
    for (const [process, stop] of [...this.#stops]) {
      if (stop.end !== null) isChanging = this.#lookAfter(process, stop, stop.end) || isChanging;
    }
    const isAnyLeft = [...this.#stops.values()].some(({ end }) => end !== null);
    if (!isAnyLeft || planned !== this.#looksPlanned) return;
    // Who multiplies has to be overtaken.
    this.#planLook(isChanging ? LOOK_FIRST_MS : Math.min(delayMs * 2, LOOK_MAX_MS));
  }

  /**
   * At the rest of a program that has ended, and whether it is time to tell of the end.
   * @returns whether another look is due soon
   */
  #lookAfter(process: ProcessName, stop: Stop, end: StopEnd): boolean {
    const look = this.#look(process, stop);
    const isNews = look.newcomers.length > 0 || look.isAnyoneUnseen;
    if (end.endsAll && isNews) this.#sendTo(stop, look.newcomers, look.isUpToDate);
    const { members } = stop.family;
    const isNoneAwaited = [...members.keys()].every((pid) => stop.beyondReach.has(pid));
    const isQuiet = isNoneAwaited && look.isUpToDate && !look.isAnyoneUnseen;
    const isOver = end.endsAll
      ? isQuiet && end.wasQuiet
      : isNoneAwaited || this.#nowMs() - end.atMs >= SETTLE_MS;
    if (isOver) this.#tell(process, end, members.size);
    else if (end.endsAll && isOverdue(end, this.#nowMs())) this.#giveUp(process, end, stop.family);
    // A table is read process by process: who is quick to fork and to end may be missed once.
    end.wasQuiet = isQuiet;
    return isNews || isQuiet;
  }

  #look(process: ProcessName, stop: Stop): Look {
    const known = stop.family;
    const isUpToDate = this.#tryToLookAt(process, stop);
    const { members, sessions, emptyGroups, dead } = stop.family;
    // Who was dead the last time may wait to be reaped for as long as its parent likes.
    const haveDied = [...dead].some((pid) => !known.dead.has(pid));
    const areMissed = this.#signals.isAnyoneIn(emptyGroups);
    if (members.size === 0 || areMissed) {
      stop.family = { ...stop.family, sessions: new Set([...sessions, ...known.sessions]) };
    }
    return {
      isUpToDate,
      newcomers: [...members.values()].filter(({ pid }) => !known.members.has(pid)),
      isAnyoneUnseen: haveDied || areMissed,
    };
  }

  #giveUp(process: ProcessName, end: StopEnd, { members }: Family): void {
    // Where the table shows none, there is at least the one that was not seen.
    const leftBehind = Math.max(members.size, 1);
    const pids = [...members.keys()].slice(0, PIDS_NAMED_MAX);
    const text = 'what it has started outlives SIGKILL and is not waited for any longer';
    this.#options.log.warn({ process, leftBehind, pids }, text);
    this.#tell(process, end, leftBehind);
  }

  #tell(process: ProcessName, end: StopEnd, leftBehind: number): void {
    this.#stops.delete(process);
    end.tell({ leftBehind });
  }

  /** @returns false where the table cannot be read now */
  #tryToLookAt(process: ProcessName, stop: Stop): boolean {
    try {
      stop.family = this.#options.families.find(stop.child, stop.family);
      return true;
    } catch (error) {
      const why = messageOf(error);
      // Once for each signal; it is looked at many times after the end.
      if (stop.end === null) {
        this.#options.log.warn({ process, error: why }, 'what it has started cannot be told');
      }
      return false;
    }
  }

  /** @param isUpToDate whether the family is as the table has it in this turn */
  #sendTo(stop: Stop, members: Iterable<ProcessIdentity>, isUpToDate: boolean): void {
    if (isKill(stop.signal) && isUpToDate) this.#signals.killGroups(stop.family);
    this.#signals.send(stop.signal, members, stop.beyondReach);
  }

  #nowMs(): number {
    return this.#options.clock.now().monotonicMs;
  }
}

function isOf({ child }: Stop, { pid, startToken }: Child): boolean {
  return child.pid === pid && child.startToken === startToken;
}

function isOverdue({ killedAtMs }: StopEnd, nowMs: number): boolean {
  return killedAtMs !== null && nowMs - killedAtMs >= KILL_WAIT_MS;
}

function begin(child: Child, signal: string): Stop {
  return { child, signal, family: familyOf(child), beyondReach: new Set(), end: null };
}
