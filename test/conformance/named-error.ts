/**
 * The difference of every row in which a program cannot be begun: Supervisor finds out in the fork,
 * and knows no more than that it exited; we say what went wrong.
 */
import type { Difference, Expected } from './row.ts';

export interface NamedError {
  readonly error: string;
  /** Of the child; where it was never begun there are none. */
  readonly endings: Expected;
  /** As in `Difference`. */
  readonly see: string;
}

/** What the document says of the reasons why a program is not begun. */
export const EXECUTED = 'the reason is its last error as well';
export const DIRECTORY = 'the directory stands in its last error';
export const RELATIVE = 'that is where it will run';

export const namedError = ({ error, endings, see }: NamedError): readonly Difference[] => [
  { fact: 'spawn errors of x', ours: error, see },
  { fact: 'endings of x', ours: endings, see },
  { fact: '$ status x', ours: new RegExp(`^exit 3\\nx +FATAL +${literal(error)}`), see },
];

const literal = (text: string): string => text.replaceAll(/[{}()./]/g, '\\$&');
