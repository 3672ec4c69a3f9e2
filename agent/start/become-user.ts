/**
 * `[supervisord] user`: an agent that root started goes on as that user, for good. It happens before
 * anything is opened or made, so that nothing of root's is left in its hands, and nothing that it
 * makes is closed to it when it comes again.
 */
import { FleetError, messageOf, refusal } from '../../proto/errors.ts';
import type { ProcessUser } from '../core/definition.ts';

/** The calls that need root, in the order in which they must be made. */
export interface Privileges {
  readonly initgroups: (name: string, gid: number) => void;
  readonly setgid: (gid: number) => void;
  readonly setuid: (uid: number) => void;
  readonly getuid: () => number;
}

/** @throws FleetError `configuration` where it cannot become the user, all of them or none */
export function becomeUser(user: ProcessUser, privileges: Privileges = ofThisProcess()): void {
  const { name, uid, gid } = user;
  try {
    // Supplementary groups first: without root's uid they could not be changed any more.
    privileges.initgroups(name, gid);
    privileges.setgid(gid);
    privileges.setuid(uid);
  } catch (error) {
    const cause = messageOf(error);
    throw new FleetError(
      refusal('configuration', `cannot go on as ${name} ([supervisord] user)`, {
        cause,
        fix: 'start the agent as root, or remove the line',
      }),
    );
  }
  if (privileges.getuid() !== uid || (uid !== 0 && canReturn(privileges))) {
    throw new FleetError(
      refusal('configuration', `root's rights could not be given up for those of ${name}`),
    );
  }
}

function canReturn({ setuid }: Privileges): boolean {
  try {
    setuid(0);
    return true;
  } catch {
    return false;
  }
}

function ofThisProcess(): Privileges {
  // Node has had it since its beginnings; its types have not.
  const { initgroups } = process as unknown as Pick<Privileges, 'initgroups'>;
  const { setgid, setuid, getuid } = process;
  if (setgid === undefined || setuid === undefined || getuid === undefined) {
    throw new Error('this system has no users');
  }
  return { initgroups, setgid, setuid, getuid };
}
