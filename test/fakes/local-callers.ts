/** Who gives orders on the host under test. */
import type { LocalCaller } from '../../agent/core/local-access.ts';

/** A user like any other: what they may do, the host's own rules say. */
export const aCaller = (name: string, uid = 1_000, gids: readonly number[] = []): LocalCaller => ({
  name,
  uid,
  gids,
});

export const ALICE: LocalCaller = aCaller('alice');
