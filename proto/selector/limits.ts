/**
 * How much one selector may mean. Beyond these it is a slip of the keyboard or an attack, and the
 * controller, which has one thread, would stand still for everybody.
 */

/** What fits into a request, with the rest of it (`channel-options.ts`). */
export const TEXT_LENGTH_MAX = 1_000_000;

/** Named outright, counting what ranges mean. */
export const NAMES_MAX = 100_000;

/** What is held against every host, and each step between two of them. */
export const PATTERNS_MAX = 1_000;

/** As so many counts what looks at more than the name and the labels of a host. */
export const COSTLY_PATTERNS = 10;

/** What looks at every process of every host. */
export const PROCESS_PATTERNS = 50;

/** Parentheses in one another; each is a few frames of the stack. */
export const NESTING_MAX = 64;

/** Groups that refer to one another. */
export const GROUP_NESTING_MAX = 32;

/** Of one name: more cannot mean a host, and each would copy every name once more. */
export const RANGES_MAX = 8;

/** Of one name without its ranges, of a value or a regular expression; certificates allow 63. */
export const WORD_LENGTH_MAX = 255;

/**
 * What regular expressions may compile to, all of one selector together. An ordinary one is about
 * 20 steps, and every host's name goes through them.
 */
export const REGEX_STEPS_MAX = 2_000;
