/**
 * Looks at the sizes of all logs every few seconds, a few at a time, for `LogTimes`; not before
 * whoever begins it is done with starting.
 */
import { findPart, partAt } from './log-parts.ts';
import type { LogTimes } from './log-times.ts';

export interface SizeWatch {
  readonly times: LogTimes;
  /** Of all logs there are when it is asked. */
  readonly paths: () => Iterable<string>;
  /** By the wall clock. */
  readonly nowMs: () => number;
}

const LOOK_INTERVAL_MS = 5_000;
/** So that a host of thousands of logs is not held up for longer than a millisecond. */
const LOOKS_AT_ONCE = 200;

/** What was rotated out of reach is forgotten this often. */
const LOOKS_BEFORE_FORGETTING = 100;

export function watchSizes(watch: SizeWatch): Disposable {
  let looks = 0;
  const lookAtAll = (): void => {
    looks += 1;
    if (looks % LOOKS_BEFORE_FORGETTING === 0) {
      watch.times.forgetGone((path, file) => findPart(path, file) !== null);
    }
    lookAtSome(watch, [...watch.paths()]);
  };
  const first = setImmediate(lookAtAll);
  const interval = setInterval(lookAtAll, LOOK_INTERVAL_MS).unref();
  return {
    [Symbol.dispose]: () => {
      clearImmediate(first);
      clearInterval(interval);
    },
  };
}

function lookAtSome(watch: SizeWatch, paths: readonly string[]): void {
  for (const path of paths.slice(0, LOOKS_AT_ONCE)) {
    const part = partAt(path, 0);
    if (part !== null) watch.times.look(path, part.file, watch.nowMs());
  }
  const rest = paths.slice(LOOKS_AT_ONCE);
  if (rest.length > 0) setImmediate(() => lookAtSome(watch, rest));
}
