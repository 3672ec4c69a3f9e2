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

/** Of a file, as most systems bound it (PATH_MAX). */
export const PATH_LENGTH_MAX = 4_096;

/** A paragraph: an error, a reason. */
export const REMARK_LENGTH_MAX = 1_000;

/** All that is wrong with a configuration, where somebody asked and nothing is kept. */
export const PROBLEMS_LENGTH_MAX = 8_000;

/** On one host: far more than anybody runs, so an agent that reports more has gone wrong. */
export const PROCESSES_MAX = 10_000;

/** Groups or processes in one answer. */
export const ANSWER_ITEMS_MAX = 10_000;

/** A command as it was typed on a host. */
export const COMMAND_LENGTH_MAX = 500;

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
