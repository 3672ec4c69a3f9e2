/** What makes the name of a file outlive a loss of power: a rename that is not on disk never was. */
import { closeSync, fsyncSync, openSync } from 'node:fs';

/** @param path of the directory itself */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
