/** `--expect`: a plan that touches another number of hosts than somebody expected is refused. */
import { type Refusal, refusal } from '../../proto/errors.ts';
import type { OperationRequest } from '../../proto/operation.ts';
import { foldedList } from '../../proto/selector/fold.ts';
import type { HostId } from '../../proto/vocabulary.ts';

const NAMES_SHOWN_MAX = 200;

export function surpriseAt(
  { expectHosts, verb }: OperationRequest,
  touched: ReadonlySet<HostId>,
): Refusal | null {
  if (expectHosts === null || expectHosts === touched.size) return null;
  const names = foldedList(touched);
  const shown = names.length > NAMES_SHOWN_MAX ? `${names.slice(0, NAMES_SHOWN_MAX)}…` : names;
  return refusal(
    'surprise',
    `${verb} would touch ${hostsText(touched.size)}, and ${hostsText(expectHosts)} were expected`,
    { cause: `it would touch ${shown}`, fix: 'nothing was done; see the plan with --dry-run' },
  );
}

export function hostsText(count: number): string {
  return `${count} ${count === 1 ? 'host' : 'hosts'}`;
}
