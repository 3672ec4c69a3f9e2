/** One key of the size that certificates have: making one takes as long as a hundred tests. */
import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';

let made: KeyPairKeyObjectResult | null = null;

/** The same one throughout a run. */
export function rsaKeys(): KeyPairKeyObjectResult {
  made ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
  return made;
}
