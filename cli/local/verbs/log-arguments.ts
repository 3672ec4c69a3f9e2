/** The words of `tail` and `maintail`, and what is wrong with them in supervisorctl's words. */
import { LOG_CHANNELS, type LogChannel } from '../../../proto/local-orders.ts';
import { escapeUnsafe } from '../../render/text.ts';
import { type Wrong, wrong } from './verb.ts';

/** How much of a log: so many bytes from its end, or on and on. */
export type Extent =
  | { readonly kind: 'last'; readonly bytes: number }
  | { readonly kind: 'follow' };

export interface TailWords {
  readonly kind: 'tail';
  readonly name: string;
  readonly channel: LogChannel;
  readonly extent: Extent;
}

/** As supervisorctl has it. */
const DEFAULT_EXTENT: Extent = { kind: 'last', bytes: 1_600 };

export function parseTail(words: readonly string[]): TailWords | Wrong {
  if (words.length < 1) return complaint('Error: too few arguments', true);
  if (words.length > 3) return complaint('Error: too many arguments', true);
  const [modifier, ...others] = words;
  const hasModifier = modifier?.startsWith('-') === true;
  const [name, ...channels] = hasModifier ? others : words;
  if (name === undefined) return complaint('Error: tail requires process name');
  const typed = (channels.at(-1) ?? 'stdout').toLowerCase();
  const channel = LOG_CHANNELS.find((candidate) => candidate === typed);
  if (channel === undefined) return complaint(`Error: bad channel '${escapeUnsafe(typed)}'`);
  const extent = hasModifier ? extentOf(modifier as string) : DEFAULT_EXTENT;
  return extent.kind === 'wrong' ? extent : { kind: 'tail', name, channel, extent };
}

export function parseMainTail(words: readonly string[]): Extent | Wrong {
  if (words.length > 1) return complaint('Error: too many arguments', true);
  const [modifier] = words;
  return modifier === undefined ? DEFAULT_EXTENT : extentOf(modifier);
}

/** `-f`, `-100`; `-0` is all there is, as in Supervisor. */
function extentOf(modifier: string): Extent | Wrong {
  if (modifier === '-f') return { kind: 'follow' };
  const [, digits] = /^-\+?(\d+)$/.exec(modifier) ?? [];
  if (digits === undefined) return complaint(`Error: bad argument ${escapeUnsafe(modifier)}`);
  const bytes = Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
  return { kind: 'last', bytes: bytes === 0 ? Number.MAX_SAFE_INTEGER : bytes };
}

function complaint(text: string, showsHelp = false): Wrong {
  return wrong(text, undefined, { showsHelp });
}
