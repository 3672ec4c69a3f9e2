/**
 * The words with which a process was started, where the system has them in a form in which each is
 * still a word by itself: in Linux's /proc (proc(5)). What `ps` prints of them is for people.
 */
import { readFileSync, statSync } from 'node:fs';

/**
 * Only of this user's processes, because everybody may give his own whatever title he likes.
 * @returns null where there is none, it is another user's, or the system does not tell
 */
export function ownArgumentsOf(pid: number): readonly string[] | null {
  try {
    if (statSync(`/proc/${pid}`).uid !== process.geteuid?.()) return null;
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return null;
  }
}
