/**
 * An agent that knows processes by another table than the one before it (`process-table.ts`) would
 * take all of them for strangers of another boot, and start each a second time. So it refuses to
 * start while there are any, and leaves everything as it is.
 *
 * Which table somebody is on record by is told by the boot id: Linux has a UUID there, `ps` a date.
 */
import { FleetError, messageOf, type Refusal, refusal } from '../../proto/errors.ts';
import { childRecordsIn } from '../adapters/children/found-children.ts';
import { HolderRecord } from '../adapters/children/holder-record.ts';
import type { Folders } from '../adapters/children/run-files.ts';
import { linuxProcessTable } from '../adapters/host/linux-process-table.ts';
import { posixProcessTable } from '../adapters/host/posix-process-table.ts';
import type { ProcessIdentity, ProcessTable } from '../adapters/host/process-table.ts';
import type { JournalContents } from '../core/recover.ts';

type Kind = '/proc' | 'ps';
type Table = Pick<ProcessTable, 'bootId' | 'isAlive'>;

export interface OnRecord extends ProcessIdentity {
  readonly name: string;
  readonly bootId: string;
}

/**
 * @param openOther the table of that kind; throws where this system has none
 * @throws FleetError `configuration`
 */
export function assertSameTable(
  recorded: readonly OnRecord[],
  table: Pick<Table, 'bootId'>,
  openOther: (kind: Kind) => Table = openTable,
): void {
  const own = kindOf(table.bootId);
  const others = recorded.filter(({ bootId }) => kindOf(bootId) !== own);
  if (others.length === 0) return;
  const there = thoseOfThisBoot(others, () => openOther(kindOf(others[0]?.bootId ?? '')));
  if (there.kind === 'untold' || there.found.length > 0) {
    throw new FleetError(strangers(there.kind === 'told' ? there.found : others, own, there));
  }
}

export function childrenInRunDir(folders: Pick<Folders, 'runDir'>): readonly OnRecord[] {
  return childRecordsIn(folders).map(({ process, record }) => ({ ...record, name: process }));
}

/**
 * Where the journal is gone and the records of children may be as well, the holder still tells.
 */
export function childrenInJournal(
  { contents, isNew }: { readonly contents: JournalContents; readonly isNew: boolean },
  { runDir }: Pick<Folders, 'runDir'>,
): readonly OnRecord[] {
  if (isNew) {
    return new HolderRecord(runDir).read().map((one) => ({ ...one, name: 'the holder of output' }));
  }
  return contents.processes.flatMap(({ child, definition }) =>
    child === null ? [] : [{ ...child, name: definition.process }],
  );
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const kindOf = (bootId: string): Kind => (UUID.test(bootId) ? '/proc' : 'ps');

const openTable = (kind: Kind): ProcessTable =>
  kind === '/proc' ? linuxProcessTable() : posixProcessTable();

type There =
  | { readonly kind: 'told'; readonly found: readonly OnRecord[] }
  | { readonly kind: 'untold'; readonly why: string };

/** The table they are on record by knows best; a clock that was set changes what `ps` has for a boot. */
function thoseOfThisBoot(others: readonly OnRecord[], open: () => Table): There {
  try {
    const table = open();
    const found = others.filter((one) => one.bootId === table.bootId || table.isAlive(one));
    return { kind: 'told', found };
  } catch (error) {
    return { kind: 'untold', why: messageOf(error) };
  }
}

function strangers(found: readonly OnRecord[], own: Kind, there: There): Refusal {
  const [first] = found;
  const more = found.length > 1 ? ` and ${found.length - 1} more` : '';
  const recordedBy: Kind = own === 'ps' ? '/proc' : 'ps';
  const untold =
    there.kind === 'untold' ? `; nor can it be told whether they still run: ${there.why}` : '';
  const how =
    own === 'ps'
      ? 'without FLEETVISOR_PROCESS_TABLE=ps in its environment'
      : 'with FLEETVISOR_PROCESS_TABLE=ps in its environment';
  return refusal('configuration', 'what runs here is on record by another process table', {
    cause: `${first?.name} (pid ${first?.pid})${more}: started by an agent that knew processes by ${recordedBy}; this one knows them by ${own} and would start them a second time${untold}`,
    fix: `start the agent ${how}; to change that, stop every process first (fleetctl --local shutdown)`,
  });
}
