/** Takes out of a text what differs from run to run: directories, pids, times of day, sockets. */

export function normalise(text: string, directory: string): string {
  return text
    .replaceAll(/(?:unix:\/\/)?\{dir\}/g, '{dir}')
    .replaceAll(directory, '{dir}')
    .replaceAll(/(?:unix:\/\/)?\{dir\}\/(?:supervisor|agent)\.sock/g, '{socket}')
    .replaceAll(/\bpid [1-9]\d*/g, 'pid N')
    .replaceAll(/\buptime (?:\d+ days?, )?\d+:\d\d:\d\d/g, 'uptime T')
    .replaceAll(/\b[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M\b/g, 'DATE')
    .trimEnd();
}

/** `pid` prints nothing but pids; 0 says that there is none. */
export const normalisePids = (text: string): string => text.replaceAll(/^[1-9]\d*$/gm, 'N');

/**
 * What a spawn error says about the end of a program stands in the endings; Supervisor's hint to the
 * log, and our exit status, come after the same words.
 */
export const normaliseError = (error: string): string =>
  error.replace(/^(Exited too quickly) \(.*\)$/s, '$1');
