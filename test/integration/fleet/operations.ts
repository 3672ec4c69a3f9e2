/** Operations as a test begins, watches and judges them, with fleetctl's own client. */
import type { Operation, OperationRequest, Target } from '../../../proto/operation.ts';
import type { OperationId } from '../../../proto/vocabulary.ts';
import { type Fleet, operationRequest } from './harness.ts';

/** Returns as soon as the controller has accepted it. */
export async function begin(
  fleet: Fleet,
  request: Pick<OperationRequest, 'verb' | 'hosts' | 'processes'> & Partial<OperationRequest>,
): Promise<OperationId> {
  const client = await fleet.client();
  const { id } = await client.submitOperation(
    { kind: 'operation', request: operationRequest(request) },
    AbortSignal.timeout(10_000),
  );
  return id;
}

export async function operationOf(fleet: Fleet, id: string): Promise<Operation> {
  const client = await fleet.client();
  return client.getOperation(id);
}

/** Waits until it has ended. */
export function ended(fleet: Fleet, id: string): Promise<Operation> {
  let seen: Operation | undefined;
  return fleet.until(
    `operation ${id} has ended`,
    async () => {
      seen = await operationOf(fleet, id);
      return seen.endedAtMs !== null && seen;
    },
    { withinMs: 30_000, explain: () => `last seen: ${JSON.stringify(seen?.targets, null, 1)}` },
  );
}

/** The only operation that runs, such as one that fleetctl has submitted. */
export function running(fleet: Fleet): Promise<OperationId> {
  return fleet.until('an operation runs', async () => {
    const client = await fleet.client();
    const [only, ...others] = await client.listOperations({ runningOnly: true, limit: 0 });
    return others.length === 0 && only?.id;
  });
}

/** Waits until this target is as described. */
export function target(
  fleet: Fleet,
  { id, host, process }: { readonly id: string; readonly host: string; readonly process: string },
  isIt: (target: Target) => boolean,
): Promise<Target> {
  let seen: Target | undefined;
  return fleet.until(
    `${process} on ${host} is as it should be`,
    async () => {
      seen = targetOf(await operationOf(fleet, id), host, process);
      return isIt(seen) && seen;
    },
    { explain: () => `last seen: ${JSON.stringify(seen)}` },
  );
}

export function targetOf({ targets }: Pick<Operation, 'targets'>, host: string, process: string) {
  const found = targets.find((each) => each.host === host && each.process === process);
  if (found === undefined) throw new Error(`${process} on ${host} is no target`);
  return found;
}
