/** The grammar of `env_file`: what is taken, what is told, and that no value is ever shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseEnvFile } from '../../proto/dialect/env-file.ts';

/** All values, of a file without a problem. */
function read(text: string): Readonly<Record<string, string>> {
  const { values, errors, warnings } = parseEnvFile(text);
  assert.deepEqual({ errors, warnings }, { errors: [], warnings: [] });
  return Object.fromEntries(values);
}

const errorsOf = (text: string): readonly string[] =>
  parseEnvFile(text).errors.map(({ line, message }) => `${line}: ${message}`);

const warningsOf = (text: string): readonly string[] =>
  parseEnvFile(text).warnings.map(({ line, message }) => `${line}: ${message}`);

test('lines are KEY=VALUE; blank lines, comments and export change nothing', () => {
  const text = '\uFEFF# of the shop\n\nA=1\r\n  export B=two words\n\t# C=3\nexport\tD_4=\n';
  assert.deepEqual(read(text), { A: '1', B: 'two words', D_4: '' });
});

test('a plain value ends with its line or at a # after white space, and is taken as it stands', () => {
  assert.deepEqual(read('A=a#b \nB=a # b\nC= # b\nD=  a"b"\\n\'c  \nE==a=\nF=#b'), {
    A: 'a#b',
    B: 'a',
    C: '',
    D: 'a"b"\\n\'c',
    E: '=a=',
    F: '#b',
  });
});

test('within single quotes everything is itself, also line ends', () => {
  assert.deepEqual(read("A='a # $B \\n \"'\nB='one\ntwo' # end\nC=''"), {
    A: 'a # $B \\n "',
    B: 'one\ntwo',
    C: '',
  });
});

test('within double quotes a backslash escapes six characters', () => {
  assert.deepEqual(read('A="a \\"b\\" \\\\ \\$C \\n\\r\\t"\nB="one\ntwo\\\\"'), {
    A: 'a "b" \\ $C \n\r\t',
    B: 'one\ntwo\\',
  });
});

test('names as Java and compose have them are names', () => {
  assert.deepEqual(read('discovery.type=single-node\na-b=1\n__proto__=x'), {
    'discovery.type': 'single-node',
    'a-b': '1',
    ['__proto__']: 'x',
  });
});

test('every mistake is told with its line, at once', () => {
  const text = 'A\n1B=x\nC =x\n=x\nD="a" b\nE=\'a\'b\nF="C:\\dir"\nG H=1\nI=right';
  const name =
    'expected KEY=VALUE, where KEY has letters, digits, "_", "." and "-", and begins with a letter or "_"';
  assert.deepEqual(errorsOf(text), [
    '1: expected KEY=VALUE, found no "="',
    `2: ${name}`,
    '3: found white space in front of "="',
    '4: expected KEY=VALUE, found nothing in front of "="',
    '5: found text after the closing " of D',
    "6: found text after the closing ' of E",
    '7: the value of F has a backslash before something else than \\ " $ n r t',
    `8: ${name}`,
  ]);
  assert.deepEqual([...parseEnvFile(text).values], [['I', 'right']]);
});

test('a mark that is missing is told where its value begins', () => {
  assert.deepEqual(errorsOf('A="one\nB=two\n'), [
    '1: the " with which the value of A begins is never closed',
  ]);
  assert.deepEqual(errorsOf('A="one\nB="two"\nC'), [
    '1: found text after the closing " of A, in line 2,',
    '3: expected KEY=VALUE, found no "="',
  ]);
});

test('a variable in a value is taken as text, which is told unless it is quoted singly', () => {
  const { values } = parseEnvFile('A=$HOME/x\nB="$C"\nC=1$\nD=\'$A\'\nE="\\$A"\nF=a$1');
  assert.deepEqual([...values.values()], ['$HOME/x', '$C', '1$', '$A', '$A', 'a$1']);
  const told = warningsOf('A=$HOME/x\nB="$C"\nC=1$\nD=\'$A\'\nE="\\$A"\nF=a$1');
  assert.deepEqual(
    told.map((one) => one.slice(0, 2)),
    ['1:', '2:'],
  );
  assert.match(told[0] ?? '', /not replaced here/);
});

test('of equal keys the last counts, which is told', () => {
  const { values } = parseEnvFile('A=1\nA=2');
  assert.deepEqual([...values], [['A', '2']]);
  assert.deepEqual(warningsOf('A=1\nA=2'), [
    '2: A is set in line 1 already; the later value counts',
  ]);
});

test('no problem shows a piece of a value', () => {
  const secret = 'hunter2';
  const value = fc.string({ unit: fc.constantFrom('"', "'", '\\', ' ', '#', '$', '=', '\n', 'x') });
  fc.assert(
    fc.property(value, value, (before, after) => {
      const { errors, warnings } = parseEnvFile(`KEY=${before} ${secret} ${after}`);
      for (const { message, hint } of [...errors, ...warnings]) {
        assert.ok(!`${message}${hint}`.includes(secret));
      }
    }),
  );
});

test('what is written in double quotes with its escapes is read as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      fc.pre(!value.includes('\r'));
      const escaped = value.replace(/[\\"$]/g, '\\$&').replaceAll('\n', '\\n');
      assert.deepEqual(read(`A="${escaped}"`), { A: value });
    }),
  );
});

test('a file that is wrong everywhere is read in no time', () => {
  const size = 100_000;
  for (const text of [
    'A="'.repeat(size),
    `A=${' '.repeat(size)}b\n${' '.repeat(size)}=c`,
    'A="\n'.repeat(size / 20),
    `A="${'\\'.repeat(size)}`,
    `${'A'.repeat(size)}=1`,
  ]) {
    const begin = performance.now();
    const { errors } = parseEnvFile(text);
    assert.ok(performance.now() - begin < 2_000);
    for (const { message } of errors) assert.ok(message.length < 1_000);
  }
});
