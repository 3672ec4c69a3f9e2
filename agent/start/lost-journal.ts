/**
 * An agent whose journal was damaged, or is simply not there, looks for its processes in `run_dir`
 * instead: they must neither be left alone nor be started a second time. What is lost for good is
 * said in one sentence that stays in sight until the agent is started again.
 */
import { clippedTo, REMARK_LENGTH_MAX } from '../../proto/text-limits.ts';
import { findChildren } from '../adapters/children/found-children.ts';
import type { Folders } from '../adapters/children/run-files.ts';
import { mayBeAlive, type ProcessTable } from '../adapters/host/process-table.ts';
import type { OpenJournal } from '../adapters/journal/journal.ts';
import { contentsWithFound, type FoundChild } from '../core/found-children.ts';
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
}

export function whatIsRemembered(
  journal: Pick<OpenJournal, 'contents' | 'isNew' | 'damage'>,
  { reading, folders, table, clock, log }: Surroundings,
): Remembered {
  const { contents, damage, isNew } = journal;
  const nothingLost = { contents, stateProblem: null };
  if (!isNew) return nothingLost;
  const found = findChildren(folders, table);
  const running = found.filter((one) => isRunning(one, table)).length;
  // Without any, this is the first start of an agent here, or as good as that.
  if (damage === null && found.length === 0) return nothingLost;
  const what =
    damage === null
      ? 'the journal was missing, but not what an earlier agent had started'
      : `the journal was damaged (${clippedTo(CAUSE_LENGTH_MAX, damage.cause)}) and is now ${damage.movedTo}`;
  const stateProblem = clippedTo(REMARK_LENGTH_MAX, `${what}: ${lossOf(found, running)}`);
  log.error({ movedTo: damage?.movedTo ?? null, found: found.length, running }, stateProblem);
  const { bootId } = table;
  const foundIn = { reading, bootId, at: clock.now() };
  return { contents: contentsWithFound(contents, found, foundIn), stateProblem };
}

/** So that where the file is now is never what is cut off. */
const CAUSE_LENGTH_MAX = 200;

function isRunning({ child }: FoundChild, table: ProcessTable): boolean {
  return (
    mayBeAlive(table, child.pid, child.startToken) ||
    mayBeAlive(table, child.keeperPid, child.keeperStartToken)
  );
}

function lossOf(found: readonly FoundChild[], running: number): string {
  const ended = found.length - running;
  const others = ended === 0 ? '' : ` and ${ended} that had ended judged by how they ended`;
  const taken = running === 1 ? '1 running process was' : `${running} running processes were`;
  return `${taken} taken over${others}; what people had stopped or started by hand, restart counts and operations under way are forgotten, and autostart decided for what was down`;
}
