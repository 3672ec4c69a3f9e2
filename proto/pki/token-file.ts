/**
 * Reads a join string from a file, a pipe or standard input: never from an argument or a variable,
 * which everybody on the machine can read. What is refused here is never repeated, since the secret
 * may be in it.
 */
import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { FleetError, isRefusal, messageOf, refusal } from '../errors.ts';
import { type JoinString, parseJoinString } from './join-string.ts';

export interface TokenFile {
  readonly join: JoinString;
  /** Others can read it; null: nobody but its owner can. */
  readonly warning: string | null;
}

/** Many times what a join string needs. */
const TOKEN_BYTES_MAX = 8_192;

/**
 * @param path `-`: `input`
 * @throws FleetError
 */
export async function readTokenFile(path: string, input: Readable): Promise<TokenFile> {
  assertNoSecret([path]);
  const warning = path === '-' ? null : warningAbout(path);
  const text = await readShort(path === '-' ? input : createReadStream(path), path);
  const join = parseJoinString(text);
  if (isRefusal(join)) throw new FleetError(join);
  return { join, warning };
}

/** For arguments: a join string among them has been shown to everybody already. */
export function assertNoSecret(args: readonly string[]): void {
  if (!args.some((argument) => argument.includes('fleetvisor:'))) return;
  throw new FleetError(
    refusal('usage', 'a join string is never given on the command line', {
      cause: 'everybody on this machine can read the command lines of programs',
      fix: 'revoke it with fleetctl token revoke, make a new one, and give the name of a file that holds it, or - for standard input',
    }),
  );
}

async function readShort(stream: Readable, path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      const read = Buffer.from(chunk);
      chunks.push(read);
      bytes += read.length;
      if (bytes > TOKEN_BYTES_MAX) break;
    }
  } catch (error) {
    throw new FleetError(
      refusal('usage', `the token file ${path} cannot be read`, {
        cause: messageOf(error),
        fix: 'name the file into which the join string was written, or - for standard input',
      }),
    );
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text.trim() !== '') return text;
  throw new FleetError(
    refusal('usage', path === '-' ? 'nothing came on standard input' : `${path} is empty`, {
      cause: 'whatever was to print the join string failed, or printed it elsewhere',
      fix: 'look at what fleetctl token create said',
    }),
  );
}

function warningAbout(path: string): string | null {
  const status = statSync(path, { throwIfNoEntry: false });
  const isOpen = status?.isFile() === true && (status.mode & 0o077) !== 0;
  return isOpen
    ? `others can read ${path}, and whoever is first gets in by it: chmod 600 it, and remove it afterwards`
    : null;
}
