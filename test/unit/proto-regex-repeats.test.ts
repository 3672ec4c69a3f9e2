/** Expressions that would be too large to compile are told before that is tried. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileGrep } from '../../agent/fleet-logs/grep.ts';
import { compileRegex } from '../../controller/core/selector/regex.ts';
import { isRefusal } from '../../proto/errors.ts';
import { repeatsProblem } from '../../proto/regex-repeats.ts';

const BOMB = '(x{0,1000})'.repeat(90);

test('numbers in braces count together, whichever of the two is the larger', () => {
  assert.equal(repeatsProblem('a{400}b{1,400}c{200,}'), null);
  assert.match(repeatsProblem('a{400}b{1,400}c{201,}') ?? '', /1001 together; at most 1000/);
  assert.equal(repeatsProblem('{}, {a}, {,5}, web-[0-9]+'), null);
});

test('neither the controller nor an agent compiles what is too large', async () => {
  assert.equal(compileRegex(BOMB).kind, 'wrong');
  assert.equal(isRefusal(await compileGrep(BOMB)), true);
  assert.equal(compileRegex('^web-[0-9]{1,3}$').kind, 'compiled');
  assert.equal(isRefusal(await compileGrep('error [0-9]{3}')), false);
});
