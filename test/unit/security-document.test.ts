/**
 * docs/security.md names, attack by attack, the test that proves what it says. A promise whose proof
 * was renamed or removed is one that nobody keeps, so each name must be that of a test that is there.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const docs = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'docs');
const text = readFileSync(join(docs, 'security.md'), 'utf8');

/** Attacks are numbered, so that other documents can name them. */
const ATTACKS = 41;
/** Of these there must be a test; the others say why there is none. */
const PROVEN_MIN = 39;

interface Proof {
  readonly name: string;
  readonly file: string;
}

function proofsIn(part: string): readonly Proof[] {
  const links = part.matchAll(/\[([^\]]+)\]\((\.\.\/test\/[^)]+\.test\.ts)\)/g);
  return [...links].map(([, name = '', file = '']) => ({ name, file: join(docs, file) }));
}

const rows = text.split('\n').filter((line) => /^\| \d+ \|/.test(line));

/** What is filled in when a test is made can be anything. */
function titlesIn(source: string): readonly RegExp[] {
  const found = source.matchAll(/\btest\(\s*(?:'((?:\\.|[^'\\])*)'|"([^"]*)"|`([^`]*)`)/g);
  return [...found].map(([, single, double, template]) => {
    const plain = (single ?? double ?? '').replaceAll("\\'", "'");
    if (template === undefined) return new RegExp(`^${escaped(plain)}$`);
    return new RegExp(
      `^${template
        .split(/\$\{[^}]*\}/)
        .map(escaped)
        .join('.+')}$`,
    );
  });
}

const escaped = (plain: string): string => plain.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

test('every attack has its row, with what proves the control, or says that it is not covered', () => {
  const numbers = rows.map((row) => Number(row.split('|')[1]));
  assert.deepEqual(
    numbers,
    Array.from({ length: ATTACKS }, (_, index) => index + 1),
  );
  for (const row of rows) {
    assert.equal(row.split(/(?<!\\)\|/).length, 6, `four columns: ${row.slice(0, 60)}`);
    assert.ok(proofsIn(row).length > 0 || row.includes('not covered'), row.slice(0, 60));
  }
  assert.ok(rows.filter((row) => proofsIn(row).length > 0).length >= PROVEN_MIN);
});

test('every test that is named is there', () => {
  const sources = new Map<string, readonly RegExp[]>();
  const missing = proofsIn(text).filter(({ name, file }) => {
    if (!existsSync(file)) return true;
    const titles = sources.get(file) ?? titlesIn(readFileSync(file, 'utf8'));
    sources.set(file, titles);
    return !titles.some((title) => title.test(name));
  });
  assert.deepEqual(missing, []);
});
