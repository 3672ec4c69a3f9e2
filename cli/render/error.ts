/** A refusal as people read it: what, why, and how to mend it, each under its own word. */
import type { Refusal } from '../../proto/errors.ts';
import { escapeUnsafe, neutralise } from './text.ts';

interface Words {
  readonly message: string;
  readonly cause: string;
  readonly fix: string;
}

const ERROR: Words = { message: 'error: ', cause: 'cause: ', fix: 'fix:   ' };

/** To stop waiting is no error: it says what goes on and what to do next. */
const TURNED_AWAY: Readonly<Partial<Record<Refusal['code'], Words>>> = {
  interrupted: { message: 'interrupted: ', cause: 'cause: ', fix: 'next: ' },
  'timed-out': { message: 'timed out: ', cause: 'cause: ', fix: 'next: ' },
};

/** Of what is not allowed everything is told: who cannot see all of it cannot ask for it either. */
export function renderError(because: Refusal): string {
  const words = TURNED_AWAY[because.code] ?? ERROR;
  return (
    paragraph(words.message, because.message) +
    paragraph(words.cause, because.cause, because.code === 'denied' ? escapeUnsafe : neutralise) +
    paragraph(words.fix, because.fix)
  );
}

/** Lines after the first are indented under it: a list of configuration problems has many. */
function paragraph(word: string, text: string | null, safe = neutralise): string {
  if (text === null || text === '') return '';
  const lines = text.trimEnd().split('\n').map(safe);
  return `${word}${lines.join(`\n${' '.repeat(word.length)}`)}\n`;
}
