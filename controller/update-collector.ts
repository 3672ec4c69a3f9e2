/**
 * What somebody who watches an operation is sent, and when. Changes of targets are gathered and
 * leave together, at most every 50 ms, and only when what was sent before has left: of several
 * changes of one target only the last is sent. So a fast reader costs few messages, a slow one at
 * most one entry for each target, and none is ever cut off.
 */
import type { Operation, OperationUpdate, Target } from '../proto/vocabulary.ts';
import type { Clock } from './ports.ts';

/** Faster than a person can see, and rarer than the batches of a busy controller. */
export const WRITE_INTERVAL_MS = 50;

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
  /** Leaves as soon as it can, behind the targets that changed before. */
  let whole: Operation | null = null;
  let targetsDueMs = 0;
  let isWaiting = false;
  let isWriting = false;
  let isOver = false;

  function take(update: OperationUpdate): void {
    if (isOver) return;
    switch (update.kind) {
      case 'targets':
        for (const target of update.targets) pending.set(keyOf(target), target);
        return waitForMore();
      case 'operation':
        whole = update.operation;
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
    if (whole !== null) writeOperation(whole);
  }

  function writeTargets(): void {
    const targets = [...pending.values()];
    pending.clear();
    targetsDueMs = clock.now().monotonicMs + WRITE_INTERVAL_MS;
    write({ kind: 'targets', targets });
  }

  function writeOperation(operation: Operation): void {
    whole = null;
    write({ kind: 'operation', operation });
    if (operation.endedAtMs === null) return;
    dispose();
    writer.end();
  }

  function write(update: OperationUpdate): void {
    isWriting = true;
    writer.write(update, () => {
      isWriting = false;
      if (whole !== null) writeNext();
      else if (pending.size > 0) waitForMore();
    });
  }

  function dispose(): void {
    isOver = true;
    pending.clear();
  }

  return { take, [Symbol.dispose]: dispose };
}

/** A blank cannot stand in either name. */
function keyOf({ host, process }: Target): string {
  return `${host} ${process}`;
}
