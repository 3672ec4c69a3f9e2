/** What is said of holds: the list of them, and what `hold` and `release` did to each process. */
import { heldText, untilText } from '../../../proto/hold-text.ts';
import type { OrderNews } from '../../../proto/local-orders.ts';
import { compareGroupAndName } from '../../../proto/text-order.ts';
import type { ProcessStatus } from '../../../proto/vocabulary.ts';
import { displayWidth, escapeUnsafe, neutralise, padToWidth } from '../../render/text.ts';

type HoldNews = Extract<OrderNews, { readonly kind: 'hold' }>;

/** As `status` has its names. */
const NAME_WIDTH_MIN = 30;
const NAME_GAP = 3;

export function holdsText(processes: readonly ProcessStatus[], nowMs: number): string {
  const held = processes.filter((known) => isHeld(known, nowMs)).toSorted(compareGroupAndName);
  const rows = held.flatMap(({ process, hold }) =>
    hold === null ? [] : { name: escapeUnsafe(process), text: neutralise(heldText(hold)) },
  );
  if (rows.length === 0) return 'no process is held\n';
  const widest = rows.reduce((width, { name }) => Math.max(width, displayWidth(name)), 0);
  const nameWidth = Math.max(NAME_WIDTH_MIN, widest) + NAME_GAP;
  return rows.map(({ name, text }) => `${padToWidth(name, nameWidth)}${text}\n`).join('');
}

/** @param nowMs by the clock of this host, which is that of its agent; it may have been set since */
export function isHeld({ hold }: ProcessStatus, nowMs: number): boolean {
  return hold !== null && hold.untilMs > nowMs;
}

/** Whoever takes over somebody's hold, or ends it, is told whose it was. */
export function holdLine({ process, hold, before }: HoldNews): string {
  const name = escapeUnsafe(process);
  const was = before === null ? '' : ` (was ${neutralise(heldText(before))})`;
  if (hold !== null) return `${name}: held until ${untilText(hold.untilMs)}${was}\n`;
  return before === null ? `${name}: not held\n` : `${name}: released${was}\n`;
}
