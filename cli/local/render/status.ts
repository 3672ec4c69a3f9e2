/**
 * supervisorctl's table: no header, a name, a state, and what is worth saying of that state. Scripts
 * cut it at its blanks, so every column stands where Supervisor has it (supervisorctl.py
 * `_show_statuses`, rpcinterface.py `_interpretProcessInfo`). What Supervisor does not know comes last.
 */
import type { ProcessStatus } from '../../../proto/vocabulary.ts';
import { uptimeSeconds } from '../../render/status/entry.ts';
import {
  healthComplaint,
  leftBehindText,
  lostOutputText,
  memoryText,
  waitingText,
} from '../../render/status/remarks.ts';
import { displayWidth, escapeUnsafe, neutralise, padToWidth } from '../../render/text.ts';
import { formatUptime } from '../../render/time.ts';

const NAME_WIDTH_MIN = 30;
const NAME_GAP = 3;
const STATE_WIDTH = 10;

export function renderLocalStatus(processes: readonly ProcessStatus[], nowMs: number): string {
  const rows = processes.map((status) => ({ status, name: escapeUnsafe(status.process) }));
  const widest = rows.reduce((width, { name }) => Math.max(width, displayWidth(name)), 0);
  const nameWidth = Math.max(NAME_WIDTH_MIN, widest) + NAME_GAP;
  return rows
    .map(({ status, name }) => {
      const state = status.state.padEnd(STATE_WIDTH);
      const said = [description(status, nowMs), ...remarks(status)].filter((part) => part !== '');
      return `${padToWidth(name, nameWidth)}${state}${said.join(', ')}\n`;
    })
    .join('');
}

function description(status: ProcessStatus, nowMs: number): string {
  switch (status.state) {
    case 'RUNNING':
      return `pid ${status.pid ?? 0}, uptime ${formatUptime(uptimeSeconds(status, nowMs) ?? 0)}`;
    case 'FATAL':
    case 'BACKOFF':
      return escapeUnsafe(status.lastError ?? `unknown error (try "tail ${status.name}")`);
    case 'STOPPED':
    case 'EXITED':
      return status.startedAtMs === null ? 'Not started' : formatLocalTime(status.changedAtMs);
    case 'STARTING':
    case 'STOPPING':
    case 'UNKNOWN':
      return '';
  }
}

/** None of a process that has only settings of Supervisor's, unless something went wrong with it. */
function remarks(status: ProcessStatus): readonly string[] {
  const complaint = healthComplaint(status);
  const health = complaint === null ? status.health : `${status.health} (${complaint})`;
  const memory = memoryText(status);
  return [
    health,
    waitingText(status),
    memory === null ? null : `memory ${memory}`,
    leftBehindText(status),
    lostOutputText(status),
  ]
    .filter((remark) => remark !== null)
    .map(neutralise);
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** `Nov 22 05:34 AM` by this host's clock; English in every locale, as supervisord prints it. */
function formatLocalTime(atMs: number): string {
  const date = new Date(atMs);
  const hour = date.getHours();
  const clock = [hour % 12 === 0 ? 12 : hour % 12, date.getMinutes()].map(twoDigits).join(':');
  return `${MONTHS[date.getMonth()]} ${twoDigits(date.getDate())} ${clock} ${hour < 12 ? 'AM' : 'PM'}`;
}

const twoDigits = (part: number): string => String(part).padStart(2, '0');
