/**
 * What is wrong with a selector and where, and how that is shown: a caret under the place. Long
 * selectors are clipped around it, because a refusal travels in a small header.
 */
import { type Refusal, refusal } from '../errors.ts';

export interface Mistake {
  readonly kind: 'mistake';
  /** In UTF-16 units from the beginning of the selector. */
  readonly at: number;
  readonly why: string;
  /** How to mend it, where that can be said better than by general examples. */
  readonly fix: string | null;
}

export function mistake(at: number, why: string, fix: string | null = null): Mistake {
  return { kind: 'mistake', at, why, fix };
}

const EXAMPLES = "for example 'web[01-40],db-1' or 'env=prod and not role=db'; '@*' is every host";

export function refusalOf(text: string, { at, why, fix }: Mistake): Refusal {
  return refusal('usage', `the selector is not understood: ${why}`, {
    cause: caretUnder(text, at),
    fix: fix ?? EXAMPLES,
  });
}

const CHARACTERS_SHOWN_MAX = 60;

/** The text around a place, and below it a caret with what is to be said of it, if anything. */
export function caretUnder(text: string, at: number, why = ''): string {
  const from = Math.max(0, at - CHARACTERS_SHOWN_MAX);
  const shown = text.slice(from, at + CHARACTERS_SHOWN_MAX);
  return `${printable(shown)}\n${' '.repeat(at - from)}^ ${why}`.trimEnd();
}

/** For messages that repeat a piece of the selector. */
export function clipped(text: string): string {
  const shown = printable(text.slice(0, CHARACTERS_SHOWN_MAX));
  return text.length > CHARACTERS_SHOWN_MAX ? `${shown}…` : shown;
}

/** Unit by unit, so that the caret stays under its place. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, ' ');
}
