/** What an operation would do, in the order in which it would: `--dry-run`, and before asking. */
import type { Operation } from '../../proto/vocabulary.ts';
import { groupBy } from '../group-by.ts';
import { compareNatural } from './natural-order.ts';
import { waveHeading } from './progress.ts';
import { neutralise, plural, shortList } from './text.ts';

/** Enough to notice a host that should not be among them. */
const ASKED_HOSTS_MAX = 5;

export function renderPlan(plan: Operation): string {
  const byWave = groupBy(plan.targets, (target) => target.wave);
  const waves = plan.waves.flatMap((wave, position) => [
    waveHeading(wave, position + 1, plan.waves.length),
    ...targetsByHost(byWave.get(wave.index) ?? []),
  ]);
  const lines = [...waves, `dry run: nothing was done; ${plan.verb} would touch ${extent(plan)}`];
  return `${lines.join('\n')}\n`;
}

export function renderQuestion(plan: Operation): string {
  const hosts = [...hostsOf(plan)].sort(compareNatural);
  return `${plan.verb} ${extent(plan)} (${shortList(hosts, ASKED_HOSTS_MAX)})? [y/N] `;
}

export function hostsOf(plan: Operation): ReadonlySet<string> {
  return new Set(plan.targets.map((target) => target.host));
}

function targetsByHost(targets: Operation['targets']): readonly string[] {
  return [...groupBy(targets, (target) => target.host)]
    .sort(([left], [right]) => compareNatural(left, right))
    .map(([host, ofHost]) => {
      const processes = ofHost.map(({ process, state }) =>
        state === 'unreachable' ? `${neutralise(process)} (UNREACHABLE)` : neutralise(process),
      );
      return `  ${neutralise(host)}: ${processes.join(', ')}`;
    });
}

function extent(plan: Operation): string {
  return `${plural(plan.targets.length, 'target')} on ${plural(hostsOf(plan).size, 'host')}`;
}
