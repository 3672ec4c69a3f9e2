/** `hold` and `release`, as people on the host order them: of which processes, and what is told. */
import type { LocalOrder, OrderNews } from '../../proto/local-orders.ts';
import { compareGroupAndName } from '../../proto/text-order.ts';
import { beginHold, endHold, holdOn } from './holds.ts';
import { namedProcesses } from './named-processes.ts';
import type { Turn } from './state.ts';

type HoldOrder = Extract<LocalOrder, { readonly kind: 'hold' | 'release' }>;
type Tell = (news: OrderNews) => void;

export function orderHold(turn: Turn, order: HoldOrder, requestedBy: string, tell: Tell): void {
  const { meant, meaningless } = namedProcesses(turn.state, order.names);
  for (const name of meaningless) {
    tell({ kind: 'process', process: name, step: order.kind, fault: 'bad-name', error: null });
  }
  const { wallMs } = turn.at;
  const sorted = [...meant].sort((left, right) =>
    compareGroupAndName(left.process.definition, right.process.definition),
  );
  for (const { process, isNamedItself } of sorted) {
    const { process: name } = process.definition;
    if (order.kind === 'hold') {
      const { reason, forMs } = order;
      const hold = { by: requestedBy, reason, untilMs: wallMs + forMs };
      tell({ kind: 'hold', process: name, hold, before: beginHold(turn, process, hold) });
    } else if (isNamedItself || holdOn(turn.state, name, wallMs) !== null) {
      tell({ kind: 'hold', process: name, hold: null, before: endHold(turn, process) });
    }
  }
  tell({ kind: 'done' });
}
