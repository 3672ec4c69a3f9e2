/**
 * What differs from run to run is replaced by its kind, and columns by a gap, so that the rest can
 * be compared to the letter.
 */

/** In this order: a process id is told by the uptime behind it. */
const MASKS: readonly ((line: string) => string)[] = [
  (line) =>
    line.replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g, '<id>'),
  (line) => line.replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?Z?/g, '<time>'),
  (line) => line.replace(/\b(\d+ days?, )?\d+:\d\d:\d\d\b/g, '<uptime>'),
  (line) => line.replace(/\bpid \d+( → \d+)?/g, (pids) => pids.replace(/\d+/g, '<pid>')),
  (line) => line.replace(/(?<=\s)\d+(?=\s+<uptime>)/g, '<pid>'),
  (line) => line.replace(/\b\d+ min \d+ s\b|\b\d+(\.\d+)? (ms|s)\b/g, '<duration>'),
  (line) => line.replace(/("(?:oldPid|newPid|pid|durationMs|uptimeSeconds)": )\d+/g, '$1<number>'),
  (line) => line.replace(/127\.0\.0\.1:\d+/g, '<address>'),
  // Indentation stays; between columns the width depends on what was masked.
  (line) => line.replace(/(?<=\S) {2,}/g, '   ').trimEnd(),
];

export function mask(line: string): string {
  return MASKS.reduce((masked, apply) => apply(masked), line);
}
