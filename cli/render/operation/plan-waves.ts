/**
 * The waves of a plan, each with what it would do to whom. Where they are many, those that are alike
 * and follow one another are told as one: a thousand batches of ten are a screenful, and still name
 * every host.
 */
import { groupBy } from '../../../proto/group-by.ts';
import type { Operation, Target, Wave } from '../../../proto/operation.ts';
import type { Paint } from '../paint.ts';
import { neutraliseRemark, plural } from '../text.ts';
import { formatDistance, formatExact } from '../time.ts';
import { foundText } from './found-state.ts';
import { placesOf } from './places.ts';
import { batchesText, type WaveRun, waveRuns, wavesText } from './wave-runs.ts';
import { tierText } from './waves.ts';
import { targetNoun } from './words.ts';

export function planWaveLines(plan: Operation, paint: Paint): readonly string[] {
  const members = membersOf(plan);
  return waveRuns(plan).flatMap((run) => [
    runHeading(plan, run, members),
    ...linesOf(plan, run, members).map((line) => `  ${paintNote(line, paint)}`),
  ]);
}

/** By the index of the wave; with a full stop a target is a member of two. */
type Members = ReadonlyMap<number, readonly Target[]>;

function membersOf({ targets }: Operation): Members {
  const members = new Map<number, Target[]>();
  const add = (index: number, target: Target) => {
    const others = members.get(index);
    if (others === undefined) members.set(index, [target]);
    else others.push(target);
  };
  for (const target of targets) {
    add(target.wave, target);
    if (target.stopWave !== null && target.stopWave !== target.wave) add(target.stopWave, target);
  }
  return members;
}

/**
 * `wave 2 of 6: restart 10 targets on 10 hosts of group priority 10, priority 999, batch 2 of 5; the
 * next waits at most 30 s`, or `waves 2-999 of 1000: restart 10 targets each, …, batches 2-999 of 1000`
 */
function runHeading(plan: Operation, run: WaveRun, members: Members): string {
  const [first] = run;
  const tier = tierText(plan.verb, first);
  const about = [tier, batchesText(run)].filter((part) => part !== '').join(', ');
  const size = sizeText(plan, run, members);
  return `${wavesText(run)} of ${plan.waves.length}: ${first.action} ${size}${about === '' ? '' : ` of ${about}`}${waitText(plan, run)}`;
}

function sizeText(plan: Operation, run: WaveRun, members: Members): string {
  const noun = targetNoun(plan.verb);
  const [first] = run;
  if (run.length === 1) {
    const text = plural(first.targets, noun);
    if (plan.verb === 'update' || first.batches < 2) return text;
    const hosts = new Set((members.get(first.index) ?? []).map(({ host }) => host));
    return `${text} on ${plural(hosts.size, 'host')}`;
  }
  const [least = 0, most = 0] = run.reduce(
    ([low, high], { targets }) => [Math.min(low, targets), Math.max(high, targets)],
    [first.targets, first.targets],
  );
  return least === most ? `${plural(least, noun)} each` : `${least} to ${plural(most, noun)} each`;
}

function waitText(plan: Operation, run: WaveRun): string {
  const { waves } = plan;
  const last = run.at(-1) ?? run[0];
  // Nothing waits for the last one but the end, and that without a limit.
  if (run.length === 1 && last.index === waves.length - 1) return '';
  const waitMs = run.reduce((longest, wave) => Math.max(longest, wave.waitMs), 0);
  return `; the next waits at most ${formatDistance(waitMs)}${restText(plan, run)}`;
}

/** Where each host goes through its tiers by itself, the pause is between batches of hosts alone. */
function restText({ waves, strategy, order }: Operation, run: WaveRun): string {
  const endsBatch = ({ index, batch }: Wave): boolean => {
    const next = waves[index + 1];
    return next !== undefined && next.batch !== batch;
  };
  if (strategy.batchWaitMs === 0 || (order === 'host' && !run.some(endsBatch))) return '';
  return `, and ${formatExact(strategy.batchWaitMs)} more`;
}

interface PlannedLine {
  readonly where: string;
  /** What is out of the ordinary; null where the wave's heading says all. */
  readonly note: string | null;
}

/** Processes that share their hosts and their fate stand on one line. */
function linesOf(plan: Operation, run: WaveRun, members: Members): readonly PlannedLine[] {
  const alike = groupBy(
    run.flatMap((wave) =>
      (members.get(wave.index) ?? []).map((target) => ({
        target,
        note: noteOf(plan, wave, target),
      })),
    ),
    ({ note }) => note,
  );
  const lines = [...alike].flatMap(([note, noted]) =>
    placesOf(noted.map(({ target }) => target)).map((where) => ({ where, note })),
  );
  // The ordinary first: it says what the wave is about.
  return lines.sort((left, right) => Number(left.note !== null) - Number(right.note !== null));
}

function noteOf(plan: Operation, wave: Wave, target: Target): string | null {
  if (target.state === 'skipped') {
    const reason = target.error ?? target.note;
    return reason === null ? 'skipped' : `skipped: ${neutraliseRemark(reason)}`;
  }
  if (target.state === 'waiting') return offlineNote(plan);
  if (!target.hostConnected) return 'not connected: UNREACHABLE at once';
  // By then the first half of the full stop is done; only what was down before is special.
  const action = plan.fullStop && wave.action === 'start' ? 'restart' : wave.action;
  return foundText(action, target.processState);
}

function offlineNote({ strategy: { offline } }: Operation): string {
  const limit = offline.kind === 'queue' ? `, if that is within ${formatExact(offline.ttlMs)}` : '';
  return `not connected: done when its host is back${limit}`;
}

function paintNote({ where, note }: PlannedLine, paint: Paint): string {
  return note === null ? where : `${where}: ${paint(note, 'busy')}`;
}
