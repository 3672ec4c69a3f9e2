/** Reads the passphrase of the authority's key. Always from a file: arguments and environments leak. */
import { type ReadFile, readSecretPem } from '../credentials.ts';

/** The first and only line of a file that nobody but its owner can read. */
export function readPassphrase(path: string): ReadFile {
  const file = readSecretPem(path);
  if (file.kind === 'problem') return file;
  const text = file.text.replace(/\r?\n$/, '');
  if (text === '') return { kind: 'problem', problem: `${path} holds no passphrase` };
  if (/[\r\n\0]/.test(text) || text.length > PASSPHRASE_LENGTH_MAX) {
    return { kind: 'problem', problem: `${path} is not one line with a passphrase` };
  }
  return { kind: 'read', text };
}

/** OpenSSL takes no more. */
const PASSPHRASE_LENGTH_MAX = 1_023;
