/**
 * A line of the agent's own log for people: pino's JSON in, a line in the shape of supervisord's log
 * out (`[supervisord] logfile`), local time. What the message does not say itself follows
 * it by name.
 */

/** Supervisor's abbreviations (loggers.py), by pino's numbers. */
const LEVELS: readonly (readonly [atLeast: number, name: string])[] = [
  [60, 'CRIT'],
  [50, 'ERRO'],
  [40, 'WARN'],
  [30, 'INFO'],
  [20, 'DEBG'],
  [0, 'TRAC'],
];

/** The same in each line of one agent. */
const LEFT_OUT: ReadonlySet<string> = new Set(['level', 'time', 'name', 'hostname', 'host', 'msg']);

/**
 * @param line one JSON object; anything else comes back as it is
 * @param agentPid is left out, unlike those of programs
 * @returns `2026-11-22 05:34:12,345 INFO web is RUNNING (pid 12)`, without a newline
 */
export function mainLogLine(line: string, agentPid: number): string {
  const entry = parsed(line);
  if (entry === null) return line.trimEnd();
  const message = inOneLine(String(entry['msg'] ?? ''));
  const details = Object.entries(entry)
    .filter(([name, value]) => !LEFT_OUT.has(name) && !(name === 'pid' && value === agentPid))
    .filter(([, value]) => value !== null && !isSaidBy(message, value))
    .map(([name, value]) => `${name === 'processPid' ? 'pid' : name} ${textOf(value)}`);
  const level = typeof entry['level'] === 'number' ? entry['level'] : 0;
  const levelName = LEVELS.find(([atLeast]) => level >= atLeast)?.[1] ?? 'TRAC';
  const remark = details.length === 0 ? '' : ` (${details.join(', ')})`;
  return `${localTime(String(entry['time']))} ${levelName} ${message}${remark}`;
}

/** `web is RUNNING` needs no `process web, state RUNNING`. */
function isSaidBy(message: string, value: unknown): boolean {
  return typeof value === 'string' && message.split(' ').includes(value);
}

function parsed(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return /^[^\s",()]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? String(value);
}

/** `2026-11-22 05:34:12,345` */
function localTime(iso: string): string {
  const time = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${date} ${clock},${String(time.getMilliseconds()).padStart(3, '0')}`;
}

/** A message may quote what a program says; it must not look like the next line. */
function inOneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}
