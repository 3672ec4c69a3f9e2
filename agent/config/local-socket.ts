/**
 * `socket`, `socket_mode` and `socket_owner` of `[agent]`: where `fleetctl --local` finds the agent,
 * and who may knock. Mode and owner are written as Supervisor's `chmod` and `chown`.
 */
import { platform } from 'node:os';
import type { Parsed, Parser } from '../../proto/dialect/settings.ts';
import { optional } from '../../proto/dialect/settings.ts';
import { path } from '../../proto/dialect/values.ts';
import { type Accounts, unknownAccount } from './user.ts';

export interface LocalSocket {
  /** Absolute. */
  readonly path: string;
  /** Nobody asked for this path: where it cannot be had, the agent does without. */
  readonly isDefault: boolean;
  readonly mode: number;
  /** Null: whoever runs the agent. A gid of −1 stays as it is, as for chown(2). */
  readonly owner: SocketOwner | null;
}

interface SocketOwner {
  readonly uid: number;
  readonly gid: number;
}

const DEFAULT_MODE = 0o700;

export const socketTable = (accounts: Accounts) => ({
  socket: optional(socketPath, null),
  socket_mode: optional(fileMode, DEFAULT_MODE),
  socket_owner: optional(owner(accounts), null),
});

/** sun_path holds 108 bytes on Linux and 104 elsewhere, of which the last ends the string. */
const PATH_MAX_BYTES = platform() === 'linux' ? 107 : 103;

const anyPath = path('the path of a UNIX socket');

const socketPath: Parser<string> = {
  expected: anyPath.expected,
  parse: (text, context) => {
    const parsed = anyPath.parse(text, context);
    if (!parsed.ok) return parsed;
    const bytes = Buffer.byteLength(parsed.value);
    if (bytes <= PATH_MAX_BYTES) return parsed;
    const why = `the path of a UNIX socket may have ${PATH_MAX_BYTES} bytes (103 wherever the agent runs), this one has ${bytes}: choose a shorter one`;
    return { ok: false, why };
  },
};

const fileMode: Parser<number> = {
  expected: 'an octal number from 000 to 777, such as 0770',
  parse: (text) => {
    const mode = /^(?:0o)?[0-7]{1,4}$/i.test(text)
      ? Number.parseInt(text.replace(/^0o/i, ''), 8)
      : NaN;
    return mode <= 0o777 ? { ok: true, value: mode } : { ok: false };
  },
};

/** datatypes.py, `colon_separated_user_group`. */
const owner = ({ findUser, findGroup }: Accounts): Parser<SocketOwner> => ({
  expected: 'user or user:group',
  parse: (text): Parsed<SocketOwner> => {
    const colon = text.indexOf(':');
    const user = colon === -1 ? text : text.slice(0, colon);
    const group = colon === -1 ? null : text.slice(colon + 1);
    if (user === '' || group === '') return { ok: false };
    const uid = findUser(user)?.uid;
    if (uid === undefined) return { ok: false, why: unknownAccount('user', user) };
    const gid = group === null ? UNCHANGED : findGroup(group);
    if (gid === null) return { ok: false, why: unknownAccount('group', group ?? '') };
    return { ok: true, value: { uid, gid } };
  },
});

const UNCHANGED = -1;
