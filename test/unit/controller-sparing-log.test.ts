/** The same, said a thousand times, is a few lines a minute and a count. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSparingLog } from '../../controller/door/sparing-log.ts';

function sparing() {
  const lines: string[] = [];
  const log = createSparingLog({
    info: () => assert.fail('nothing was said at this level'),
    warn: (details, text) => lines.push(`${text} ${JSON.stringify(details)}`),
  });
  return { lines, log };
}

test('of one subject twenty lines a minute are written, and then how many were left out', () => {
  const { lines, log } = sparing();
  for (let count = 0; count < 1_000; count += 1) log.warn('10.0.0.7', {}, 'refused', count);
  assert.equal(lines.length, 20);
  log.warn('10.0.0.7', {}, 'refused', 60_000);
  assert.deepEqual(lines.slice(20), [
    'more of the same were left out of this log {"about":"10.0.0.7","leftOut":980}',
    'refused {}',
  ]);
});

test('another subject is not kept out of the log by it', () => {
  const { lines, log } = sparing();
  for (let count = 0; count < 100; count += 1) log.warn('10.0.0.7', {}, 'refused', 0);
  log.warn('10.0.0.8', {}, 'refused too', 0);
  assert.equal(lines.at(-1), 'refused too {}');
});

test('more subjects than can be counted do not make it grow without end', () => {
  const { lines, log } = sparing();
  for (let subject = 0; subject < 30_000; subject += 1) log.warn(`${subject}`, {}, 'refused', 0);
  assert.equal(lines.length, 30_000);
});
