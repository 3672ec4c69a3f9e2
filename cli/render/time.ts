/** Times and durations as people read them, and as RFC 3339 for programs. All pure. */

/** Supervisor's own form: `0:01:23`, `1 day, 0:00:01`. */
export function formatUptime(uptimeSeconds: number): string {
  const days = Math.floor(uptimeSeconds / 86_400);
  const hours = Math.floor(uptimeSeconds / 3_600) % 24;
  const minutes = Math.floor(uptimeSeconds / 60) % 60;
  const clock = [minutes, Math.floor(uptimeSeconds) % 60].map((part) =>
    String(part).padStart(2, '0'),
  );
  const time = `${hours}:${clock.join(':')}`;
  return days === 0 ? time : `${days} day${days === 1 ? '' : 's'}, ${time}`;
}

/** How long something took: `12 ms`, `1.1 s`, `2 min 5 s`. */
export function formatDuration(durationMs: number): string {
  const shownMs = Math.max(0, Math.round(durationMs));
  if (shownMs < 100) return `${shownMs} ms`;
  if (shownMs < 59_950) return `${(shownMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(shownMs / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** How long something has been going on, which nobody wants to see flicker: `4 s`, `2 min 5 s`. */
export function formatElapsed(elapsedMs: number): string {
  const seconds = Math.max(0, Math.floor(elapsedMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor(seconds / 60) % 60} min`;
}

/** A distance in time where only the size matters: `40 s`, `3 min`, `5 h`, `12 days`. */
export function formatDistance(distanceMs: number): string {
  const seconds = Math.max(0, Math.round(distanceMs / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

const UNITS = [
  ['days', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** As somebody configured it, to the letter: `30 s`, `90 s`, `2 h`, `24 h`, `2 days`, `250 ms`. */
export function formatExact(durationMs: number): string {
  // Nobody says "1 days".
  const units = durationMs < 2 * 86_400_000 ? UNITS.slice(1) : UNITS;
  const [unit, unitMs] = units.find(([, unitMs]) => durationMs % unitMs === 0) ?? ['ms', 1];
  return `${durationMs / unitMs} ${durationMs === 0 ? 's' : unit}`;
}

/** `2026-11-22 14:20 UTC`: for what is planned to the minute. Null for what no calendar can say. */
export function formatMinute(atMs: number): string | null {
  const timestamp = formatTimestamp(atMs);
  return timestamp === null ? null : `${timestamp.slice(0, -8).replace('T', ' ')} UTC`;
}

/** RFC 3339 in UTC; null for absent, and for what no calendar can say. */
export function formatTimestamp(atMs: number | null): string | null {
  if (atMs === null) return null;
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
