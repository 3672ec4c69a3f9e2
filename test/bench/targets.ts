/** A restart that was fast because it restarted nothing must not count. */

interface PrintedOperation {
  readonly targets: readonly {
    readonly state: string;
    readonly oldPid: number | null;
    readonly newPid: number | null;
  }[];
}

/** @param stdout of `fleetctl restart … -o json` */
export function assertAllRestarted(stdout: string, expected: number): void {
  const { targets } = JSON.parse(stdout) as PrintedOperation;
  const restarted = targets.filter(
    ({ state, oldPid, newPid }) => state === 'succeeded' && newPid !== null && oldPid !== newPid,
  );
  if (restarted.length === expected) return;
  throw new Error(`${restarted.length} of ${expected} targets were restarted`);
}
