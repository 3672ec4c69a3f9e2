import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveHosts } from '../../cli/hosts-expression.ts';
import { FleetError, type Refusal, refusal } from '../../proto/errors.ts';

const STDIN = 'standard input';

/** Resolves with these files, and says which of them were read. */
async function resolve(
  selector: string,
  files: Readonly<Record<string, string>>,
): Promise<{ readonly text: string; readonly read: readonly string[] }> {
  const read: string[] = [];
  const text = await resolveHosts(selector, async (path) => {
    const name = path ?? STDIN;
    read.push(name);
    const found = files[name];
    if (found === undefined) throw new FleetError(refusal('usage', `${name} cannot be read`));
    return found;
  });
  return { text, read };
}

async function resolved(selector: string, files: Readonly<Record<string, string>>) {
  return (await resolve(selector, files)).text;
}

async function refused(
  selector: string,
  files: Readonly<Record<string, string>> = {},
): Promise<Refusal> {
  const caught: unknown = await resolve(selector, files).catch((error: unknown) => error);
  if (!(caught instanceof FleetError)) assert.fail(`${selector} is not refused: ${caught}`);
  assert.equal(caught.refusal.code, 'usage');
  return caught.refusal;
}

test('without a file nothing is read, and nothing is judged', async () => {
  for (const selector of ['prod-*,db-1', 'a,,b', 'a-', '-a', '', 'env="file:x"', '~"file:x"']) {
    assert.deepEqual(await resolve(selector, {}), { text: selector, read: [] });
  }
});

test('each file is replaced by its names, folded and in parentheses', async () => {
  const files = { 'a.txt': 'web-1 web-2,web-3\ndb-1\n', b: 'db-2', 'a b.txt': 'x', [STDIN]: 'y' };
  const examples: Readonly<Record<string, string>> = {
    'file:a.txt': '(db-1,web-[1-3])',
    'file:a.txt!web-2': '(db-1,web-[1-3])!web-2',
    'web-1,file:b&db-*': 'web-1,(db-2)&db-*',
    'web-1^file:b': 'web-1^(db-2)',
    '(file:b)': '((db-2))',
    'file:b and not file:a.txt': '(db-2) and not (db-1,web-[1-3])',
    'file:"a b.txt",file:b': '(x),(db-2)',
    '-': '(y)',
    'a or - or b': 'a or (y) or b',
    '-,file:b': '(y),(db-2)',
  };
  for (const [selector, text] of Object.entries(examples)) {
    assert.equal(await resolved(selector, files), text, selector);
  }
  assert.deepEqual((await resolve('-,file:b', files)).read, [STDIN, 'b']);
});

test('a file holds names, ranges and patterns between white space or commas, and comments', async () => {
  const text = '\uFEFF# all\r\nweb-[1-2], web-[3,\t5]\r\n\n  db-1 # not db-2\n,db*,\tdb-1 x?y';
  assert.equal(await resolved('file:a', { a: text }), '(db-1,web-[1-3,5],db*,x?y)');
  assert.equal(await resolved('file:a', { a: 'a and or' }), '(a,and,or)');
});

test('a host called like an operator stays a host', async () => {
  for (const name of ['and', 'or', 'not']) {
    assert.equal(await resolved('file:a & b', { a: name }), `(${name},${name}) & b`);
  }
});

test('a file without a name is refused: an empty selection never means everything', async () => {
  for (const text of ['', ' \n\t', '# web-1', ',,,']) {
    const { message, cause } = await refused('web-1,file:hosts.txt', { 'hosts.txt': text });
    assert.equal(message, 'hosts.txt names no host');
    assert.match(cause ?? '', /never means everything/);
  }
});

test('what is no name is refused with its file and line', async () => {
  const examples: Readonly<Record<string, RegExp>> = {
    'a\n\nb @web': /^hosts\.txt:3: "@web" is not/,
    'env=prod': /^hosts\.txt:1: "env=prod"/,
    'a\nb!c': /^hosts\.txt:2: "b!c"/,
    'a\n(b)': /^hosts\.txt:2: "\(b\)"/,
    'file:other': /^hosts\.txt:1: "file:other"/,
    'a\n-': /^hosts\.txt:2: "-"/,
    'web[1\n2]': /^hosts\.txt:1: "web\[1"/,
    'a\n~b': /^hosts\.txt:2: "~b"/,
    '@*': /^hosts\.txt:1: "@\*"/,
    'web-1\u0000': /^hosts\.txt:1: "web-1\\u0000"/,
    '<html>': /^hosts\.txt:1: "<html>"/,
  };
  for (const [text, message] of Object.entries(examples)) {
    const refusal = await refused('file:hosts.txt', { 'hosts.txt': text });
    assert.match(refusal.message, message);
    assert.ok(refusal.cause, text);
  }
  assert.match((await refused('-', { [STDIN]: 'a\n\n;' })).message, /^standard input:3: ";"/);
});

test('what cannot be read is refused by who reads it', async () => {
  assert.equal((await refused('file:gone')).message, 'gone cannot be read');
});

test('a mistake around files is shown where it stands, and nothing is read', async () => {
  const examples: Readonly<Record<string, number>> = {
    'file:a file:b': 7,
    'file:': 5,
    'a,file:"b': 7,
    'file:a,b and c': 9,
    '-,a,-': 4,
  };
  for (const [selector, at] of Object.entries(examples)) {
    const { cause } = await refused(selector);
    assert.equal((cause ?? '').split('\n')[1]?.indexOf('^'), at, `${selector}\n${cause}`);
  }
});

test('lists that no request could carry are refused', async () => {
  const many = 'h[0-99999]\nx';
  assert.match((await refused('file:a', { a: many })).message, /a names more than 100000 hosts/);
  const word = 'x'.repeat(100_000);
  assert.ok((await refused('file:a', { a: word })).message.length < 200);
  const long = Array.from({ length: 6_000 }, (_, index) => `${'y'.repeat(200)}${index}a${index}`);
  assert.match((await refused('file:a', { a: long.join(' ') })).message, /too long together/);
});
