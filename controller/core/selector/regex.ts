/**
 * `~regex` on the names of hosts, found anywhere in the name unless `^` and `$` say otherwise. RE2
 * takes time that is linear in the name, whatever the expression: one that backtracks could be made
 * to stop the controller for hours.
 */
import { RE2JS, RE2JSException } from 're2js';
import { repeatsProblem } from '../../../proto/regex-repeats.ts';

export type RegexCompiled =
  | {
      readonly kind: 'compiled';
      /** How much work a name can be. */
      readonly steps: number;
      readonly matches: (name: string) => boolean;
    }
  | { readonly kind: 'wrong'; readonly why: string };

export function compileRegex(pattern: string): RegexCompiled {
  const problem = repeatsProblem(pattern);
  if (problem !== null) return { kind: 'wrong', why: problem };
  try {
    const compiled = RE2JS.compile(pattern);
    return {
      kind: 'compiled',
      steps: compiled.programSize(),
      matches: (name) => compiled.test(name),
    };
  } catch (caught) {
    if (!(caught instanceof RE2JSException)) throw caught;
    return { kind: 'wrong', why: caught.message };
  }
}
