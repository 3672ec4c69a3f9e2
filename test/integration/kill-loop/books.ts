/** What the programs of the loop wrote down themselves, and what of their output is in the logs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LoopFolders, type LoopProgram, PROGRAMS } from './programs.ts';

/** One life of a process, by its own account. */
export interface Life {
  readonly pid: number;
  /** How it was about to end; null: it did not say, so something ended it. */
  readonly end: { readonly kind: 'code' | 'signal'; readonly value: string } | null;
  /** Numbered lines that it printed on each channel; null: nobody counted. */
  readonly lines: number | null;
}

export function livesOf({ books }: LoopFolders, { program }: LoopProgram): readonly Life[] {
  const lives: Life[] = [];
  for (const line of linesIn(join(books, `${program}.lives`))) {
    const [what, pid, kind, value = '', count] = line.split(' ');
    if (what === 'start') lives.push({ pid: Number(pid), end: null, lines: null });
    const last = lives.at(-1);
    if (what !== 'end' || last?.pid !== Number(pid)) continue;
    const end = { kind: kind === 'code' ? 'code' : 'signal', value } as const;
    lives[lives.length - 1] = { ...last, end, lines: Number(count) };
  }
  return lives;
}

/** Two lives of one process at once, as those who began noticed. */
export const doublesIn = ({ books }: LoopFolders): readonly string[] =>
  linesIn(join(books, 'doubles'));

export interface OutputVerdict {
  readonly printed: number;
  readonly missing: number;
  /** Where numbers are missing, for people. */
  readonly gaps: readonly string[];
  /** Lines that came twice, out of order or torn. Never to be. */
  readonly wrong: readonly string[];
}

/** After everything has ended: the logs, and all that rotation made of them, against the books. */
export function judgeOutput(folders: LoopFolders): OutputVerdict {
  const verdicts = PROGRAMS.filter(({ prints }) => prints !== 'nothing').flatMap((program) => {
    const channels = program.prints === 'stdout' ? ['out'] : ['out', 'err'];
    return channels.map((channel) => {
      const isApart = program.prints === 'apart' && channel === 'err';
      const log = join(folders.logs, `${program.program}.${isApart ? 'err' : 'log'}`);
      const others = channels.filter((other) => other !== channel);
      const mayHold = program.prints === 'together' ? others : [];
      return judgeChannel(`${program.program} ${channel}`, {
        lines: logLines(log),
        channel,
        mayHold,
        lives: livesOf(folders, program),
      });
    });
  });
  return {
    printed: verdicts.reduce((sum, { printed }) => sum + printed, 0),
    missing: verdicts.reduce((sum, { missing }) => sum + missing, 0),
    gaps: verdicts.flatMap(({ gaps }) => gaps),
    wrong: verdicts.flatMap(({ wrong }) => wrong),
  };
}

interface Channel {
  readonly lines: readonly string[];
  readonly channel: string;
  /** Of whose lines nothing is said here. */
  readonly mayHold: readonly string[];
  readonly lives: readonly Life[];
}

function judgeChannel(name: string, { lines, channel, mayHold, lives }: Channel): OutputVerdict {
  const lastOf = new Map<number, number>();
  const gaps: string[] = [];
  const wrong: string[] = [];
  let printed = 0;
  let missing = 0;
  const note = (pid: number, from: number, to: number): void => {
    if (to < from) return;
    missing += to - from + 1;
    gaps.push(`${name} ${pid}: ${from}–${to}`);
  };
  for (const line of lines) {
    const [, head = '', pidText, numberText] = /^(out|err) (\d+) (\d+)$/.exec(line) ?? [];
    if (mayHold.includes(head)) continue;
    const [pid, number] = [Number(pidText), Number(numberText)];
    const last = lastOf.get(pid) ?? 0;
    if (head !== channel || number <= last) wrong.push(`${name}: ${line} after ${last}`);
    else {
      note(pid, last + 1, number - 1);
      lastOf.set(pid, number);
      printed += 1;
    }
  }
  // The last may have been counted but not printed: it was told to end in between.
  for (const { pid, lines: count } of lives) {
    if (count !== null) note(pid, (lastOf.get(pid) ?? 0) + 1, count - 1);
  }
  return { printed, missing, gaps, wrong };
}

/** From the oldest on. */
function logLines(log: string): readonly string[] {
  const [folder, name] = [join(log, '..'), log.slice(log.lastIndexOf('/') + 1)];
  const backups = readdirSync(folder)
    .flatMap((file) => (file.startsWith(`${name}.`) ? Number(file.slice(name.length + 1)) : []))
    .sort((a, b) => b - a)
    .map((number) => `${log}.${number}`);
  return [...backups, log]
    .map((path) => (existsSync(path) ? readFileSync(path, 'utf8') : ''))
    .join('')
    .split('\n')
    .filter((line) => line !== '');
}

function linesIn(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}
