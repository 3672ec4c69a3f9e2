/**
 * Where orders given on this host come in: each gets a number, goes to the core under it, and what
 * the core tells of that number goes to whoever gave the order, for as long as they listen. Nobody
 * needs to: an order goes on when its giver has left.
 */
import { refusal } from '../../proto/errors.ts';
import type { LocalOrder, OrderNews } from '../../proto/local-orders.ts';
import type { LocalCaller } from '../core/local-access.ts';
import type { AgentInput, OrderId } from '../core/state.ts';
import type { Log, OrderListeners } from '../ports.ts';
import { commandText } from './order-words.ts';

export interface OrderDesk extends OrderListeners {
  /**
   * @param listen told everything in order; the last is `done` or `refused`, unless it leaves before
   * @returns leaves
   */
  give(order: LocalOrder, by: LocalCaller, listen: (news: OrderNews) => void): Disposable;
  /** What a signal stands for: nobody listens, so its news go to the log. */
  giveBySignal(order: LocalOrder, signal: string): void;
  /** The agent ends: who waited for that is told so, and who waits for anything else too. */
  endAll(): void;
}

interface OpenOrder {
  readonly kind: LocalOrder['kind'];
  readonly listen: (news: OrderNews) => void;
}

export function createOrderDesk(deliver: (input: AgentInput) => void, log: Log): OrderDesk {
  const open = new Map<OrderId, OpenOrder>();
  let given: OrderId = 0;

  function take(request: LocalOrder, by: LocalCaller, listen: OpenOrder['listen']): OrderId {
    given += 1;
    open.set(given, { kind: request.kind, listen });
    const command = commandText(request);
    deliver({ kind: 'order', order: given, request, by, command });
    return given;
  }

  function tell(order: OrderId, news: OrderNews): void {
    const listener = open.get(order);
    if (news.kind === 'done' || news.kind === 'refused') open.delete(order);
    listener?.listen(news);
  }

  return {
    tell,
    give(request, by, listen) {
      const order = take(request, by, listen);
      return { [Symbol.dispose]: () => void open.delete(order) };
    },
    giveBySignal(request, signal) {
      take(request, { name: signal, uid: ROOT, gids: [] }, (news) => logTrouble(log, signal, news));
    },
    endAll() {
      for (const [order, { kind }] of open) {
        const isWhatWasWanted = kind === 'shutdown' || kind === 'handover';
        tell(order, isWhatWasWanted ? { kind: 'done' } : AGENT_ENDED);
      }
    },
  };
}

/** Nobody but root and the agent's own user can send it a signal. */
const ROOT = 0;

const AGENT_ENDED: OrderNews = {
  kind: 'refused',
  refusal: refusal('unavailable', 'the agent ended before this was done', {
    fix: 'see how things stand with: fleetctl --local status',
  }),
};

/** What changes is logged as it changes; this is what does not. */
function logTrouble(log: Log, signal: string, news: OrderNews): void {
  if (news.kind === 'refused') {
    const { message, cause } = news.refusal;
    return log.error({ cause }, `${signal} is refused: ${message}`);
  }
  if (news.kind !== 'group' || news.fault === null) return;
  const { group, action, fault, error } = news;
  log.error({ group, error: error ?? fault }, `${signal}: ${group} is not ${action}`);
}
