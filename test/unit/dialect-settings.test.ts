/** Tables of keys: typed values out, or every problem with its place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IniSection, parseIni } from '../../proto/dialect/ini.ts';
import { createFindings, formatProblems } from '../../proto/dialect/problem.ts';
import {
  checkKeys,
  isWhole,
  optional,
  type Parser,
  type ReadContext,
  readPartly,
  readValues,
  required,
} from '../../proto/dialect/settings.ts';
import {
  address,
  boolean,
  bytes,
  environment,
  integer,
  labels,
  list,
  listenAddress,
  listOf,
  path,
  seconds,
  text,
  umask,
} from '../../proto/dialect/values.ts';

function section(content: string): { readonly of: IniSection; readonly context: ReadContext } {
  const findings = createFindings();
  const document = parseIni(content, { file: 'a.conf', directory: '/etc/x' }, findings);
  const of = document.sections.get('s');
  assert.ok(of);
  const variables = [new Map([['ENV_PORT', '80']])];
  return { of, context: { defaults: document.defaults, variables, home: '/home/me', findings } };
}

const TABLE = {
  name: required(text('a name')),
  port: optional(integer({ min: 1, max: 65_535 }), 7460),
  wait: optional(seconds, null),
};

test('values come typed, expanded, and from defaults where absent', () => {
  const { of, context } = section('[s]\nname = %(here)s\nport = %(ENV_PORT)s');
  const values = readValues(of, TABLE, context);
  assert.ok(values);
  const typed: { readonly name: string; readonly port: number; readonly wait: number | null } =
    values;
  assert.deepEqual(typed, { name: '/etc/x', port: 80, wait: null });
});

test('[DEFAULT] counts where the section says nothing', () => {
  const { of, context } = section('[DEFAULT]\nname=d\nport=1\n[s]\nport=2');
  assert.deepEqual(readValues(of, TABLE, context), { name: 'd', port: 2, wait: null });
});

test('all problems of a section are told at once, with what was found and expected', () => {
  const { of, context } = section('[s]\nport = 0\nwait = ten\nnmae = x');
  checkKeys(of, { known: Object.keys(TABLE), notYet: [], unknownIs: 'error' }, context.findings);
  assert.equal(readValues(of, TABLE, context), null);
  assert.equal(
    formatProblems(context.findings),
    [
      'a.conf:1: [s] name: is missing; expected a name',
      'a.conf:2: [s] port: expected a whole number (1 to 65535), found "0"',
      'a.conf:3: [s] wait: expected seconds (a whole number ≥ 0), found "ten"',
      'a.conf:4: [s] nmae: this key is not known',
      '    did you mean name?',
      '4 errors',
    ].join('\n'),
  );
});

test('an unknown key is a warning in sections of Supervisor', () => {
  const { of, context } = section('[s]\nx=1');
  checkKeys(of, { known: [], notYet: [], unknownIs: 'warning' }, context.findings);
  assert.equal(context.findings.errors.length, 0);
  assert.equal(context.findings.warnings.length, 1);
});

test('a key that is not supported yet is noted once, unless it asks for nothing', () => {
  const { of, context } = section('[s]\nsyslog=true\nevents=false\nbytes=0');
  const keys = { known: [], notYet: ['syslog', 'events', 'bytes'], unknownIs: 'warning' } as const;
  checkKeys(of, keys, context.findings);
  checkKeys({ ...of, place: { ...of.place, line: 9 } }, keys, context.findings);
  assert.deepEqual(
    context.findings.notices.map(({ key }) => key),
    ['syslog'],
  );
  assert.deepEqual(context.findings.warnings, []);
});

test('a % that cannot be expanded is told at its key', () => {
  const { of, context } = section('[s]\nname = %(ENV_PROT)s');
  assert.equal(readValues(of, TABLE, context), null);
  assert.equal(
    formatProblems(context.findings),
    'a.conf:2: [s] name: no variable is named "ENV_PROT"\n    did you mean ENV_PORT?\n1 error',
  );
});

test('what is inherited and wrong is told once, where it stands', () => {
  const findings = createFindings();
  const source = { file: 'a.conf', directory: '/' };
  const document = parseIni('[DEFAULT]\nport=x\n[a]\n[b]\n[c]\nport=y', source, findings);
  const context = { defaults: document.defaults, variables: [], home: null, findings };
  const table = { port: TABLE.port };
  for (const one of document.sections.values()) readValues(one, table, context);
  assert.deepEqual(
    findings.errors.map(({ line, section: name, key }) => [line, name, key]),
    [
      [2, 'DEFAULT', 'port'],
      [6, 'c', 'port'],
    ],
  );
});

test('the right keys of a section are there beside its wrong ones', () => {
  const { of, context } = section('[s]\nname = a\nport = x');
  const values = readPartly(of, TABLE, context);
  assert.deepEqual(values, { name: 'a', wait: null });
  assert.equal(isWhole(values, TABLE), false);
  assert.equal(context.findings.errors.length, 1);
});

test('what a parser doubts is a warning', () => {
  const { of, context } = section('[s]\ne = A=http://x/?y=z');
  assert.ok(readValues(of, { e: required(environment) }, context));
  assert.match(
    formatProblems(context.findings),
    /a\.conf:2: warning: \[s\] e: the value of A ends/,
  );
});

test('a secret in an environment is not shown when it is wrong', () => {
  const { of, context } = section('[s]\ne = A="hunter2" hunter2');
  const wrong = section('[s]\ne = A="hunter2');
  assert.ok(readValues(of, { e: required(environment) }, context));
  assert.equal(readValues(wrong.of, { e: required(environment) }, wrong.context), null);
  assert.doesNotMatch(formatProblems(context.findings), /hunter2/);
  assert.doesNotMatch(formatProblems(wrong.context.findings), /hunter2/);
});

const WRONG = Symbol('wrong');
const number = integer({ min: -5 });

const CASES: readonly (readonly [string, Parser<unknown>, string, unknown])[] = [
  ...['yes', 'TRUE', 'on', '1'].map((t) => ['boolean', boolean, t, true] as const),
  ...['no', 'False', 'off', '0'].map((t) => ['boolean', boolean, t, false] as const),
  ...['', '2', 'yes please'].map((t) => ['boolean', boolean, t, WRONG] as const),
  ['integer', number, '-5', -5],
  ['integer', number, '+007', 7],
  ['integer', number, ' 1_000\n', 1000],
  ...['', '-6', '1.5', '1e3', '0x1', ' ', '9'.repeat(20)].map(
    (t) => ['integer', number, t, WRONG] as const,
  ),
  ['seconds', seconds, '10', 10_000],
  ['seconds', seconds, '0', 0],
  ...['-1', 'ten', '1.5', '10s', '99999999999'].map((t) => ['seconds', seconds, t, WRONG] as const),
  ['bytes', bytes, '0', 0],
  ['bytes', bytes, '10', 10],
  ['bytes', bytes, '1KB', 1024],
  ['bytes', bytes, '50 mb', 52_428_800],
  ['bytes', bytes, '2Gb', 2_147_483_648],
  ['bytes', bytes, '1_000 KB', 1_024_000],
  ['bytes', bytes, '-1', 0],
  ...['', 'MB', '1TB', '1.5MB', `${'9'.repeat(20)}GB`].map(
    (t) => ['bytes', bytes, t, WRONG] as const,
  ),
  ['umask', umask, '022', 0o22],
  ['umask', umask, '0o777', 0o777],
  ['umask', umask, ' +0_22', 0o22],
  ...['', '8', '1000', '-1', '0x1'].map((t) => ['umask', umask, t, WRONG] as const),
  ['text', text('x'), '', WRONG],
  ['list', list('x'), ' a, b,,\n c ,', ['a', 'b', 'c']],
  ['list', list('x'), '', []],
  ['path', path('x'), '/a', '/a'],
  ['path', path('x'), 'a/../b', '/etc/x/b'],
  ['path', path('x'), '~/a', '/home/me/a'],
  ['path', path('x'), '~other/a', '/etc/x/~other/a'],
  ['path', path('x'), '', WRONG],
  ['path', path('x'), '/a\n/b', WRONG],
  ['address', address, 'ops-1.example.com:7460', { host: 'ops-1.example.com', port: 7460 }],
  ['address', address, '[::1]:7460', { host: '::1', port: 7460 }],
  ...['', 'a', ':1', 'a:', 'a:0', 'a:65536', 'a:x', '::1:7460', 'a b:1', 'http://a:1', '[]:1'].map(
    (t) => ['address', address, t, WRONG] as const,
  ),
  ['listen', listenAddress, '0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
  ['listen', listenAddress, '*:7460', { host: '0.0.0.0', port: 7460 }],
  ['listen', listenAddress, ':7460', { host: '0.0.0.0', port: 7460 }],
  ['listen', listenAddress, '[::]:7460', { host: '::', port: 7460 }],
  ['listen', listenAddress, '7460', WRONG],
  [
    'addresses',
    listOf(address),
    'a:1, b:2',
    [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ],
  ],
  ['addresses', listOf(address), 'a:1, b', WRONG],
  ['addresses', listOf(address), '', WRONG],
  ['labels', labels, 'env="prod",role="web x"', { env: 'prod', role: 'web x' }],
  ['labels', labels, '', {}],
  ...['"a b"=1', '1=a', 'a', 'a="\u0007"', `${'a'.repeat(64)}=1`].map(
    (t) => ['labels', labels, t, WRONG] as const,
  ),
];

for (const [kind, parser, found, expected] of CASES) {
  const shown = JSON.stringify(found);
  test(`${kind}: ${shown} is ${expected === WRONG ? 'refused' : JSON.stringify(expected)}`, () => {
    const parsed = parser.parse(found, { here: '/etc/x', home: '/home/me' });
    assert.deepEqual(parsed.ok ? parsed.value : WRONG, expected);
  });
}

test('a label named __proto__ is a label and nothing else', () => {
  const parsed = labels.parse('__proto__="x"', { here: '/', home: null });
  assert.ok(parsed.ok);
  assert.deepEqual(Object.entries(parsed.value), [['__proto__', 'x']]);
  assert.equal(Object.getPrototypeOf(parsed.value), Object.prototype);
});

test('without HOME a tilde is a character like others', () => {
  const parsed = path('x').parse('~/a', { here: '/etc', home: null });
  assert.deepEqual(parsed, { ok: true, value: '/etc/~/a' });
});

test('forty thousand unknown keys are told in linear time', () => {
  const keys = Array.from({ length: 40_000 }, (_, n) => `stopwaitsex${n} = 1`);
  const { of, context } = section(`[s]\n${keys.join('\n')}`);
  checkKeys(of, { known: ['stopwaitsecs'], notYet: [], unknownIs: 'error' }, context.findings);
  assert.equal(context.findings.errors.length, 40_000);
});
