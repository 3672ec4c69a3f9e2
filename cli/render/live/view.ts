/**
 * A running operation as a screenful that needs no scrolling: what it is, how far it has come, who
 * is in trouble, what it waits for. Few targets have a row each, many are counted.
 *
 * Where the screen is small, problems and what is waited for are the last to go.
 */

import type { Target } from '../../../proto/operation.ts';
import { currentWave, isInFlight, isOpen } from '../../../proto/target.ts';
import { cutToWidth, wrapWords } from '../fit.ts';
import { nextCommands } from '../operation/next-commands.ts';
import { isTrouble } from '../operation/target-line.ts';
import { batchText, waveNumbers, waveText } from '../operation/waves.ts';
import { extentText } from '../operation/words.ts';
import type { Paint } from '../paint.ts';
import { neutralise, shortList } from '../text.ts';
import { formatElapsed } from '../time.ts';
import { type Block, fitBlocks, type LiveScreen } from './block.ts';
import { groupBlocks } from './groups.ts';
import type { LivePicture, LiveTarget } from './model.ts';
import { targetBlocks } from './rows.ts';
import { waitingText } from './waiting.ts';

/** `left`: somebody turned away, or the controller is gone, and the operation goes on. */
export type LivePhase = 'running' | 'left' | 'ended';

const WAITING_LINES_MAX = 3;
/** Head, bar, wave, waiting and hints: what stands around the body at most. */
const FRAME_LINES_MAX = 5 + WAITING_LINES_MAX;
const PROCESSES_NAMED_MAX = 3;
/** More do not displace the time and the progress, however many they are. */
const PROBLEM_ROWS_WANTED = 8;
const HINT = 'Ctrl-C stops watching, not the operation';

/** At most one line less than the screen has rows, each at most one column narrower than it. */
export function renderLive(
  picture: LivePicture,
  screen: LiveScreen,
  paint: Paint,
  phase: LivePhase = 'running',
): readonly string[] {
  const linesMax = Math.max(0, screen.rows - 1);
  const width = screen.columns - 1;
  const isFew = picture.targets.length <= linesMax - FRAME_LINES_MAX;
  const blocks = isFew
    ? targetBlocks(picture, screen, paint)
    : groupBlocks(picture, screen, paint, linesMax);
  if (phase === 'ended') return endLines(blocks, linesMax);
  const parts = chooseParts(
    {
      waiting: wrapWords(waitingText(picture, screen.nowMs), width, WAITING_LINES_MAX),
      head: [headLine(picture, screen)],
      wave: waveLines(picture, width),
      bar: isFew ? [] : [barLine(picture, width)],
      hint:
        phase === 'running' ? hintsFor(picture, screen).map((hint) => paint(hint, 'faint')) : [],
    },
    linesMax - linesNeeded(blocks),
  );
  const around = Object.values(parts).reduce((sum, lines) => sum + lines.length, 0);
  const body = fitBlocks(blocks, Math.max(0, linesMax - around));
  return [...parts.head, ...parts.bar, ...parts.wave, ...body, ...parts.waiting, ...parts.hint]
    .slice(0, linesMax)
    .map((line) => cutToWidth(line, width));
}

/** What the person at the terminal may do about it. Without the commands nobody goes on by himself. */
function hintsFor({ operation }: LivePicture, { fleetctl }: LiveScreen): readonly string[] {
  if (operation.state !== 'paused') return [HINT];
  return nextCommands({ ...operation, targets: [] }, fleetctl);
}

/** The first problems, and a line for the rest, if only to count it. */
function linesNeeded(blocks: readonly Block[]): number {
  const problems = blocks.filter(({ isProblem }) => isProblem);
  const rows = problems.reduce((sum, block) => sum + block.rows.length, 0);
  const hasRest = problems.length < blocks.length || rows > PROBLEM_ROWS_WANTED;
  return Math.min(rows, PROBLEM_ROWS_WANTED) + (hasRest ? 1 : 0);
}

/** What stays, whole; the logs come with the sentence below. */
function endLines(blocks: readonly Block[], linesMax: number): readonly string[] {
  return fitBlocks(
    blocks.map((block) => ({ ...block, details: [], logs: [] })),
    linesMax,
  );
}

