/** What there is to say of the logs of one reader: once, and not for each of hundreds. */
import type { ProcessName } from '../../proto/vocabulary.ts';
import { SEARCH_MAX_BYTES } from './find-start.ts';
import type { SourceDoubts } from './log-source.ts';

const MEBIBYTE = 1_048_576;
const NAMES_SHOWN_MAX = 3;

/** Of output that is in no log file of its own. */
export type KeptElsewhere = 'stdout' | 'syslog' | 'agent' | 'nowhere';

const ELSEWHERE = {
  nowhere: (names) => `no log is kept of ${names} (stdout_logfile, stderr_logfile)`,
  stdout: (names) => `stderr goes where stdout goes: leave out --stderr (${names})`,
  syslog: (names) => `the output of ${names} is in this host's syslog: journalctl, /var/log/syslog`,
  agent: (names) => `the output of ${names} is in that of its agent: journalctl -u fleet-agent`,
} as const satisfies Record<KeptElsewhere, (names: string) => string>;

export class ReaderNotes {
  readonly #unknown = new Set<ProcessName>();
  readonly #elsewhere = new Map<KeptElsewhere, Set<ProcessName>>();
  readonly #missing = new Set<ProcessName>();
  readonly #cutShort = new Set<ProcessName>();
  readonly #guessed = new Set<ProcessName>();
  #timesKnownSinceMs = Number.NEGATIVE_INFINITY;
  #linesSinceMs = Number.POSITIVE_INFINITY;

  addUnknown(process: ProcessName): void {
    this.#unknown.add(process);
  }

  addElsewhere(process: ProcessName, kept: KeptElsewhere): void {
    const processes = this.#elsewhere.get(kept) ?? new Set();
    this.#elsewhere.set(kept, processes.add(process));
  }

  /** Its log is not there yet, or not to be read. */
  addMissing(process: ProcessName): void {
    this.#missing.add(process);
  }

  /** Nothing was printed there so far, which is no error. */
  hasMissing(): boolean {
    return this.#missing.size > 0;
  }

  addDoubts(process: ProcessName, { isCutShort, since }: SourceDoubts): void {
    if (isCutShort) this.#cutShort.add(process);
    if (since === null) return;
    this.#guessed.add(process);
    if (since.kind === 'linesSince') {
      this.#linesSinceMs = Math.min(this.#linesSinceMs, since.atMs);
    } else {
      this.#timesKnownSinceMs = Math.max(this.#timesKnownSinceMs, since.atMs);
    }
  }

  /** Null: nothing is worth a word. */
  text(): string | null {
    const sentences = [
      sentence(this.#unknown, (names) => `there is no process ${names}`),
      ...ELSEWHERE_KINDS.map((kept) => {
        return sentence(this.#elsewhere.get(kept) ?? new Set(), ELSEWHERE[kept]);
      }),
      sentence(this.#missing, (names) => `there is no log file of ${names} yet`),
      sentence(this.#cutShort, (names) => {
        return `only the last ${SEARCH_MAX_BYTES / MEBIBYTE} MiB were searched of ${names}`;
      }),
      sentence(this.#guessed, (names) => `${this.#timesText()} (${names}; see log_timestamps)`),
    ].filter((text) => text !== null);
    return sentences.length === 0 ? null : sentences.join('; ');
  }

  #timesText(): string {
    if (Number.isFinite(this.#timesKnownSinceMs)) {
      const since = timeText(this.#timesKnownSinceMs);
      return `times are known only since ${since}: earlier lines may be included`;
    }
    return `lines from ${timeText(this.#linesSinceMs)} on may be included`;
  }
}

const ELSEWHERE_KINDS = ['nowhere', 'stdout', 'syslog', 'agent'] as const;

function sentence(
  processes: ReadonlySet<ProcessName>,
  say: (names: string) => string,
): string | null {
  if (processes.size === 0) return null;
  const shown = [...processes].slice(0, NAMES_SHOWN_MAX);
  const more = processes.size - shown.length;
  return say(`${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`);
}

/** `2026-11-22T20:15:00Z`: whoever reads it may be in another time zone than the host. */
const timeText = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}Z`;
