/** An include pattern names the files that Python's `glob` finds, in a real directory. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findFiles } from '../../proto/dialect/glob.ts';
import { nodeConfigFiles } from '../../proto/dialect/node-files.ts';
import { assertSame, judge, sample } from './dialect/judge.ts';

const NAMES = [
  ...['a.conf', 'b.conf', '.hidden.conf', 'a]', '[a', '{a,b}', '(a|b)', '+(a)', '!a', '^', 'ab'],
  ...['sub/a.conf', 'sub/.b', 'sub2/a.conf', '.dot/a.conf', 'a\\b', 'a*b', 'é.conf', '😀', 'a+b'],
  ...['$', 'a b', 'A.CONF', '-', 'c\nd', 'sub/deep/a.conf'],
];
const PATTERN_PIECES = [
  ...['*', '?', '[ab]', '[!a]', '[^a]', '[]a]', '[a-c]', 'a', 'b', '.conf', '.', '/', 'sub', '**'],
  ...['{a,b}', '(a|b)', '+(a)', '!', '\\', '[', ']', '😀', '[.]', '$', '[[]'],
];
const BY_HAND = ['*', '.*', '*.conf', '*/*', '*/a.conf', '**/*.conf', '[!.]*', 'sub*/[ab].conf'];

/** Parts without a name, `.` and `..`: Python keeps them in what it finds, we do not. */
const hasNamelessPart = (pattern: string): boolean => /(?:^|\/)\.{0,2}(?:\/|$)/.test(pattern);

test('an include pattern matches the files that glob finds', () => {
  const directory = mkdtempSync(join(tmpdir(), 'dialect-glob-'));
  try {
    for (const name of NAMES) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), '');
    }
    const patterns = [...BY_HAND, ...sample(PATTERN_PIECES, 5, 3000)]
      .filter((pattern) => !hasNamelessPart(pattern))
      .map((pattern) => join(directory, pattern));
    const ours = patterns.map((pattern) => findFiles(pattern, nodeConfigFiles).filter(existsSync));
    const theirs = judge({ files: patterns }).files;
    const isValid = (found: unknown) => Array.isArray(found) && found.length > 0;
    assertSame(patterns, { ours, theirs }, { isValid, least: { valid: 300, invalid: 300 } });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
