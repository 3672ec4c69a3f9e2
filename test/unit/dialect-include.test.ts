import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileText } from '../../proto/dialect/files.ts';
import { readWithIncludes } from '../../proto/dialect/include.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { beginReading } from '../../proto/dialect/read-document.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

function read(contents: Readonly<Record<string, string | FileText>>, path = '/etc/a/main.conf') {
  const reading = beginReading({
    env: { DIR: 'conf.d' },
    hostName: 'web-1',
    workingDirectory: '/etc',
    files: fakeConfigFiles(contents),
  });
  const document = readWithIncludes(path, reading);
  const entries = [...(document?.sections.values() ?? [])].flatMap((section) =>
    [...section.entries.values()].map(
      ({ key, value, place }) =>
        `${section.name}.${key}=${value} ${place.source.file}:${place.line} ${place.source.directory}`,
    ),
  );
  return {
    entries: entries.filter((entry) => !entry.startsWith('include.')),
    said: formatProblems(reading.findings),
  };
}

const include = (patterns: string): string => `[s]\na=0\n[include]\nfiles = ${patterns}`;

test('included files are read in the order of patterns, then names, and later ones win', () => {
  const { entries, said } = read({
    '/etc/a/main.conf': include('z.conf conf.d/*.conf'),
    '/etc/a/conf.d/2.conf': '[s]\na=2\nb=2',
    '/etc/a/conf.d/1.conf': '\n[s]\na=1\nc=1',
    '/etc/a/conf.d/.hidden.conf': '[s]\na=9',
    '/etc/a/z.conf': '[s]\na=z\nb=z',
  });
  assert.equal(said, '');
  assert.deepEqual(entries, [
    's.a=2 /etc/a/conf.d/2.conf:2 /etc/a/conf.d',
    's.b=2 /etc/a/conf.d/2.conf:3 /etc/a/conf.d',
    's.c=1 /etc/a/conf.d/1.conf:4 /etc/a/conf.d',
  ]);
});

test('patterns may be absolute, over several lines, and name variables', () => {
  const { entries } = read({
    '/etc/a/main.conf': include('/opt/x.conf\n  %(here)s/%(ENV_DIR)s/*\n  %(host_node_name)s'),
    '/opt/x.conf': '[x]\na=1',
    '/etc/a/conf.d/y.conf': '[y]\na=1',
    '/etc/a/web-1': '[z]\na=1',
  });
  assert.deepEqual(
    entries.map((entry) => entry.slice(0, 1)),
    ['s', 'x', 'y', 'z'],
  );
});

test('a relative path to the main file counts from the working directory and is shown as given', () => {
  const { entries } = read({ '/etc/a/main.conf': '[s]\na=0' }, 'a/main.conf');
  assert.deepEqual(entries, ['s.a=0 a/main.conf:2 /etc/a']);
});

test('an empty directory for further files is noted, and no doubt', () => {
  const { said } = read({ '/etc/a/main.conf': include('*.ini') });
  assert.equal(
    said,
    '/etc/a/main.conf:4: notice: [include] files: no file matches "*.ini"\n1 notice',
  );
});

test('a file or directory that is not there is a warning', () => {
  const { entries, said } = read({ '/etc/a/main.conf': include('no.conf no/*.conf') });
  assert.equal(entries.length, 1);
  assert.equal(
    said,
    '/etc/a/main.conf:4: warning: [include] files: no file matches "no.conf"\n' +
      '/etc/a/main.conf:4: warning: [include] files: no file matches "no/*.conf"\n2 warnings',
  );
});

test('a directory that matches is passed over', () => {
  const { said } = read({
    '/etc/a/main.conf': include('conf.d/*'),
    '/etc/a/conf.d/x.conf': '',
    '/etc/a/conf.d/old/y.conf': 'wrong',
  });
  assert.equal(said, '');
});

test('a pattern that matches directories alone matches no file', () => {
  const { said } = read({
    '/etc/a/main.conf': include('conf.*'),
    '/etc/a/conf.d/x.conf': '',
  });
  assert.match(said, /no file matches "conf\.\*"/);
});

test('a matching file that cannot be read is an error, not a loss of its programs', () => {
  const { said } = read({
    '/etc/a/main.conf': include('x.conf'),
    '/etc/a/x.conf': { kind: 'unreadable', why: 'permission denied' },
  });
  assert.equal(said, '/etc/a/x.conf: cannot be read: permission denied\n1 error');
});

test('an included file includes nothing further, and a warning says so', () => {
  const { entries, said } = read({
    '/etc/a/main.conf': include('x.conf'),
    '/etc/a/x.conf': '[include]\nfiles=y.conf',
    '/etc/a/y.conf': '[y]\na=1',
  });
  assert.equal(entries.length, 1);
  assert.match(said, /x\.conf:1: warning: \[include\] has no effect here/);
});

test('an [include] without files is an error', () => {
  const { said } = read({ '/etc/a/main.conf': '[include]\nfile=x' });
  assert.match(said, /main\.conf:1: \[include\] files: is missing/);
  assert.match(said, /file: this key is not known\n {4}did you mean files\?/);
});

test('faults of all files are told together', () => {
  const { said } = read({
    '/etc/a/main.conf': `${include('x.conf')}\nwrong`,
    '/etc/a/x.conf': 'wrong',
  });
  assert.match(said, /main\.conf:5: .*\n.*\n\/etc\/a\/x\.conf:1: .*\n2 errors/);
});

test('a main file that is missing or a directory is said to be that', () => {
  assert.equal(read({}).said, '/etc/a/main.conf: there is no such file\n1 error');
  assert.equal(read({}, '/').said, '/: is a directory, not a file\n1 error');
});
