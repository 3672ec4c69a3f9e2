/** From the text of a selector to what it says, or to what is wrong with it. */
import type { Refusal } from '../../../proto/errors.ts';
import { readSelectorSyntax } from '../../../proto/selector/grammar.ts';
import { REGEX_STEPS_MAX } from '../../../proto/selector/limits.ts';
import { type Mistake, mistake, refusalOf } from '../../../proto/selector/mistake.ts';
import { type Selector, termsOf } from '../../../proto/selector/syntax.ts';
import { parseNetwork } from './network.ts';
import { compileRegex } from './regex.ts';

/** Whether the hosts and groups that it names exist is not asked; see `evaluateSelector`. */
export function parseSelector(text: string): Selector | Refusal {
  const selector = readSelector(text);
  return 'kind' in selector ? refusalOf(text, selector) : selector;
}

/** As `parseSelector`, for whoever shows mistakes in a way of his own. */
export function readSelector(text: string): Selector | Mistake {
  const selector = readSelectorSyntax(text);
  if ('kind' in selector) return selector;
  let steps = 0;
  for (const term of termsOf(selector.expression)) {
    if (term.kind === 'network' && parseNetwork(term.network) === null) {
      const fix = 'for example ip:10.0.0.0/8, ip:10.1.2.3 or ip:fd00::/8';
      return mistake(
        term.at + 'ip:'.length,
        'expected an address, or a network such as 10.0.0.0/8',
        fix,
      );
    }
    if (term.kind !== 'regex') continue;
    const compiled = compileRegex(term.pattern);
    if (compiled.kind === 'wrong') return mistake(term.at + 1, compiled.why, REGEX_FIX);
    steps += compiled.steps;
    if (steps > REGEX_STEPS_MAX)
      return mistake(term.at, 'this is too much for regular expressions');
  }
  return selector;
}

const REGEX_FIX = 'for example ~^web-[0-9]+$; the syntax is that of RE2, and may be quoted: ~"…"';
