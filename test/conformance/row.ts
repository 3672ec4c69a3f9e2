/**
 * What a row of the conformance table is made of. A row is data: one configuration, what is done
 * while a daemon runs it, and what is looked at. Both daemons get the same row; `compare.ts` judges
 * the facts that come out.
 */
import type { ProcessState } from '../../proto/vocabulary.ts';

export interface Row {
  /** The scenario in a few words; unique, and what `--row` looks for. */
  readonly name: string;
  /** The row of the specification's table that it stands for; null: one of our own. */
  readonly ref: number | null;
  /** Sections of the one file that both daemons read; `{dir}` is the side's own directory. */
  readonly conf: string;
  /** More files below `{dir}`: text by path. What begins with `#!` may be executed. */
  readonly files?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  /** What is looked at when the steps are done, besides what every row is looked at for. */
  readonly observe?: readonly Observation[];
  /** Names of facts that are not compared. */
  readonly ignore?: RegExp;
  /**
   * What Supervisor must have shown. A row in which both daemons do nothing would be a row that
   * cannot fail; this is what makes it fail.
   */
  readonly shows: Readonly<Record<string, Expected>>;
  /** Racy facts: whatever either side showed must be one of these. */
  readonly either?: Readonly<Record<string, readonly Expected[]>>;
  readonly onPurpose?: readonly Difference[];
  readonly needsRoot?: true;
}

export type Expected = string | RegExp;

/** One fact that differs on purpose: what ours must be instead, and where users can read why. */
export interface Difference {
  readonly fact: string;
  readonly ours: Expected;
  /** Words of docs/supervisor-differences.md, exactly as they stand there. */
  readonly see: string;
}

export type Step =
  /** Waits for a process to have come into a state so many times since the row began. */
  | {
      readonly do: 'until';
      readonly process: string;
      readonly state: ProcessState;
      readonly times: number;
    }
  /** Waits until a file below `{dir}` has these words. */
  | { readonly do: 'untilFile'; readonly path: string; readonly has: string }
  | { readonly do: 'pause'; readonly seconds: number }
  /** supervisorctl, or `fleetctl --local`; exit code and output are a fact. */
  | { readonly do: 'ctl'; readonly words: string; readonly mode: ControlMode }
  /** A shell in `{dir}`; its output is a fact, where it has a name. */
  | { readonly do: 'shell'; readonly command: string; readonly fact: string | null }
  | { readonly do: 'signalProcess'; readonly process: string; readonly signal: NodeJS.Signals }
  | { readonly do: 'signalDaemon'; readonly signal: NodeJS.Signals }
  | { readonly do: 'write'; readonly path: string; readonly text: string }
  /** Replaces the sections of the row. */
  | { readonly do: 'configure'; readonly conf: string }
  /**
   * The end of the daemon is a fact, and so is what it said, where it refused to start. How long it
   * takes only where that is the point: at its leisure Supervisor needs up to two seconds.
   */
  | { readonly do: 'daemonEnds'; readonly isTimed: boolean }
  | { readonly do: 'daemonRefuses' }
  /** Whether it runs is a fact. */
  | { readonly do: 'daemonNow' }
  /** Starts the daemon, again or a second time; how that went is a fact. */
  | { readonly do: 'startDaemon' }
  | { readonly do: 'secondDaemon' };

/**
 * `background`: the row goes on, and waits at its end. `exit code`: nothing of the output counts.
 * `any order`: programs of one tier are done in whatever order. `brief`: only that there is some; `first line`: only that one, for help in words of its own comes below. `interrupt`: the
 * command would not end, and gets SIGINT after a while.
 */
export type ControlMode =
  | 'wait'
  | 'background'
  | 'exit code'
  | 'brief'
  | 'first line'
  | 'any order'
  | 'interrupt';

export type Observation =
  | { readonly look: 'file'; readonly path: string }
  /** Names in a directory. */
  | { readonly look: 'names'; readonly path: string }
  /** In which order processes came into a state, and whether one soon after the other. */
  | { readonly look: 'order'; readonly state: ProcessState }
  /** Whether a process ever was in a state. */
  | { readonly look: 'ever'; readonly process: string; readonly state: ProcessState };

/** Something that one side showed. `seconds` are compared in bands, texts exactly. */
export type Fact =
  | { readonly kind: 'text'; readonly name: string; readonly value: string }
  | { readonly kind: 'seconds'; readonly name: string; readonly values: readonly number[] };

/** One change of a process's state, as either daemon's recorder wrote it. */
export interface Change {
  readonly atMs: number;
  /** `group:name`, or `name` where both are the same. */
  readonly process: string;
  readonly state: ProcessState;
  readonly pid: number | null;
  /** `0`, `3`, `SIGKILL`: how it ended, where this is an end. */
  readonly ending: string | null;
  readonly error: string | null;
}
