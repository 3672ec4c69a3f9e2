/**
 * `--grep`: whether a line has a match of an RE2 expression, which takes time that is linear in the
 * line, whatever the expression. The package is loaded only when somebody greps: an agent is small.
 */
import { type Refusal, refusal } from '../../proto/errors.ts';
import { LOG_GREP_STEPS_MAX } from '../../proto/log-messages.ts';
import { repeatsProblem } from '../../proto/regex-repeats.ts';

export type Grep = (line: Buffer) => boolean;

export async function compileGrep(expression: string): Promise<Grep | Refusal> {
  const problem = repeatsProblem(expression);
  if (problem !== null) return refusal('usage', problem);
  const { RE2JS, RE2JSException } = await import('re2js');
  try {
    const compiled = RE2JS.compile(expression);
    const steps = compiled.programSize();
    if (steps > LOG_GREP_STEPS_MAX) return tooLarge(expression, steps);
    return (line) => compiled.test(withoutEnd(line));
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return refusal('usage', `bad expression ${JSON.stringify(expression)}: ${error.message}`);
  }
}

const tooLarge = (expression: string, steps: number): Refusal =>
  refusal(
    'usage',
    `the expression ${JSON.stringify(expression)} is too large: ${steps} steps for each byte of a ` +
      `line, at most ${LOG_GREP_STEPS_MAX} are taken; use smaller numbers in braces`,
  );

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** So that `$` is the end of the line. */
function withoutEnd(line: Buffer): Buffer {
  let { length } = line;
  if (line[length - 1] === NEWLINE) length -= 1;
  if (line[length - 1] === RETURN) length -= 1;
  return line.subarray(0, length);
}
