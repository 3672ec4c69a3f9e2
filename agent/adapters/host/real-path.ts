/** Where a file really is: what a policy names may be reached by links, and they by others. */
import { realpathSync } from 'node:fs';

/** Null where there is none, or it cannot be told. */
export function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
