/**
 * What somebody who watches an operation is sent, and when. Changes of targets are gathered and
 * leave together, at most every 50 ms, and only when what was sent before has left: of several
 * changes of one target only the last is sent, and so it is with the operation's own state. So a
 * fast reader costs few messages, a slow one at most one entry for each target, and none is ever
 * cut off.
 */

import type { OperationUpdate, Target } from '../../proto/operation.ts';
import { targetKey } from '../../proto/target.ts';
import type { Clock } from '../ports.ts';

/** Faster than a person can see, and rarer than the batches of a busy controller. */
export const WRITE_INTERVAL_MS = 50;

/** All with the last 4 KiB of their logs, they are a sixteenth of what fleetctl takes at once. */
export const TARGETS_PER_UPDATE_MAX = 1_000;

export interface UpdateWriter {
  /** Calls back once the update has left. Until then it is asked for nothing more. */
  write(update: OperationUpdate, onWritten: () => void): void;
  /** After an operation that has ended there is nothing more to say. */
  end(): void;
}

export interface UpdateCollector extends Disposable {
  take(update: OperationUpdate): void;
}

export function createUpdateCollector(
  writer: UpdateWriter,
  clock: Pick<Clock, 'now' | 'after'>,
): UpdateCollector {
  const pending = new Map<string, Target>();
  /** These leave as soon as they can, behind the targets that changed before. */
  let moved: Extract<OperationUpdate, { readonly kind: 'moved' }> | null = null;
  let firstOrLast: Extract<OperationUpdate, { readonly kind: 'operation' | 'ended' }> | null = null;
  let targetsDueMs = 0;
  let isWaiting = false;
  let isWriting = false;
  let isOver = false;

  function take(update: OperationUpdate): void {
    if (isOver) return;
    switch (update.kind) {
      case 'targets':
        for (const target of update.targets) {
          pending.set(targetKey(target.host, target.process), target);
        }
        return waitForMore();
      case 'moved':
        moved = update;
        return writeNext();
      case 'operation':
      case 'ended':
        firstOrLast = update;
        return writeNext();
    }
  }

  /** At least until the rest of the driver's batch has come too. */
  function waitForMore(): void {
    if (isWaiting || isWriting) return;
    isWaiting = true;
    clock.after(Math.max(0, targetsDueMs - clock.now().monotonicMs), () => {
      isWaiting = false;
      writeNext();
    });
  }

  function writeNext(): void {
    if (isOver || isWriting) return;
    if (pending.size > 0) return writeTargets();
    if (moved !== null) return writeMoved(moved);
    if (firstOrLast !== null) writeFirstOrLast(firstOrLast);
  }

  function writeTargets(): void {
    const targets: Target[] = [];
    for (const [key, target] of pending) {
      if (targets.length === TARGETS_PER_UPDATE_MAX) break;
      targets.push(target);
      pending.delete(key);
    }
    targetsDueMs = clock.now().monotonicMs + WRITE_INTERVAL_MS;
    write({ kind: 'targets', targets });
  }

  function writeMoved(update: NonNullable<typeof moved>): void {
    moved = null;
    write(update);
  }

  function writeFirstOrLast(update: NonNullable<typeof firstOrLast>): void {
    firstOrLast = null;
    write(update);
    if (update.kind === 'operation' && update.operation.endedAtMs === null) return;
    dispose();
    writer.end();
  }

  function write(update: OperationUpdate): void {
    isWriting = true;
    writer.write(update, () => {
      isWriting = false;
      if (moved !== null || firstOrLast !== null) writeNext();
      else if (pending.size > 0) waitForMore();
    });
  }

  function dispose(): void {
    isOver = true;
    pending.clear();
  }

  return { take, [Symbol.dispose]: dispose };
}
