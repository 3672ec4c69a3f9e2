import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSelector } from '../../controller/core/selector/parse.ts';
import type { Refusal } from '../../proto/errors.ts';
import { NESTING_MAX } from '../../proto/selector/limits.ts';

function refused(expression: string): Refusal {
  const selector = parseSelector(expression);
  if (!('code' in selector)) assert.fail(`${expression.slice(0, 50)} is not refused`);
  assert.equal(selector.code, 'usage', expression);
  return selector;
}

/** Where the caret stands, counted from the beginning, for short expressions. */
function caretOf({ cause }: Refusal): number {
  return (cause ?? '').split('\n').at(-1)?.indexOf('^') ?? -1;
}

/** Expression, where its mistake is, and a word of what is said of it. */
const MISTAKES: readonly (readonly [string, number, RegExp])[] = [
  // A term is missing.
  ['', 0, /missing here/],
  ['web1,,db-1', 5, /missing here/],
  ['web1,', 5, /missing here/],
  ['a&&b', 2, /written once/],
  ['a^', 2, /missing here/],
  ['()', 1, /missing here/],
  ['a and', 5, /missing here/],
  ['a or or b', 5, /missing here/],
  ['a and not', 9, /missing here/],
  ['and a', 0, /missing here/],
  ['!web1', 0, /nothing stands before "!"/],
  ['(!web1)', 1, /nothing stands before "!"/],
  // An operator is missing.
  ['web1 db-1', 5, /operator is missing/],
  ['web1, w b', 8, /operator is missing/],
  ['a not b', 2, /operator is missing before this: "and" or "or"/],
  ['a and b c', 8, /"and" or "or"/],
  ['a AND b', 2, /small letters: and/],
  ['(a)(b)', 3, /operator is missing/],
  ['has(a)b', 6, /operator is missing/],
  ['env="a"b', 7, /operator is missing/],
  ['@*x', 2, /operator is missing/],
  ['a,not b', 6, /operator is missing/],
  ['(a)!=b', 3, /compares the label/],
  // Notations and parentheses.
  ['a,b and c', 4, /do not mix/],
  ['a and b,c', 7, /do not mix/],
  ['a, not b', 3, /do not mix/],
  ['not a,b', 5, /do not mix/],
  ['(a,b)!c or d', 8, /do not mix/],
  ['(a', 0, /never closed/],
  ['a,(b,(c)', 2, /never closed/],
  ['a)', 1, /never opened/],
  ['(a))', 3, /never opened/],
  // Names and ranges.
  ['web1,web[1-', 8, /a range is written/],
  ['web1,web[a]', 8, /a range is written/],
  ['web[3-1]', 3, /a range is written/],
  ['web[1-3/0]', 3, /a range is written/],
  ['web[]', 3, /a range is written/],
  ['web[1,,2]', 3, /a range is written/],
  ['web]', 3, /never opened/],
  ['web1,we]b[1', 7, /never opened/],
  ['web{1,2}', 3, /"\{" cannot stand/],
  ['a||b', 1, /"\|" cannot stand/],
  ['web1,web\u0007', 8, /"\\u0007" cannot stand/],
  ['web😀', 3, /"😀" cannot stand/],
  ['"web1"', 0, /quotation mark cannot stand/],
  ['a;b', 1, /";" cannot stand/],
  ['a<3', 1, /"<" cannot stand/],
  ['web[1-999999999]', 3, /more than 100000 names/],
  // Regular expressions.
  ['a,~', 2, /is missing here/],
  ['~(', 1, /missing closing/],
  ['a,~*b', 3, /missing argument/],
  ['~a(?=b)', 1, /invalid/],
  ['~"a', 1, /never closed/],
  // Groups.
  ['@', 1, /name of a group is missing/],
  ['a,@we*', 5, /named in full/],
  ['@a$', 2, /"\$" cannot stand/],
  ['@env:', 5, /a value is missing/],
  ['@:prod', 1, /key of a label is missing/],
  ['@1a:b', 1, /cannot begin/],
  ['@a:b|c', 4, /"\|" cannot stand/],
  // Labels.
  ['env=', 4, /a value is missing/],
  ['env!=', 5, /a value is missing/],
  ['env==prod', 4, /written = or !=/],
  ['env=a|b', 5, /needs quotation marks/],
  ['env="a', 4, /never closed/],
  ['=a', 0, /key of a label is missing/],
  ['e*v=a', 1, /"\*" cannot stand in the key/],
  ['-env=a', 0, /cannot begin/],
  ['role in web', 8, /list in parentheses/],
  ['role in ()', 9, /a value is missing/],
  ['role in (a', 8, /never closed/],
  ['role in (a b)', 11, /a comma/],
  ['role not in (a,)', 15, /a value is missing/],
  ['has()', 4, /key of a label is missing/],
  ['has(a', 3, /never closed/],
  ['has(a,b)', 5, /key of one label/],
  // Addresses.
  ['ip:', 3, /address is missing/],
  ['a,ip:10.0.0.0/33', 5, /expected an address/],
  ['ip:10.1', 3, /expected an address/],
  ['ip:010.0.0.1', 3, /expected an address/],
  ['ip:fd00::/129', 3, /expected an address/],
  ['ip:10.0.0.0/', 3, /expected an address/],
  // Processes.
  ['proc:', 5, /PROCESS\.FIELD/],
  ['proc:web', 5, /PROCESS\.FIELD/],
  ['proc:.state=RUNNING', 5, /PROCESS\.FIELD/],
  ['proc:web.=1', 9, /a field is missing/],
  ['proc:web.stat=RUNNING', 9, /no field is called stat/],
  ['proc:web.state', 14, /comparison is missing/],
  ['proc:web.state ! a', 15, /comparison is missing/],
  ['proc:web.state<RUNNING', 14, /no order/],
  ['proc:web.signal>=KILL', 15, /no order/],
  ['proc:web.state=RUNING', 15, /no state is called RUNING/],
  ['proc:web.uptime<5x', 16, /a time such as/],
  ['proc:web.restarts>many', 18, /whole number/],
  ['proc:web.exitcode=-1', 18, /whole number/],
  ['proc:web.signal=9', 16, /name of a signal/],
  ['proc:web.restarts>', 18, /a value is missing/],
  // Operations, files, and what is none of these.
  ['op:', 3, /id of an operation/],
  ['op:01a20339-330:failed', 3, /too little of an operation's id/],
  ['op:01a20339-330x:failed', 3, /id of an operation/],
  ['op:01a20339-3305', 16, /:STATE is missing/],
  ['op:01a20339-3305:faild', 17, /no such state/],
  ['file:', 5, /a path is missing/],
  ['file:"a b', 5, /never closed/],
  ['a,prc:web', 2, /prc: is not known/],
];

for (const [expression, at, why] of MISTAKES) {
  test(`${JSON.stringify(expression)} is refused, and shown where`, () => {
    const refusal = refused(expression);
    assert.equal(caretOf(refusal), at, refusal.cause ?? '');
    assert.match(refusal.message, why);
    assert.match(refusal.message, /^the selector is not understood: /);
    const shown = (refusal.cause ?? '').split('\n').at(-2) ?? '';
    assert.equal(shown, expression.replace('\u0007', ' '));
    assert.ok(refusal.fix);
  });
}

test('a slip is met with what was meant, where that can be guessed', () => {
  const examples: Readonly<Record<string, RegExp>> = {
    'proc:web.stat=RUNNING': /did you mean state\?/,
    'proc:web.state=runing': /did you mean RUNNING\?/,
    'op:01a20339-3305:faild': /did you mean failed\?/,
    'pro:web.state=RUNNING': /did you mean proc:\?/,
    'a,b and c': /\(a,b\) and …/,
    'a and b,c': /\(a and b\),…/,
    'a, not b': /a!b/,
    'a|b': /a or b/,
    '!web1': /'@\*!web-1' or 'not web-1'/,
    'web1 db-1': /web1,…/,
  };
  for (const [expression, fix] of Object.entries(examples)) {
    assert.match(refused(expression).fix ?? '', fix, expression);
  }
});

test('what looks at every process of the fleet can be asked a few times, not hundreds', () => {
  const live = (count: number) => Array(count).fill('proc:web.state=RUNNING').join(',');
  assert.ok(!('code' in parseSelector(live(20))));
  assert.match(refused(live(21)).message, /more than 1000 patterns and steps/);
});

test('a long expression is clipped around its mistake', () => {
  const { cause } = refused(`${'a,'.repeat(1_000)}|,${'b,'.repeat(1_000)}`);
  const [shown = '', caret = ''] = (cause ?? '').split('\n');
  assert.equal(shown[caret.indexOf('^')], '|');
  assert.ok(shown.length < 200);
});

const HOSTILE: Readonly<Record<string, string>> = {
  'open parentheses': '('.repeat(100_000),
  'closed parentheses': `${'('.repeat(100_000)}a${')'.repeat(100_000)}`,
  'closing parentheses': ')'.repeat(100_000),
  'a list of a megabyte': 'a,'.repeat(500_000),
  'a text of two': 'a'.repeat(2_000_000),
  'a name of a megabyte': 'a'.repeat(999_999),
  'a pattern of a megabyte': `*${'a'.repeat(900_000)}`,
  'many names and a long one': `[1-99999]${'a'.repeat(900_000)}`,
  'a huge range': 'web[1-999999999]',
  'many huge ranges': `web[${'1-99999,'.repeat(10_000)}1]`,
  'two axes': 'w[1-999][1-999]',
  'many axes': `w${'[1]'.repeat(5_000)}`,
  'many lists': Array(2_000).fill('w[1-99]').join(','),
  'many wholes': Array(2_000).fill('@*').join(','),
  'many steps': 'a!b,'.repeat(100_000),
  'many ands': `a${' and a'.repeat(100_000)}`,
  'many patterns': '*[1-1001]',
  'many values': `a in (${'b,'.repeat(300_000)}c)`,
  'many groups': '@a[1-1001]',
  'many regular expressions': Array(900).fill('~(a|b|c)*').join(','),
  'a large regular expression': '~(a{100}){10}|(b{100}){10}|(c{100}){10}',
  'many processes': Array(200).fill('proc:a.restarts>1').join(','),
  'open brackets': '['.repeat(500_000),
  'closing brackets': ']'.repeat(500_000),
  'open classes': `~${'['.repeat(500_000)}`,
  quotes: '"'.repeat(500_000),
  'an open quote': `a="${'x'.repeat(900_000)}`,
  backslashes: `a="${'\\'.repeat(900_000)}`,
  spaces: ' '.repeat(900_000),
  'spaces before a term': `a${' '.repeat(900_000)}b`,
  'spaces before in': `a not${' '.repeat(900_000)}b`,
  'an escape sequence': '\u001b[2J',
  zero: '\0',
  'half a character': '\ud83d',
  'a command': 'web1;reboot',
  'a substitution': '$(reboot)',
  'a path': '../../etc',
};

for (const [name, expression] of Object.entries(HOSTILE)) {
  test(`${name}: refused at once and shortly`, () => {
    const before = process.cpuUsage();
    const { message, cause, fix } = refused(expression);
    // Of the processor, since on a busy machine the clock says nothing.
    const spentMs = process.cpuUsage(before).user / 1_000;
    assert.ok(spentMs < 500, `${spentMs} ms`);
    assert.ok(message.length + (cause ?? '').length + (fix ?? '').length < 1_200, message);
    assert.doesNotMatch(`${message}${cause}`, /[^\P{C}\n]/u);
  });
}

test('what is long but within bounds is understood', () => {
  const nested = `${'('.repeat(NESTING_MAX)}a${')'.repeat(NESTING_MAX)}`;
  for (const expression of [
    nested,
    `not ${'not '.repeat(50_000)}a`,
    'a,'.repeat(5_000).slice(0, -1),
    `a${' or a'.repeat(5_000)}`,
    `b!${'a!'.repeat(5_000)}a`,
    Array(999).fill('*').join(','),
    `web[${Array.from({ length: 5_000 }, (_, index) => index * 2).join(',')}]`,
  ]) {
    assert.ok(!('code' in parseSelector(expression)), expression.slice(0, 30));
  }
});
