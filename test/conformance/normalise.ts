/** Takes out of a text what differs from run to run: directories, pids, times of day, sockets. */

export function normalise(text: string, directory: string): string {
  return text
    .replaceAll(/(?:unix:\/\/)?\{dir\}/g, '{dir}')
    .replaceAll(directory, '{dir}')
    .replaceAll(/(?:unix:\/\/)?\{dir\}\/(?:supervisor|agent)\.sock/g, '{socket}')
    .replaceAll(/\bpid [1-9]\d*/g, 'pid N')
    .replaceAll(/\buptime (?:\d+ days?, )?\d+:\d\d:\d\d/g, 'uptime T')
    .replaceAll(/\b[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M\b/g, 'DATE')
    .replaceAll(HOW_IT_EXITED, '$1')
    .trimEnd();
}

/** `pid` prints nothing but pids; 0 says that there is none. */
export const normalisePids = (text: string): string => text.replaceAll(/^[1-9]\d*$/gm, 'N');

/** Supervisor adds a hint to the log, we how the program ended; the endings are compared apart. */
const HOW_IT_EXITED = /(Exited too quickly) \(.*\)$/gm;