interface Parts {
  readonly waiting: readonly string[];
  readonly head: readonly string[];
  readonly wave: readonly string[];
  readonly bar: readonly string[];
  readonly hint: readonly string[];
}

/** What stands around the body, without what can be missed first where there is no room for it. */
function chooseParts(wanted: Parts, linesMax: number): Parts {
  let parts = wanted;
  for (const name of ['hint', 'bar', 'wave', 'head'] as const) {
    const lines = Object.values(parts).reduce((sum, part) => sum + part.length, 0);
    if (lines <= linesMax) break;
    parts = { ...parts, [name]: [] };
  }
  return parts;
}

function headLine({ operation, targets, hostCount, begunMs }: LivePicture, screen: LiveScreen) {
  const { verb, signal, processes, fullStop } = operation;
  const words = [verb, ...(signal === null ? [] : [signal]), ...(fullStop ? ['(full stop)'] : [])];
  const selection = shortList(processes, PROCESSES_NAMED_MAX);
  const what = neutralise([...words, ...(selection === '' ? [] : [selection])].join(' '));
  const elapsed = formatElapsed(screen.nowMs - begunMs);
  const extent = `: ${extentText(verb, targets.length, hostCount)}, ${elapsed}`;
  return cutToWidth(what, Math.max(1, screen.columns - 1 - extent.length)) + extent;
}

/** `[######!.......] 1150/2000`: settled, and among them in trouble. */
function barLine({ targets }: LivePicture, width: number): string {
  const total = targets.length;
  const settled = targets.filter(({ target }) => !isOpen(target));
  const bad = settled.filter(({ target }) => isTrouble(target.state)).length;
  const counted = ` ${String(settled.length).padStart(String(total).length)}/${total}`;
  const cells = Math.max(1, Math.min(60, width - 2 - counted.length));
  const settledCells = Math.floor((settled.length / total) * cells);
  // One failure among ten thousand is seen too.
  const badCells = bad === 0 ? 0 : Math.max(1, Math.floor((bad / total) * cells));
  const goodCells = Math.max(0, settledCells - badCells);
  const bar = '#'.repeat(goodCells) + '!'.repeat(badCells);
  return `[${bar.padEnd(cells, '.')}]${counted}`;
}

/** `wave 2 of 3 (stop, group priority 10, priority 999): 120 of 400 finished`; none for a single one. */
function waveLines({ operation, targets }: LivePicture, width: number): readonly string[] {
  const { waves, order } = operation;
  if (waves.length < 2) return [];
  const indexes = wavesUnderWay(targets);
  const wave = waves[Math.max(...indexes)];
  if (wave === undefined) return [];
  if (indexes.size > 1 || order === 'host') {
    const batch = order === 'host' && wave.batches > 1 ? `, ${batchText(wave)} of hosts` : '';
    const each = order === 'host' ? ', each host by itself' : '';
    return [`${waveNumbers(indexes)} of ${waves.length}${batch}${each}`];
  }
  const finished = targets.filter((live) => hasPassed(live, wave.index)).length;
  const progress = `: ${finished} of ${wave.targets} finished`;
  // How far it has come is not to be cut for the sake of where it is.
  return [cutToWidth(waveText(operation, wave), Math.max(1, width - progress.length)) + progress];
}

/** Those waited for; else those that only overdue targets are in; else the last that began. */
function wavesUnderWay(targets: readonly LiveTarget[]): ReadonlySet<number> {
  const wavesOf = (wanted: (target: Target) => boolean): ReadonlySet<number> =>
    new Set(
      targets.filter(({ target }) => wanted(target)).map(({ target }) => currentWave(target)),
    );
  const awaited = wavesOf((target) => isInFlight(target) && !target.overdue);
  if (awaited.size > 0) return awaited;
  const inFlight = wavesOf(isInFlight);
  if (inFlight.size > 0) return inFlight;
  const reached = wavesOf(({ state }) => REACHED.has(state));
  return new Set([Math.max(0, ...reached)]);
}

const REACHED: ReadonlySet<Target['state']> = new Set<Target['state']>([
  'succeeded',
  'failed',
  'timed-out',
]);

function hasPassed({ target }: LiveTarget, wave: number): boolean {
  if (target.stopWave === wave && target.stopped) return true;
  return currentWave(target) === wave && !isOpen(target);
}
