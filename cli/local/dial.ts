/**
 * From the path of a socket to an agent that answered. grpc-js says only that there is no
 * connection, so after a failure the socket is asked itself: whether it is missing, refuses or is
 * closed to us are three different things to mend.
 */
import { createConnection } from 'node:net';
import { resolve } from 'node:path';
import { type ErrorCode, FleetError } from '../../proto/errors.ts';
import { connectLocal } from './client.ts';
import type { LocalDial, Unreachable } from './ports.ts';

/**
 * @param socket a path; or as supervisorctl's `serverurl` has it, `unix:///run/agent.sock`
 * @param sudoUser who called sudo, as the environment claims
 */
export async function dialLocal(socket: string, sudoUser: string | null): Promise<LocalDial> {
  const path = resolve(socket.replace(/^unix:\/\//, ''));
  try {
    return { kind: 'client', client: await connectLocal(path, sudoUser) };
  } catch (caught) {
    const because = FleetError.refusalFrom(caught);
    if (!isSilence(because.code)) throw caught;
    return whyUnreachable(path, SILENCES[because.code]);
  }
}

/** What a connection that was opened led to. Who answered has said what is wrong. */
const SILENCES = {
  unavailable: 'another program listens there, or the agent is just ending',
  'timed-out': 'nothing came within 10 s',
} as const satisfies Partial<Record<ErrorCode, string>>;

const isSilence = (code: ErrorCode): code is keyof typeof SILENCES => Object.hasOwn(SILENCES, code);

const REASONS: Readonly<Record<string, Unreachable['reason']>> = {
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  ECONNREFUSED: 'refused',
  EACCES: 'denied',
  EPERM: 'denied',
};

/** @param heard what is known already, for a socket that can be opened but talks otherwise */
function whyUnreachable(path: string, heard: string): Promise<Unreachable> {
  const url = `unix://${path}`;
  return new Promise((settle) => {
    const connection = createConnection({ path });
    connection.once('connect', () => {
      connection.destroy();
      settle({ kind: 'unreachable', url, reason: 'unusable', detail: heard });
    });
    connection.once('error', (error: NodeJS.ErrnoException) => {
      const reason = REASONS[error.code ?? ''] ?? 'unusable';
      settle({ kind: 'unreachable', url, reason, detail: error.message });
    });
  });
}
