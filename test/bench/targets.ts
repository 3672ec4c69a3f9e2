/** A restart that was fast because it restarted nothing must not count. */

interface PrintedOperation {
  readonly targets: readonly {
    readonly state: string;
    readonly oldPid: number | null;
    readonly newPid: number | null;
    readonly error: string | null;
  }[];
}

export interface RestartedPids {
  readonly oldPid: number;
  readonly newPid: number;
}

/** @param stdout of `fleetctl restart … -o json` */
export function assertAllRestarted(stdout: string, expected: number): void {
  restartedPids(stdout, expected);
}

/**
 * @param stdout as above
 * @throws Error where not every target has another pid than before
 */
export function restartedPids(stdout: string, expected: number): readonly RestartedPids[] {
  const { targets } = JSON.parse(stdout) as PrintedOperation;
  const restarted = targets.flatMap(({ state, oldPid, newPid }) =>
    state === 'succeeded' && oldPid !== null && newPid !== null && oldPid !== newPid
      ? [{ oldPid, newPid }]
      : [],
  );
  if (restarted.length === expected) return restarted;
  const other = targets.find(({ state }) => state !== 'succeeded');
  const example = other === undefined ? '' : `; one is ${other.state}: ${other.error}`;
  throw new Error(`${restarted.length} of ${expected} targets were restarted${example}`);
}
