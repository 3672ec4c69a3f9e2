/**
 * What an operation would do, in the order in which it would, and why in this order: `--dry-run`,
 * and the question before a large one.
 */

import type { Operation, Target } from '../../../proto/operation.ts';
import { foldToParts } from '../../../proto/selector/fold.ts';
import type { HostId } from '../../../proto/vocabulary.ts';
import { fitNames } from '../hosts/fitted.ts';
import type { Paint } from '../paint.ts';
import { neutralise, plural } from '../text.ts';
import { needsNothing } from './found-state.ts';
import { foldedHosts } from './places.ts';
import { planWaveLines } from './plan-waves.ts';
import { limitsText, strategyText } from './strategy.ts';
import { extentText, notAllowedText, orderText, targetNoun, verbText } from './words.ts';

/** Enough to notice a host that should not be among them, on one line. */
const ASKED_HOSTS_WIDTH = 60;

export function renderPlan(plan: Operation, paint: Paint): string {
  const lines = [
    ...hostLines(plan),
    `order: ${orderText(plan)}`,
    ...strategyLines(plan),
    ...lockLines(plan),
    ...planWaveLines(plan, paint),
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
  const notAllowed = notAllowedText(plan);
  if (notAllowed !== null) lines.push(notAllowed);
  if (lost.length > 0) lines.push(`not connected: ${foldedHosts(lost)}`);
  return lines;
}

/** How it goes about it, where that is not as usual, and what would stop it, where that can be. */
function strategyLines(plan: Operation): readonly string[] {
  const strategy = strategyText(plan);
  return [
    ...(strategy === '' ? [] : [`strategy: ${strategy}`]),
    // Behind a single wave there is nothing that could be stopped.
    ...(plan.waves.length < 2 ? [] : [limitsText(plan)]),
  ];
}

/** Another operation has something left to do with these processes. */
function lockLines({ halt, strategy }: Operation): readonly string[] {
  if (halt === null) return [];
  const because = neutralise(halt.because);
  if (strategy.lockWaitMs > 0) return [`it would not begin yet: ${because}`];
  return [`it would be refused now; with --lock-wait ${because}`];
}

function extentLine(plan: Operation): string {
  const skipped = plan.targets.filter(({ state }) => state === 'skipped');
  const waiting = plan.targets.filter(({ state }) => state === 'waiting');
  const others = plan.targets.filter(({ state }) => state !== 'skipped' && state !== 'waiting');
  const reached = others.filter((target) => target.hostConnected);
  const touched = reached.filter(({ processState }) => !needsNothing(plan.verb, processState));
  const parts = [
    `touch ${extentOf(plan, touched)}`,
    countText(plan, 'leave', reached.length - touched.length, ' as found'),
    countText(plan, 'skip', skipped.length),
    countText(plan, 'wait for the host of', waiting.length),
    countText(plan, 'not reach', others.length - reached.length),
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
