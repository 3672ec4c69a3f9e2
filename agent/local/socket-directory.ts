/**
 * Where the agent's socket is made: the directory of the default one is made for it, that of any
 * other is somebody's choice, and must only be one in which nobody can exchange the socket.
 */
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { exposedAbove } from '../../proto/daemon/exposed-path.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { LocalSocket } from '../config/local-socket.ts';
import type { ProcessUser } from '../core/definition.ts';

/**
 * The directory of the default socket, where everybody may look: the socket is what is guarded. For
 * a configured one, whoever configured it sees to that.
 * @param user who is to make the socket there; null: whoever makes the directory
 */
export function makeSocketDirectory(
  { path, isDefault }: LocalSocket,
  user: ProcessUser | null,
): void {
  if (!isDefault) return;
  const directory = dirname(path);
  try {
    mkdirSync(directory);
    chmodSync(directory, 0o755);
    if (user !== null) chownSync(directory, user.uid, user.gid);
  } catch {
    // It is there, or cannot be made; then making the socket says why there is none.
  }
}

/**
 * The socket gets its mode and owner by name, perhaps from root, and what has the name must not be
 * somebody else's by then.
 * @throws FleetError `configuration`; or where a directory is missing
 */
export function assertSocketGuarded(path: string): void {
  const exposed = exposedAbove(path);
  if (exposed === null) return;
  throw new FleetError(
    refusal('configuration', `the socket ${path} would not be safe`, {
      cause: `whoever may write in ${exposed}, or owns it, could put another in its place`,
      fix: 'choose a path where only root and the user of the agent can write ([agent] socket)',
    }),
  );
}
