/** Gives an order and says what comes of it, line by line, as it happens. */
import { FleetError, type Refusal } from '../../../proto/errors.ts';
import type { LocalOrder, OrderNews } from '../../../proto/local-orders.ts';
import { makeOperationId, OPERATION_ID_RANDOM_BYTES } from '../../../proto/operation-id.ts';
import type { OperationId } from '../../../proto/vocabulary.ts';
import type { Environment } from '../../ports.ts';
import { EXIT } from '../exit-status.ts';
import type { Ending, LocalContext } from './verb.ts';

/** News of something; the others say how it ended. */
type OrderStep = Exclude<OrderNews, { readonly kind: 'done' | 'refused' }>;

export interface Reader {
  /** @returns the exit code from here on; null: as before. The last failure wins. */
  readonly onStep: (step: OrderStep) => number | null;
  readonly onRefused?: (because: Refusal) => Ending;
}

/** @returns the exit code */
export async function followOrder(
  { client, environment }: LocalContext,
  order: LocalOrder,
  { onStep, onRefused = throwRefusal }: Reader,
): Promise<number> {
  let exitCode: number = EXIT.success;
  for await (const news of client.give(order)) {
    if (news.kind === 'done') break;
    if (news.kind === 'refused') {
      const { text, exitCode: last } = onRefused(news.refusal);
      environment.stdout.write(text);
      return last;
    }
    exitCode = onStep(news) ?? exitCode;
  }
  return exitCode;
}

export function newOperationId({ clock, randomBytes }: Environment): OperationId {
  return makeOperationId(clock.nowMs(), randomBytes(OPERATION_ID_RANDOM_BYTES));
}

function throwRefusal(because: Refusal): never {
  throw new FleetError(because);
}
