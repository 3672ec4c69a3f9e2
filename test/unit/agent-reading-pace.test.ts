import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PAUSE_MAX_MS, ReadingPace } from '../../agent/adapters/children/reading-pace.ts';

const PIPE_BYTES = 65_536;

interface Course {
  readonly reads: number;
  readonly readBytes: number;
  /** The pipe was full, and the program had to wait. */
  readonly fullTimes: number;
}

/** A program that prints `bytesPerMs` for a while, into a pipe that is read as the pace says. */
function course(bytesPerMs: number, pipeBytes = PIPE_BYTES, durationMs = 2_000): Course {
  const pace = new ReadingPace(0);
  let [reads, readBytes, fullTimes] = [0, 0, 0];
  // Where there is no pause, the next read comes after the wake-up that the program's next write is.
  const wakeUpMs = Math.max(0.02, 1 / bytesPerMs);
  for (let nowMs = wakeUpMs, waitedMs = wakeUpMs; nowMs < durationMs; nowMs += waitedMs) {
    const inPipe = Math.min(pipeBytes, Math.max(1, Math.floor(waitedMs * bytesPerMs)));
    reads += 1;
    readBytes += inPipe;
    if (inPipe === pipeBytes) fullTimes += 1;
    waitedMs = Math.max(wakeUpMs, pace.pauseAfter(inPipe, nowMs));
  }
  return { reads, readBytes, fullTimes };
}

test('a program that prints a thousand lines a second is read twenty times', () => {
  const { reads, fullTimes } = course(60);
  assert.ok(reads >= 40 && reads <= 60, `${reads} reads in two seconds`);
  assert.equal(fullTimes, 0);
});

test('a program that prints steadily never waits, however fast it is', () => {
  for (const kilobytesPerSecond of [1, 10, 50, 100, 300, 1_000, 3_000, 5_000, 20_000, 500_000]) {
    const { fullTimes, reads } = course(kilobytesPerSecond);
    assert.equal(fullTimes, 0, `at ${kilobytesPerSecond} kB/s, in ${reads} reads`);
  }
});

test('what a small pipe can pass on is passed on', () => {
  // Two pages: what Linux gives to users who have very many pipes.
  for (const kilobytesPerSecond of [50, 100, 300, 1_000]) {
    const { readBytes, fullTimes } = course(kilobytesPerSecond, 8_192);
    assert.ok(
      readBytes > kilobytesPerSecond * 2_000 * 0.95,
      `${readBytes} at ${kilobytesPerSecond}`,
    );
    assert.ok(fullTimes <= 1, `${fullTimes} times at ${kilobytesPerSecond} kB/s`);
  }
});

test('a flood after a line is let wait once, for no longer than a pause', () => {
  const pace = new ReadingPace(59_990);
  assert.equal(pace.pauseAfter(100, 60_000), PAUSE_MAX_MS);
  assert.equal(pace.pauseAfter(PIPE_BYTES, 60_050), 0);
  assert.equal(pace.pauseAfter(7, 60_050.5), 0, 'the program has hardly woken up');
  assert.equal(pace.pauseAfter(PIPE_BYTES, 60_051), 0);
  assert.equal(pace.pauseAfter(100, 60_100), PAUSE_MAX_MS, 'it is over');
});

test('what was printed before anybody read is no flood', () => {
  const pace = new ReadingPace(0);
  assert.equal(pace.pauseAfter(PIPE_BYTES, 1), 0);
  assert.equal(pace.pauseAfter(60, 2), PAUSE_MAX_MS);
});

test('a line now and then is waited for, and only one that comes soon is followed by a pause', () => {
  const pace = new ReadingPace(0);
  for (const nowMs of [5_000, 5_200, 9_000]) assert.equal(pace.pauseAfter(80, nowMs), 0);
  for (const nowMs of [9_051, 9_110, 9_200]) {
    assert.equal(
      pace.pauseAfter(80, nowMs),
      PAUSE_MAX_MS,
      'at the longest, a look has just been late',
    );
  }
  assert.equal(pace.pauseAfter(80, 10_200), 0);
});

test('a pause is never longer than the longest, and of whole milliseconds', () => {
  const reading = fc.record({
    bytes: fc.integer({ min: 1, max: PIPE_BYTES }),
    afterMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(reading, { maxLength: 20 }), (readings) => {
      const pace = new ReadingPace(0);
      let nowMs = 0;
      for (const { bytes, afterMs } of readings) {
        nowMs += afterMs;
        const pauseMs = pace.pauseAfter(bytes, nowMs);
        assert.ok(Number.isInteger(pauseMs) && pauseMs >= 0 && pauseMs <= PAUSE_MAX_MS);
      }
    }),
  );
});
