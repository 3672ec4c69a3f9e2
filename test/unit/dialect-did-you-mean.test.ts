import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, nearest } from '../../proto/dialect/did-you-mean.ts';

const KEYS = ['command', 'autostart', 'autorestart', 'startsecs', 'stopsignal'];

test('a letter too few, too many, wrong or swapped is found', () => {
  assert.equal(nearest('comand', KEYS), 'command');
  assert.equal(nearest('autostartt', KEYS), 'autostart');
  assert.equal(nearest('startsegs', KEYS), 'startsecs');
  assert.equal(nearest('autostrat', KEYS), 'autostart');
});

test('a swap counts as one mistake', () => {
  assert.equal(nearest('acb', ['abc', 'xyz']), 'abc');
});

test('case does not count', () => {
  assert.equal(nearest('COMMAND', KEYS), 'command');
});

test('nothing is suggested for what is like nothing, or too short to tell', () => {
  assert.equal(nearest('colour', KEYS), null);
  assert.equal(nearest('x', ['y']), null);
  assert.equal(nearest('c'.repeat(1_000_000), KEYS), null);
  assert.equal(didYouMean('colour', KEYS), null);
});

test('the suggestion is a question', () => {
  assert.equal(didYouMean('comand', KEYS), 'did you mean command?');
});
