/**
 * What everybody says of an operation when it is over: the controller's database, the agents'
 * journals, the programs' own notes and the kernel. They must agree that every target was settled
 * once, and carried out once.
 */
import type { Operation, Target } from '../../../proto/operation.ts';
import type { AgentEvent, TargetOutcome } from '../../../proto/vocabulary.ts';
import { isAlive, processesOf } from '../fleet/processes.ts';
import { ENDLESS, HOSTS, type Place, type Stage, type Starts, TARGETS } from './stage.ts';

const nameOf = ({ host, process }: Place | Target): string => `${host} ${process}`;

/** @returns what is not as it must be, in words */
export function complaints(stage: Stage, before: Starts, operation: Operation): readonly string[] {
  const { id, state, targets } = operation;
  const planned = targets.map(nameOf).sort().join();
  const all = TARGETS.map(nameOf).sort().join();
  const after = stage.starts();
  return [
    ...(state === 'succeeded' ? [] : [`the operation ended as ${state}`]),
    ...(planned === all ? [] : [`its targets are ${planned}`]),
    ...targets.flatMap((target) =>
      [
        ...wrongStarts(target, before.get(nameOf(target)), after.get(nameOf(target))),
        ...wrongRecords(stage, id, target),
        ...wrongGeneration(stage, target, after.get(nameOf(target))),
      ].map((text) => `${nameOf(target)}: ${text}`),
    ),
    ...wrongOrder(stage, operation),
    ...HOSTS.flatMap((host) => gaps(stage, host)),
    ...wrongProcesses(stage),
  ];
}

/** Everything that was told of an operation, for whoever wants to know what happened. */
export function historyOf({ fleet }: Stage, id: string): string {
  return eventsOf(fleet, id)
    .map(({ host, seq, atMs, event }) => `${atMs} ${host} ${seq} ${JSON.stringify(event)}`)
    .join('\n');
}

function wrongStarts(
  { state, oldPid, newPid, error }: Target,
  before: readonly number[] = [],
  after: readonly number[] = [],
): readonly string[] {
  const fresh = after.slice(before.length);
  const runs = after.at(-1) ?? 0;
  return [
    ...(state === 'succeeded' ? [] : [`${state} (${error})`]),
    ...(fresh.length === 1 ? [] : [`started ${fresh.length} times: ${fresh}`]),
    ...(oldPid === before.at(-1) ? [] : [`was pid ${oldPid}, by its own notes ${before.at(-1)}`]),
    ...(newPid === runs ? [] : [`is pid ${newPid}, by its own notes ${runs}`]),
    ...(isAlive(runs) ? [] : [`pid ${runs} is not alive`]),
    ...(oldPid !== null && isAlive(oldPid) ? [`pid ${oldPid} is alive`] : []),
  ];
}

/** One row each, and where a verdict was told more than once it was the same. */
function wrongRecords({ fleet }: Stage, id: string, target: Target): readonly string[] {
  const { host, process } = target;
  const where = `operation = '${id}' AND process = '${process}'`;
  const stored = fleet.query<{ state: string }>(
    'controller/fleet.db',
    `SELECT state FROM targets WHERE ${where} AND host = '${host}'`,
  );
  const kept = fleet.query<{ is_settled: number; record: string }>(
    `${host}/journal.db`,
    `SELECT is_settled, record FROM targets WHERE ${where}`,
  );
  const told = eventsOf(fleet, id).flatMap((one) =>
    one.host === host && one.event.kind === 'targetSettled' && one.event.process === process
      ? [one.event.outcome]
      : [],
  );
  const settled = kept.filter(({ is_settled }) => is_settled === 1);
  const verdicts = [...settled.map(({ record }) => JSON.parse(record).outcome), ...told].map(
    inOneLine,
  );
  const distinct = new Set(verdicts);
  const states = stored.map(({ state }) => state).join();
  return [
    ...(states === target.state ? [] : [`the controller has stored ${states || 'nothing'}`]),
    ...(kept.length === 1 && settled.length === 1
      ? []
      : [`the agent has ${kept.length} records of it, ${settled.length} settled`]),
    ...(told.length > 0 ? [] : ['the controller has stored no verdict of the agent']),
    ...(distinct.size === 1 ? [] : [`${distinct.size} verdicts: ${[...distinct].join('; ')}`]),
  ];
}

const inOneLine = ({ state, oldPid, newPid, error }: TargetOutcome): string =>
  `${state} ${oldPid} → ${newPid} ${error ?? ''}`;

/** The first start is of generation 0, and every restart has one of its own. */
function wrongGeneration(
  { fleet }: Stage,
  { host, process }: Target,
  starts: readonly number[] = [],
): readonly string[] {
  const [row] = fleet.query<{ generation: number }>(
    `${host}/journal.db`,
    `SELECT json_extract(record, '$.generation') AS generation FROM processes WHERE name = '${process}'`,
  );
  const generation = row?.generation;
  return generation === starts.length - 1
    ? []
    : [`generation ${generation} after ${starts.length} starts`];
}

/** No wave begins before the one before it is done; by the agents' clock, which is one and the same. */
function wrongOrder({ fleet }: Stage, { id, waves, targets }: Operation): readonly string[] {
  const events = eventsOf(fleet, id);
  const timesIn = (wave: number, kind: AgentEvent['kind']): readonly number[] =>
    targets
      .filter((target) => target.wave === wave)
      .flatMap(({ host, process }) => {
        const first = events.find(
          (one) => one.host === host && one.event.kind === kind && processIn(one.event) === process,
        );
        return first?.atMs ?? [];
      });
  return waves.flatMap((_wave, index) => {
    const begunMs = Math.min(...timesIn(index + 1, 'targetAccepted'));
    const doneMs = Math.max(...timesIn(index, 'targetSettled'));
    return begunMs >= doneMs ? [] : [`wave ${index + 1} began before wave ${index} was done`];
  });
}

const processIn = (event: AgentEvent): string | null =>
  event.kind === 'targetAccepted' || event.kind === 'targetSettled' ? event.process : null;

/** Every number is there, from the first that was ever stored. */
function gaps({ fleet }: Stage, host: string): readonly string[] {
  const journals = fleet.query<{ journal: string; count: number; first: number; last: number }>(
    'controller/fleet.db',
    `SELECT journal_id AS journal, count(*) AS count, min(seq) AS first, max(seq) AS last
     FROM events WHERE host = '${host}' GROUP BY journal_id`,
  );
  const whole = journals.filter(({ count, first, last }) => count === last - first + 1);
  return journals.length === 1 && whole.length === 1
    ? []
    : [`${host}: the controller's events are ${JSON.stringify(journals)}`];
}

function wrongProcesses({ fleet }: Stage): readonly string[] {
  const alive = processesOf(fleet.folder).filter(({ words }) => words.join() === ENDLESS.join());
  return alive.length === TARGETS.length ? [] : [`${alive.length} programs are alive`];
}

interface ToldEvent {
  readonly host: string;
  readonly seq: number;
  readonly atMs: number;
  readonly event: AgentEvent;
}

function eventsOf(fleet: Stage['fleet'], id: string): readonly ToldEvent[] {
  return fleet
    .query<{ host: string; seq: number; at_ms: number; event: string }>(
      'controller/fleet.db',
      `SELECT host, seq, at_ms, event FROM events
       WHERE json_extract(event, '$.operationId') = '${id}' ORDER BY host, seq`,
    )
    .map(({ host, seq, at_ms: atMs, event }) => ({ host, seq, atMs, event: JSON.parse(event) }));
}
