/**
 * Says the same only so often: whoever knocks a thousand times a second must not fill the log, and
 * that he did must be in it all the same.
 */
import type { Log } from '../ports.ts';

/** Of `about` a few lines a minute are written; the first of the next minute says how many were left out. */
export interface SparingLog {
  /** @param nowMs by any clock */
  info(about: string, details: object, text: string, nowMs: number): void;
  warn(about: string, details: object, text: string, nowMs: number): void;
}

const WINDOW_MS = 60_000;
const LINES_MAX = 20;
/** Different ones that are counted at a time; beyond it all are counted anew. */
const SUBJECTS_MAX = 10_000;

interface Window {
  readonly beganAtMs: number;
  lines: number;
  leftOut: number;
}

export function createSparingLog(log: Pick<Log, 'info' | 'warn'>): SparingLog {
  const windows = new Map<string, Window>();

  function windowOf(about: string, nowMs: number): Window {
    const open = windows.get(about);
    if (open !== undefined && Math.abs(nowMs - open.beganAtMs) < WINDOW_MS) return open;
    if (open !== undefined && open.leftOut > 0) {
      log.warn({ about, leftOut: open.leftOut }, 'more of the same were left out of this log');
    }
    if (windows.size >= SUBJECTS_MAX) windows.clear();
    const window = { beganAtMs: nowMs, lines: 0, leftOut: 0 };
    windows.set(about, window);
    return window;
  }

  const sayer =
    (level: 'info' | 'warn'): SparingLog['warn'] =>
    (about, details, text, nowMs) => {
      const window = windowOf(about, nowMs);
      window.lines += 1;
      if (window.lines <= LINES_MAX) log[level](details, text);
      else window.leftOut += 1;
    };
  return { info: sayer('info'), warn: sayer('warn') };
}
