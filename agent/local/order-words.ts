/**
 * What is written down of a local order: who gave it and what it was, as people would say it. Both
 * go to the log and, by the controller, to terminals, and both are in part what a caller made up;
 * so whatever could steer a terminal or begin a new line is made visible.
 */
import type { LocalOrder } from '../../proto/local-orders.ts';
import { durationText } from '../../proto/strategy-text.ts';
import { COMMAND_LENGTH_MAX, clippedTo } from '../../proto/text-limits.ts';

/** Longer than names of users are anywhere. */
const CLAIM_LENGTH_MAX = 64;

/** `alice`, or `root (sudo by alice)`, where the second name is a claim. */
export function callerName(name: string, sudoUser: string | null): string {
  if (sudoUser === null) return printable(name);
  return printable(`${name} (sudo by ${clippedTo(CLAIM_LENGTH_MAX, sudoUser)})`);
}

/** As it could have been typed: `signal HUP web:*`, `update`. */
export function commandText(order: LocalOrder): string {
  return asTyped(wordsOf(order));
}

export function asTyped(words: readonly string[]): string {
  return clippedTo(COMMAND_LENGTH_MAX, printable(words.map(quotedWord).join(' ')));
}

function wordsOf(order: LocalOrder): readonly string[] {
  switch (order.kind) {
    case 'control':
      return [order.verb, ...(order.signal === null ? [] : [order.signal]), ...order.names];
    case 'update':
    case 'add':
    case 'remove':
      return [order.kind, ...order.groups];
    case 'hold': {
      const { names, forMs, reason } = order;
      const because = reason === '' ? [] : ['--reason', reason];
      return ['hold', ...names, '--for', durationText(forMs), ...because];
    }
    case 'release':
      return ['release', ...order.names];
    case 'reread':
    case 'avail':
    case 'shutdown':
    case 'reload':
    case 'handover':
      return [order.kind];
  }
}

/** One word stays one, so that nobody's name can pass for a second one. */
const quotedWord = (word: string): string => (/^\S+$/.test(word) ? word : JSON.stringify(word));

function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
