import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasWildcard, matchesWildcard } from '../../proto/wildcard.ts';

/** By definition: a star is nothing, or one character and the star again. */
function naively(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  const [first, rest] = [pattern[0], pattern.slice(1)];
  if (first === '*') {
    return naively(rest, text) || (text !== '' && naively(pattern, text.slice(1)));
  }
  return text !== '' && (first === '?' || first === text[0]) && naively(rest, text.slice(1));
}

test('a pattern matches what its definition says, for every small pattern and name', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 7 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 7 });
  fc.assert(
    fc.property(pattern, text, (p, t) => {
      assert.equal(matchesWildcard(p, t), naively(p, t));
    }),
    { numRuns: 1_000 },
  );
});

test('only the star and the question mark are more than themselves', () => {
  for (const text of ['(a|b)', '{a,b}', '[ab]', '+(a)', '!a', '"a"', './a', 'a\\b', '^a$']) {
    assert.equal(matchesWildcard(`${text}*`, `${text}1`), true, text);
  }
  assert.equal(matchesWildcard('(a|b)*', 'a1'), false);
  assert.equal(matchesWildcard('"web"*', 'web1'), false);
  assert.equal(matchesWildcard('./*', 'web'), false);
  assert.deepEqual(['a', 'a*', 'a?', ''].map(hasWildcard), [false, true, true, false]);
});

test('many stars against a long name of one letter take no time', () => {
  const before = performance.now();
  assert.equal(matchesWildcard(`${'*a'.repeat(100)}b`, 'a'.repeat(5_000)), false);
  assert.ok(performance.now() - before < 2_000);
});
