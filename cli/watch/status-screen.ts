/**
 * `fleetctl status --watch` on a terminal: one picture, renewed in place. Rows in which something
 * happened are marked for a while; what does not fit the screen is folded, the worst first.
 */
import type { HostStatus } from '../../proto/vocabulary.ts';
import type { Environment, ProcessesAnswer, Terminal } from '../ports.ts';
import { shortHosts } from '../render/operation/fold-targets.ts';
import { type Paint, painter } from '../render/paint.ts';
import { bySeverity, type StatusEntry, statusEntries } from '../render/status/entry.ts';
import { foldStatus } from '../render/status/folded.ts';
import { foldedTable } from '../render/status/folded-table.ts';
import { createMarks } from '../render/status/marks.ts';
import { hostCount, isFolded } from '../render/status/output.ts';
import { processTable } from '../render/status/status.ts';
import { summaryLine } from '../render/status/summary.ts';
import { type StatusTable, statusLines } from '../render/status/table.ts';
import { neutralise } from '../render/text.ts';
import { formatTimestamp } from '../render/time.ts';
import { withheldText } from '../render/withheld.ts';
import { createPainter, type Screen, screenOf } from '../terminal/painter.ts';
import type { StatusView } from './status-watch.ts';

const MARK = '* ';
const NO_MARK = '  ';
/** Title, what is wrong, an empty line, the header, and the row of the cursor. */
const OTHER_LINES = 5;

interface Picture {
  readonly listing: ProcessesAnswer;
  readonly entries: readonly StatusEntry[];
  /** Uptimes of an old picture stand still with it. */
  readonly takenMs: number;
}

export function statusScreen(
  { stdout, clock }: Environment,
  terminal: Terminal,
  output: 'table' | 'wide',
): StatusView {
  const screenPainter = createPainter(stdout, terminal);
  const paint = painter(stdout.colours);
  const marks = { each: createMarks(), folded: createMarks() };
  let picture: Picture | null = null;
  let trouble: string | null = null;

  const lines = (): readonly string[] => {
    if (picture === null) return [];
    const { kind, table } = tableFor(picture, output, screenOf(terminal));
    const marked = marks[kind](table, clock.monotonicMs());
    return [
      titleLine(picture),
      ...troubleLines(trouble ?? hostTrouble(picture)).map((line) => paint(line, 'bad')),
      '',
      ...markedLines(table, marked, paint),
    ];
  };
  const repaint = () => screenPainter.paint(lines());
  const resizing = terminal.onResize(repaint);
  const resuming = terminal.onResume(() => {
    screenPainter.startOver();
    repaint();
  });
  return {
    shows: (listing) => {
      picture = { listing, entries: statusEntries(listing), takenMs: clock.nowMs() };
      trouble = null;
      repaint();
    },
    fails: ({ message }) => {
      trouble = `OLD, asked again at ${timeOfDay(clock.nowMs())}: ${neutralise(message)}`;
      repaint();
    },
    ends: () => {
      resizing[Symbol.dispose]();
      resuming[Symbol.dispose]();
      screenPainter.keep();
    },
  };
}

/** Rows as without `--watch`, as long as they fit; the folded ones are as many as troubles. */
function tableFor(
  { listing, entries, takenMs }: Picture,
  output: 'table' | 'wide',
  { columns, rows }: Screen,
): { readonly kind: 'each' | 'folded'; readonly table: StatusTable } {
  const fits = entries.length <= rows - OTHER_LINES;
  if (output === 'wide') {
    const shown = fits ? entries : bySeverity(entries);
    return { kind: 'each', table: processTable(shown, takenMs, true) };
  }
  if (fits && !isFolded(listing)) {
    return { kind: 'each', table: processTable(entries, takenMs, false) };
  }
  const room = columns - MARK.length - 1;
  return { kind: 'folded', table: foldedTable(foldStatus(entries), takenMs, room) };
}

function titleLine({ listing, entries, takenMs }: Picture): string {
  return `${timeOfDay(takenMs)}   ${summaryLine(entries, hostCount(listing))}`;
}

function troubleLines(trouble: string | null): readonly string[] {
  return trouble === null ? [] : [trouble];
}

/** Only where: why is too long for the one line that there is. */
function hostTrouble({ listing: { hosts, withheld } }: Picture): string | null {
  const where = (what: string, isTroubled: (host: HostStatus) => boolean) => {
    const troubled = hosts.filter(isTroubled).map(({ host }) => host);
    return troubled.length === 0 ? [] : [`${what} on ${shortHosts(troubled)}`];
  };
  const troubles = [
    ...where('state lost', ({ stateProblem }) => stateProblem !== null),
    ...where('config rejected', ({ configProblem }) => configProblem !== null),
    ...where('identity in doubt', ({ identityProblem }) => identityProblem !== null),
  ];
  const unseen = withheldText(withheld);
  const lines = [
    ...(troubles.length === 0 ? [] : [...troubles, 'fleetctl hosts says why']),
    ...(unseen === null ? [] : [unseen]),
  ];
  return lines.length === 0 ? null : lines.join('; ');
}

function markedLines(
  table: StatusTable,
  marked: readonly boolean[],
  paint: Paint,
): readonly string[] {
  if (table.rows.length === 0) return [];
  const [header = [], ...rows] = statusLines(table, paint);
  return [
    ...header.map((line) => NO_MARK + line),
    ...rows.flatMap(([first = '', ...more], index) => [
      (marked[index] ? paint(MARK, 'busy') : NO_MARK) + first,
      ...more.map((line) => NO_MARK + line),
    ]),
  ];
}

function timeOfDay(atMs: number): string {
  return `${formatTimestamp(atMs)?.slice(11, 19) ?? '-'} UTC`;
}
