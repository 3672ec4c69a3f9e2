/**
 * An agent whose journal was damaged, or is simply not there, looks for its processes in `run_dir`
 * instead: they must neither be left alone nor be started a second time. What is lost for good is
 * said in one sentence that stays in sight until the agent is started again.
 */
import { clippedTo, REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import { type Found, findProcesses } from '../adapters/children/found-children.ts';
import { findKeepers } from '../adapters/children/living-keepers.ts';
import type { Folders } from '../adapters/children/run-files.ts';
import { mayRun } from '../adapters/children/sightings.ts';
import { ownArgumentsOf } from '../adapters/host/process-arguments.ts';
import type { ProcessTable } from '../adapters/host/process-table.ts';
import type { OpenJournal } from '../adapters/journal/journal.ts';
import { contentsWithFound } from '../core/found-children.ts';
import type { JournalContents } from '../core/recover.ts';
import type { ConfigReading } from '../core/state.ts';
import type { Clock, Log } from '../ports.ts';

export interface Remembered {
  readonly contents: JournalContents;
  /** What was lost, and where it is now; null: nothing. */
  readonly stateProblem: string | null;
}

interface Surroundings {
  readonly reading: ConfigReading;
  readonly folders: Pick<Folders, 'runDir'>;
  readonly table: ProcessTable;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  /** When this boot of the host began, by the wall clock. */
  readonly bootedAtMs: number;
}

export function whatIsRemembered(
  journal: Pick<OpenJournal, 'contents' | 'isNew' | 'damage'>,
  { reading, folders, table, clock, log, bootedAtMs }: Surroundings,
): Remembered {
  const { contents: empty, damage, isNew } = journal;
  const nothingLost = { contents: empty, stateProblem: null };
  if (!isNew) return nothingLost;
  const at = clock.now();
  const keepers = findKeepers(folders, table, ownArgumentsOf);
  const found = findProcesses(folders, { table, keepers, bootedAtMs, nowMs: at.wallMs });
  const contents = contentsWithFound(empty, found, { reading, bootId: table.bootId, at });
  // Without any, this is the first start of an agent here, or as good as that.
  if (damage === null && contents.processes.length === 0) return nothingLost;
  const running = found.children.filter(({ child }) => mayRun(table, child)).length;
  const what =
    damage === null
      ? 'the journal was missing, but not what an earlier agent had started'
      : `the journal was damaged (${clippedTo(CAUSE_LENGTH_MAX, damage.cause)}) and is now ${damage.movedTo}`;
  const done = contents.processes.filter(({ state }) => state === 'EXITED').length;
  const loss = lossOf(found, { running, done });
  const stateProblem = clippedTo(REMARK_LENGTH_MAX, `${what}: ${loss}`);
  const facts = { movedTo: damage?.movedTo ?? null, found: found.children.length, running };
  log.error(facts, stateProblem);
  return { contents, stateProblem };
}

/** So that where the file is now is never what is cut off. */
const CAUSE_LENGTH_MAX = 200;

/** Names may be long, and what else was lost is to be said as well. */
const NAMES_LENGTH_MAX = 150;

function lossOf(
  { children, byKeeper, withoutFiles, unsure }: Found,
  { running, done }: { readonly running: number; readonly done: number },
): string {
  const ended = children.length - running;
  return [
    running === 1
      ? '1 running process was taken over'
      : `${running} running processes were taken over`,
    byKeeper.length === 0 ? '' : ` (not on record, found by the keeper: ${listed(byKeeper)})`,
    ended === 0 ? '' : ` and ${ended} that had ended judged by how they ended`,
    done === 0 ? '' : `; jobs that were done and do not run again: ${done}`,
    withoutFiles.length === 0
      ? ''
      : `; what ${listed(withoutFiles)} print is lost until they are restarted`,
    unsure.length === 0
      ? ''
      : `; whether ${listed(unsure)} still run is not known, so somebody has to look and start them`,
    '; what people had stopped or started by hand, restart counts and operations under way are forgotten',
    ', and autostart decided for what was down',
  ].join('');
}

const listed = (names: readonly string[]): string => clippedTo(NAMES_LENGTH_MAX, names.join(', '));
