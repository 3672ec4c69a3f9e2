/**
 * What an operation would do, in the order in which it would, and why in this order: `--dry-run`,
 * and the question before a large one.
 */

import { groupBy } from '../../../proto/group-by.ts';
import type { Operation, Target, Wave } from '../../../proto/operation.ts';
import { foldToParts } from '../../../proto/selector/fold.ts';
import type { HostId } from '../../../proto/vocabulary.ts';
import { fitNames } from '../hosts/fitted.ts';
import type { Paint } from '../paint.ts';
import { neutralise, plural } from '../text.ts';
import { formatDistance } from '../time.ts';
import { foundText, needsNothing } from './found-state.ts';
import { foldedHosts, placesOf } from './places.ts';
import { extentText, orderText, targetNoun, verbText } from './words.ts';

/** Enough to notice a host that should not be among them, on one line. */
const ASKED_HOSTS_WIDTH = 60;

export function renderPlan(plan: Operation, paint: Paint): string {
  const waves = plan.waves.flatMap((wave, position) => [
    waveHeading(plan, wave, position),
    ...targetsOf(plan, wave).map((line) => `  ${paintNote(line, paint)}`),
  ]);
  const lines = [
    ...hostLines(plan),
    `order: ${orderText(plan)}`,
    ...waves,
    extentLine(plan),
    ...(plan.verb === 'update' ? ['what it would change there: fleetctl reread says it'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

export function renderQuestion(plan: Operation): string {
  const hosts = fitNames(foldToParts(hostsOf(plan)), ASKED_HOSTS_WIDTH, 'hosts');
  return `${neutralise(verbText(plan))} ${extentOf(plan, plan.targets)} (${hosts})? [y/N] `;
}

export function hostsOf(plan: Operation): ReadonlySet<HostId> {
  return new Set(plan.targets.map((target) => target.host));
}

/** Which hosts the selector means, and what becomes of those that are not touched. */
function hostLines(plan: Operation): readonly string[] {
  const selected = new Set([...hostsOf(plan), ...plan.leftOut]);
  const lost = plan.targets.filter((target) => !target.hostConnected).map(({ host }) => host);
  const lines = [
    `hosts: ${neutralise(plan.hosts)} means ${plural(selected.size, 'host')}: ${foldedHosts(selected)}`,
  ];
  if (plan.leftOut.length > 0)
    lines.push(`left out, no such process: ${foldedHosts(plan.leftOut)}`);
  if (lost.length > 0) lines.push(`not connected: ${foldedHosts(lost)}`);
  return lines;
}

/** `wave 1 of 3: stop 4 targets of group priority 10, priority 999; the next waits at most 30 s` */
function waveHeading(plan: Operation, wave: Wave, position: number): string {
  const targets = plural(wave.targets, targetNoun(plan.verb));
  const hasTiers = plan.verb !== 'signal' && plan.verb !== 'update';
  const tier = !hasTiers
    ? ''
    : ` of group priority ${wave.groupPriority}, priority ${wave.priority}`;
  // Nothing waits for the last one but the end, and that without a limit.
  const isLast = position === plan.waves.length - 1;
  const wait = isLast ? '' : `; the next waits at most ${formatDistance(wave.waitMs)}`;
  return `wave ${position + 1} of ${plan.waves.length}: ${wave.action} ${targets}${tier}${wait}`;
}

interface PlannedLine {
  readonly where: string;
  /** What is out of the ordinary; null where the wave's heading says all. */
  readonly note: string | null;
}

/** Processes that share their hosts and their fate stand on one line. */
function targetsOf(plan: Operation, wave: Wave): readonly PlannedLine[] {
  const members = plan.targets.filter(
    (target) => target.wave === wave.index || target.stopWave === wave.index,
  );
  const lines = [...groupBy(members, (target) => noteOf(plan, wave, target))].flatMap(
    ([note, alike]) => placesOf(alike).map((where) => ({ where, note })),
  );
  // The ordinary first: it says what the wave is about.
  return lines.sort((left, right) => Number(left.note !== null) - Number(right.note !== null));
}

function noteOf(plan: Operation, wave: Wave, target: Target): string | null {
  if (!target.hostConnected) return 'not connected: UNREACHABLE at once';
  // By then the first half of the full stop is done; only what was down before is special.
  const action = plan.fullStop && wave.action === 'start' ? 'restart' : wave.action;
  return foundText(action, target.processState);
}

function paintNote({ where, note }: PlannedLine, paint: Paint): string {
  return note === null ? where : `${where}: ${paint(note, 'busy')}`;
}

function extentLine(plan: Operation): string {
  const reached = plan.targets.filter((target) => target.hostConnected);
  const touched = reached.filter(({ processState }) => !needsNothing(plan.verb, processState));
  const parts = [
    `touch ${extentOf(plan, touched)}`,
    countText(plan, 'leave', reached.length - touched.length, ' as found'),
    countText(plan, 'not reach', plan.targets.length - reached.length),
  ].filter((part) => part !== null);
  const would =
    parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')}, and ${parts.at(-1)}`;
  return `dry run: nothing was done; ${neutralise(verbText(plan))} would ${would}`;
}

function countText(plan: Operation, verb: string, count: number, rest = ''): string | null {
  return count === 0 ? null : `${verb} ${plural(count, targetNoun(plan.verb))}${rest}`;
}

function extentOf({ verb }: Operation, targets: readonly Target[]): string {
  const hosts = new Set(targets.map((target) => target.host));
  return extentText(verb, targets.length, hosts.size);
}
