/**
 * What differs from run to run is replaced by its kind, and gaps between columns, which depend on
 * it, are all made the same, so that the rest can be compared to the letter. A mask is as narrow as
 * it can be: what it covers, no transcript can prove.
 */

const MASKS: readonly (readonly [pattern: RegExp, kind: string])[] = [
  // Operations: whole ids, and their beginnings as `op list` shows them.
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b/g, '<id>'],
  [/\b0[0-9a-f]{7}-[0-9a-f]{4}\b/g, '<id>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?Z?/g, '<time>'],
  // Before what it may look like a part of: 12:34:56.
  [/\b(?:[0-9A-F]{2}:){3,31}[0-9A-F]{2}\b…?/g, '<fingerprint>'],
  [/\b(\d+ days?, )?\d+:\d\d:\d\d\b/g, '<uptime>'],
  [/(?<=\bpid (?:\d+ → )?)\d+\b/g, '<pid>'],
  // In a table of processes.
  [/(?<= )\d+(?= +<uptime>)/g, '<pid>'],
  // Measured ones. What is configured is said in whole seconds, `at most 30 s`, and stays.
  [/(?<!at most |secs +|_wait +)\b\d+(\.\d+)? (ms|s|min)( \d+ s)?(?= |$|,|;|\))/g, '<duration>'],
  // The column FOR of folded processes.
  [/(?<= {3})\d+[smhd](-\d+[smhd])?(?= {3})/g, '<for>'],
  [/(?<="(?:oldPid|newPid|pid|durationMs|uptimeSeconds)": ?)\d+/g, '<number>'],
  // Of a row of the audit.
  [/\b[0-9a-f]{64}\b/g, '<hash>'],
  [/\b127\.0\.0\.1:\d+\b/g, '<address>'],
  [/(?<=\S) {3,}/g, '   '],
  [/ +$/g, ''],
];

/** @param line of what was printed, without what the transcript puts before it */
export function mask(line: string): string {
  return MASKS.reduce((masked, [pattern, kind]) => masked.replace(pattern, kind), line);
}

/** Rows have columns. Sorted where they follow one another; a heading stays where it is. */
export function sortRows(lines: readonly string[]): readonly string[] {
  const isRow = (line: string | undefined) => line !== undefined && /\S {3}/.test(line);
  const groups: string[][] = [];
  for (const line of lines) {
    const group = groups.at(-1);
    if (group !== undefined && isRow(line) && isRow(group[0])) group.push(line);
    else groups.push([line]);
  }
  return groups.flatMap((group) => group.sort());
}
