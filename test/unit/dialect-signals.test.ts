/** Signals by name and number, on a system of one's own making. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSignal } from '../../proto/dialect/signals.ts';

const ELSEWHERE = { SIGHUP: 1, SIGTERM: 15, SIGUSR1: 30 };
const LINUX = { SIGHUP: 1, SIGUSR1: 10, SIGTERM: 15, SIGCHLD: 17, SIGPWR: 30 };

const onLinux = (text: string) => parseSignal(text, LINUX);

test('a signal is known by name or number, as Python reads numbers', () => {
  const typed = ['hup', 'SIGTERM', ' SigUsr1 ', '15', '+1', '1_0', '0', '99', '-15', 'SIG', ''];
  const names = ['HUP', 'TERM', 'USR1', 'TERM', 'HUP', 'USR1', null, null, null, null, null];
  assert.deepEqual(typed.map(onLinux), names);
});

test('on Linux also those that Node has no name for; of the others between them Python knows none', () => {
  const typed = ['RTMIN', 'sigrtmax', '34', '64', 'CLD', '35', '63', 'RTMIN+1'];
  assert.deepEqual(typed.map(onLinux), ['34', '64', '34', '64', 'CHLD', null, null, null]);
});

test('elsewhere a number is what it is there, and there are no others', () => {
  const typed = ['30', 'RTMIN', '34', 'CLD'];
  const found = typed.map((text) => parseSignal(text, ELSEWHERE));
  assert.deepEqual(found, ['USR1', null, null, null]);
});
