/** Several files laid over one another, and what `%(here)s` means in a shared default. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IniDocument, parseIni } from '../../proto/dialect/ini.ts';
import { mergeDocuments } from '../../proto/dialect/merge.ts';
import { createFindings, formatProblems } from '../../proto/dialect/problem.ts';
import { readValues, required } from '../../proto/dialect/settings.ts';
import { integer, text } from '../../proto/dialect/values.ts';

const file = (path: string, content: string): IniDocument => {
  const directory = path.slice(0, path.lastIndexOf('/'));
  return parseIni(content, { file: path, directory }, createFindings());
};

function directoryOf(document: IniDocument, name: string): string | undefined {
  const section = document.sections.get(name);
  assert.ok(section);
  const findings = createFindings();
  const context = { defaults: document.defaults, variables: [], home: null, findings };
  return readValues(section, { d: required(text('a directory')) }, context)?.d;
}

test('entries add up, and those of the later win', () => {
  const merged = mergeDocuments([
    file('/a', '[DEFAULT]\nd=1\n[s]\na=1\nb=1'),
    file('/b', '[DEFAULT]\nd=2\n[t]\n[s]\nb=2'),
  ]);
  const plain = [...merged.sections].map(([name, { entries }]) => [
    name,
    [...entries].map(([key, { value }]) => [key, value]),
  ]);
  assert.deepEqual(plain, [
    [
      's',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['t', []],
  ]);
  assert.equal(directoryOf(merged, 't'), '2');
  assert.equal(merged.source.file, '/a');
});

test('%(here)s of a default is the directory of the file that a section begins in', () => {
  const merged = mergeDocuments([
    file('/etc/main', '[DEFAULT]\nd = %(here)s/x\n[m]'),
    file('/etc/conf.d/a', '[m]\nuser = root\n[a]'),
    file('/srv/b', '[b]\n[own]\nd = %(here)s'),
  ]);
  const read = ['m', 'a', 'b', 'own'].map((name) => directoryOf(merged, name));
  assert.deepEqual(read, ['/etc/x', '/etc/conf.d/x', '/srv/x', '/srv']);
});

test('a default that comes with a later file counts from there for sections before it', () => {
  const merged = mergeDocuments([
    file('/etc/main', '[m]\n[own]\nd = o'),
    file('/srv/b', '[DEFAULT]\nd = %(here)s'),
  ]);
  assert.deepEqual([directoryOf(merged, 'm'), directoryOf(merged, 'own')], ['/srv', 'o']);
});

test('a settled default stays, even where a later file has another', () => {
  const merged = mergeDocuments([
    file('/etc/main', '[DEFAULT]\nd = %(here)s\n[m]'),
    file('/srv/b', '[DEFAULT]\nd = other\n[b]'),
  ]);
  assert.deepEqual([directoryOf(merged, 'm'), directoryOf(merged, 'b')], ['/etc', 'other']);
});

test('so it is for a section that was there before the default', () => {
  const merged = mergeDocuments([
    file('/etc/main', '[m]'),
    file('/srv/b', '[DEFAULT]\nd = %(here)s'),
    file('/opt/c', '[DEFAULT]\nd = other\n[c]'),
  ]);
  assert.deepEqual([directoryOf(merged, 'm'), directoryOf(merged, 'c')], ['/srv', 'other']);
});

test('a problem of a settled default names the place where it is written', () => {
  const merged = mergeDocuments([
    file('/etc/main', '[DEFAULT]\nd = %(here)s'),
    file('/srv/b', '[b]'),
  ]);
  const section = merged.sections.get('b');
  assert.ok(section);
  const findings = createFindings();
  const context = { defaults: merged.defaults, variables: [], home: null, findings };
  readValues(section, { d: required(integer({ min: 0 })) }, context);
  assert.match(
    formatProblems(findings),
    /^\/etc\/main:2: \[DEFAULT\] d: expected .*, found "\/srv"/,
  );
});

test('a thousand files with a thousand sections are merged in linear time', () => {
  const main = file('/m', '[DEFAULT]\nd = %(here)s');
  const others = Array.from({ length: 1000 }, (_, n) => file(`/${n}/f`, `[s${n}]\na=1`));
  assert.equal(directoryOf(mergeDocuments([main, ...others]), 's999'), '/999');
});
