/** What `%` means in a value; the numbers are those of Python's `%` operator. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  environmentVariables,
  expand,
  UNREAD_ENVIRONMENT,
  type Variables,
} from '../../proto/dialect/expand.ts';

const variables: Variables = [
  new Map<string, string | number>([
    ['process_num', 7],
    ['program_name', 'web'],
    ['negative', -7],
    ['face', '😀'],
  ]),
  environmentVariables(Object.entries({ HOME: '/root', PASSWORD: 'hunter2', NONE: undefined })),
];

const RIGHT: readonly (readonly [string, string])[] = [
  ['', ''],
  ['plain', 'plain'],
  ['80%(process_num)02d', '8007'],
  ['%(program_name)s_%(process_num)s', 'web_7'],
  ['100%% of %%(x)s', '100% of %(x)s'],
  ['%(ENV_HOME)s', '/root'],
  ['[%(program_name)5s]', '[  web]'],
  ['[%(program_name)-5s]', '[web  ]'],
  ['[%(program_name)05s]', '[  web]'],
  ['[%(program_name).2s]', '[we]'],
  ['[%(process_num)3d]', '[  7]'],
  ['[%(process_num)-3d]', '[7  ]'],
  ['[%(process_num)-03d]', '[7  ]'],
  ['[%(process_num)+d]', '[+7]'],
  ['[%(process_num) d]', '[ 7]'],
  ['[%(process_num).3d]', '[007]'],
  ['[%(process_num)6.3d]', '[   007]'],
  ['[%(negative)04d]', '[-007]'],
  ['[%(process_num)02ld]', '[07]'],
  ['%(process_num)i%(process_num)u', '77'],
  ['%(process_num)02x %(negative)X %(process_num)#o', '07 -7 0o7'],
  ['%(negative)#06x', '-0x007'],
  ['%(program_name)#r', "'web'"],
  ['[%(face)3s%(face).1s]', '[  😀😀]'],
];

for (const [text, expected] of RIGHT) {
  test(`${JSON.stringify(text)} becomes ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(expand(text, variables), { ok: true, text: expected });
  });
}

function mistakesIn(text: string, within: Variables = variables) {
  const result = expand(text, within);
  assert.ok(!result.ok);
  return result.mistakes.map(({ message, hint }) => ({
    message,
    hint: (typeof hint === 'function' ? hint() : hint) ?? '',
  }));
}

const WRONG: readonly (readonly [text: string, message: RegExp, hint: RegExp])[] = [
  ['%s', /found "%s", expected %\(name\)s/, /%%/],
  ['date +%Y', /found "%Y"/, /%%/],
  ['100%', /found "%"/, /%%/],
  ['%(program_name', /without its "\)"/, /%%/],
  ['%(program_name)', /expected a letter/, /%\(program_name\)s/],
  ['%(program_name)d', /wants a number/, /%\(program_name\)s/],
  ['%(process_num)c', /not a format/, /%\(process_num\)s/],
  ['%(proces_num)d', /"proces_num"/, /did you mean process_num\?/],
  ['%(ENV_HOEM)s', /"ENV_HOEM"/, /did you mean ENV_HOME\?/],
  ['%(HOME)s', /"HOME"/, /did you mean ENV_HOME\?/],
];

for (const [text, message, hint] of WRONG) {
  test(`${JSON.stringify(text)} is a problem that says how to mend it`, () => {
    const [found, ...others] = mistakesIn(text);
    assert.ok(found);
    assert.deepEqual(others, []);
    assert.match(found.message, message);
    assert.match(found.hint, hint);
  });
}

test('a name that is like no other gets no suggestion, and no list of what there is', () => {
  const mistake = { message: 'no variable is named "ENV_ZZZZZZ"', hint: '' };
  assert.deepEqual(mistakesIn('%(ENV_ZZZZZZ)s'), [mistake]);
});

test('all mistakes of a text are told, one about percent signs for all of them', () => {
  assert.deepEqual(
    mistakesIn('date +%Y-%m %(a)s %(program_name)d %(b)_ %(process_num').map((one) => one.message),
    [
      'found "%Y", expected %(name)s',
      'no variable is named "a"',
      '%(program_name)d wants a number, but this one is a text',
      'expected a letter after %(b)',
    ],
  );
});

test('a million mistakes in a text are not all looked at', () => {
  assert.equal(mistakesIn('%(program_name)d'.repeat(1_000_000)).length, 20);
});

test('what the variable of a wrong place would say is unknown, and nobody is blamed for it', () => {
  const wrong: Variables = [new Map([['process_num', null]]), UNREAD_ENVIRONMENT, ...variables];
  assert.deepEqual(mistakesIn('%(process_num)d %(ENV_X)s %(ENV_HOME)d', wrong), []);
  assert.deepEqual(
    mistakesIn('%(ENV_X)s %(nope)s', wrong).map(({ message }) => message),
    ['no variable is named "nope"'],
  );
});

test('an unset variable is no variable', () => {
  assert.equal(expand('%(ENV_NONE)s', variables).ok, false);
});

test('the nearest layer wins', () => {
  const layers = [new Map([['a', '1']]), new Map([['a', '2']])];
  assert.deepEqual(expand('%(a)s', layers), { ok: true, text: '1' });
});

test('no problem ever shows a value', () => {
  for (const text of ['%(ENV_PASWORD)s', '%(ENV_PASSWORD)d', '%s', '%(x)s']) {
    assert.doesNotMatch(JSON.stringify(mistakesIn(text)), /hunter2/);
  }
});

test('a padding of gigabytes is refused', () => {
  assert.equal(expand('%(process_num)0999999999d', variables).ok, false);
  assert.equal(expand('%(process_num).999999999d', variables).ok, false);
});

test('a hundred thousand variables in a value are expanded in linear time', () => {
  const result = expand('%(process_num)s'.repeat(100_000), variables);
  assert.ok(result.ok);
  assert.equal(result.text.length, 100_000);
});
