/** A refusal as people read it: what, why, and how to mend it, each under its own word. */
import type { Refusal } from '../../proto/errors.ts';
import { neutralise } from './text.ts';

/** An interruption is no error: it says what goes on and what to do next. */
const WORDS = {
  error: { message: 'error: ', cause: 'cause: ', fix: 'fix:   ' },
  interrupted: { message: 'interrupted: ', cause: 'cause: ', fix: 'next: ' },
} as const;

export function renderError(because: Refusal): string {
  const words = WORDS[because.code === 'interrupted' ? 'interrupted' : 'error'];
  return (
    paragraph(words.message, because.message) +
    paragraph(words.cause, because.cause) +
    paragraph(words.fix, because.fix)
  );
}

/** Lines after the first are indented under it: a list of configuration problems has many. */
function paragraph(word: string, text: string | null): string {
  if (text === null || text === '') return '';
  const lines = text.trimEnd().split('\n').map(neutralise);
  return `${word}${lines.join(`\n${' '.repeat(word.length)}`)}\n`;
}
