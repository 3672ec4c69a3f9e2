/**
 * How long the texts may be that agents send. Fleetwide they are kept in the controller's memory
 * and database and shown to operators, and one agent that has gone wrong must not fill either. Names
 * identify, so one that is too long is refused; what is only read is cut.
 *
 * Lengths are in UTF-16 units, as JavaScript counts them.
 */

/** Of hosts, processes, groups and programs, and of ids. */
export const NAME_LENGTH_MAX = 255;

export const LABELS_MAX = 64;
/** Of a key, and of a value. */
export const LABEL_LENGTH_MAX = 255;

export const VERSION_LENGTH_MAX = 100;
/** `RTMIN+3` is among the longest. */
export const SIGNAL_LENGTH_MAX = 16;

/** A paragraph: an error, a reason. */
export const REMARK_LENGTH_MAX = 1_000;

/** Of what a process printed last. */
const LOG_LINES_MAX = 10;
const LOG_LINE_LENGTH_MAX = 500;

/** At most `lengthMax` long, with its end cut off and that shown. */
export function clippedTo(lengthMax: number, text: string): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`;
}

/** The last lines, oldest first, and the beginning of each. */
export function lastLinesOf(lines: readonly string[]): readonly string[] {
  return lines.slice(-LOG_LINES_MAX).map((line) => line.slice(0, LOG_LINE_LENGTH_MAX));
}
