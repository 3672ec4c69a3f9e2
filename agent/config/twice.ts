/**
 * Supervisor expands `%` twice in `[supervisord] environment` and in the log files of programs
 * (options.py), so files that work have `%%%%` there for one percent sign. A text that is none of
 * those, such as one with a lone `%%`, is an error there and keeps its one percent sign here.
 */
import { expand, type Variables } from '../../proto/dialect/expand.ts';
import type { Parser } from '../../proto/dialect/settings.ts';

export const expandedTwice = <Value>(
  parser: Parser<Value>,
  variables: Variables,
): Parser<Value> => ({
  expected: parser.expected,
  parse: (text, context) => {
    const here = new Map([['here', context.here]]);
    const again = expand(text, [here, ...variables]);
    return parser.parse(again.ok ? again.text : text, context);
  },
});
