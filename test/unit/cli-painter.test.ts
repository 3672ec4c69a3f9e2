// biome-ignore-all lint/suspicious/noControlCharactersInRegex: control characters are what is tested
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutToWidth, rowsOf, wrapWords } from '../../cli/render/fit.ts';
import { displayWidth } from '../../cli/render/text.ts';
import { createPainter } from '../../cli/terminal/painter.ts';
import { fakeScreen } from '../fakes/screen.ts';

/** A shell that has been used, and a painter at its prompt. */
function begun(columns: number, rows: number, above = ['$ ls', 'web.mjs', '$ fleetctl …']) {
  const screen = fakeScreen(columns, rows);
  screen.output.write(above.map((line) => `${line}\n`).join(''));
  return { screen, above, painter: createPainter(screen.output, screen.terminal) };
}

test('a frame replaces the one before it, and what stands above stays', () => {
  const { screen, above, painter } = begun(40, 10);
  painter.paint(['restart web', 'a stopping', 'b stopping']);
  painter.paint(['restart web', 'a restarted', 'b stopping', 'waiting for b']);
  assert.deepEqual(screen.visible(), [
    ...above,
    'restart web',
    'a restarted',
    'b stopping',
    'waiting for b',
  ]);
  painter.paint(['restart web', 'done']);
  assert.deepEqual(screen.visible(), [...above, 'restart web', 'done']);
  assert.deepEqual(screen.cursor(), { row: 5, column: 0 });
});

test('after a stop and `fg` the frame is painted below what the shell wrote, which stays', () => {
  const { screen, above, painter } = begun(40, 12);
  painter.paint(['restart web', 'a stopping']);
  screen.resume('^Z\n[1]+  Stopped\n$ fg\nfleetctl …\n');
  painter.startOver();
  painter.paint(['restart web', 'a stopping']);
  painter.paint(['restart web', 'a restarted']);
  const stopped = ['restart web', 'a stopping', '^Z', '[1]+  Stopped', '$ fg', 'fleetctl …'];
  assert.deepEqual(screen.visible(), [...above, ...stopped, 'restart web', 'a restarted']);
});

test('a shorter line leaves nothing behind of a longer one', () => {
  const { screen, above, painter } = begun(40, 10);
  painter.paint(['waiting for 12 targets']);
  painter.paint(['done']);
  assert.deepEqual(screen.visible(), [...above, 'done']);
});

test('only what changed is written, at once, and nothing where nothing changed', () => {
  const { screen, painter } = begun(40, 10);
  painter.paint(['unchanged', 'before', 'also unchanged']);
  const before = screen.writes.length;
  painter.paint(['unchanged', 'after', 'also unchanged']);
  painter.paint(['unchanged', 'after', 'also unchanged']);
  const written = screen.writes.slice(before);
  assert.equal(written.length, 1);
  assert.match(written[0] ?? '', /^\u001b\[\?2026h.*after.*\u001b\[\?2026l$/s);
  assert.doesNotMatch(written[0] ?? '', /unchanged/);
});

test('between two frames the cursor is never hidden, so no exit has to bring it back', () => {
  const { screen, painter } = begun(40, 10);
  painter.paint(['a']);
  assert.equal(screen.isCursorHidden(), false);
  assert.match(screen.writes.at(-1) ?? '', /\u001b\[\?25l.*\u001b\[\?25h/s);
});

test('at the end the frame makes way for whole lines, and what follows stands below', () => {
  const { screen, above, painter } = begun(20, 10);
  painter.paint(['a stopping', 'b stopping', 'Ctrl-C stops watching']);
  painter.finish(['a line that is longer than the screen', 'b']);
  screen.output.write('done\n');
  assert.deepEqual(screen.visible(), [
    ...above,
    'a line that is longe',
    'r than the screen',
    'b',
    'done',
  ]);
  painter.paint(['next']);
  assert.deepEqual(screen.visible().slice(-2), ['done', 'next']);
});

test('lines that are too long are cut, those that are too many counted', () => {
  const { screen, painter } = begun(20, 5, []);
  painter.paint(['x'.repeat(25), '2', '3', '4', '5', '6']);
  assert.deepEqual(screen.visible(), [`${'x'.repeat(18)}…`, '2', '3', '… and 3 more lines']);
  painter.finish([]);
  assert.deepEqual(screen.visible(), []);
});

test('what somebody types while watching is wiped away', () => {
  const { screen, above, painter } = begun(40, 10);
  painter.paint(['a']);
  screen.output.write('^C is this thing on');
  painter.paint(['b']);
  assert.deepEqual(screen.visible(), [...above, 'b']);
});

test('a frame that is kept stays whole, and what was typed below it is gone', () => {
  const { screen, above, painter } = begun(40, 10);
  painter.paint(['a', 'b']);
  screen.output.write('^C');
  painter.keep();
  assert.deepEqual(screen.visible(), [...above, 'a', 'b']);
  assert.deepEqual(screen.cursor(), { row: above.length + 2, column: 0 });
});

test('a line is erased only where the next one would not cover it, and then whole', () => {
  const { screen, painter } = begun(40, 10);
  painter.paint(['1 s', 'stopping']);
  painter.paint(['2 s', 'started', 'new']);
  assert.match(screen.writes.at(-1) ?? '', /\r2 s\n\r\u001b\[2Kstarted\n\r\u001b\[2Knew\n/);
});

test('a terminal that became narrower has wrapped the frame, and still shows only the next one', () => {
  const { screen, above, painter } = begun(40, 12);
  painter.paint(['1'.repeat(39), '東京'.repeat(9), 'c', '']);
  screen.resize(21, 12);
  assert.equal(screen.visible().length, above.length + 5);
  painter.paint(['narrow', 'frame']);
  assert.deepEqual(screen.visible(), [...above, 'narrow', 'frame']);
});

test('a terminal lower than the frame shows what fits', () => {
  const { screen, painter } = begun(40, 12, []);
  painter.paint(['1', '2', '3', '4', '5', '6']);
  screen.resize(40, 4);
  painter.paint(['1', '2', '3', '4', '5', '6']);
  assert.deepEqual(screen.visible(), ['1', '2', '… and 4 more lines']);
});

test('a terminal that does not know its size is one of 80 times 24', () => {
  const { output, visible } = fakeScreen(80, 24);
  const terminal = {
    columns: () => 0,
    rows: () => 0,
    onResize: () => assert.fail(),
    onResume: () => assert.fail(),
  };
  createPainter(output, terminal).paint(['x'.repeat(90)]);
  assert.deepEqual(visible(), [`${'x'.repeat(78)}…`]);
});

const line = fc.oneof(
  fc.constantFrom('', 'same', 'stopping', '東京 東京 東京'),
  fc.stringMatching(/^[ -~]{0,60}$/),
);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.array(line, { maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.record({
      columns: fc.integer({ min: 10, max: 70 }),
      rows: fc.integer({ min: 3, max: 16 }),
    }),
  },
);

test('after any frames and resizes the last frame is shown, and the lines above are whole', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 10 }),
      fc.array(line, { maxLength: 6 }),
      (steps, lines) => {
        const { screen, above, painter } = begun(50, 14, numbered(lines));
        for (const each of steps) {
          if (!Array.isArray(each)) {
            screen.resize(each.columns, each.rows);
            continue;
          }
          painter.paint(each);
          const columns = screen.terminal.columns();
          const untouched = alone(above, columns);
          assert.deepEqual(screen.everything().slice(0, untouched.length), untouched);
          const frame = asCut(each, columns, screen.terminal.rows());
          const { row, column } = screen.cursor();
          const shown = Array.from({ length: row }, (_, index) => screen.visible()[index] ?? '');
          assert.deepEqual(shown.slice(row - frame.length), frame);
          assert.ok(screen.visible().length <= row, 'nothing below the frame');
          assert.equal(column, 0);
        }
      },
    ),
    { numRuns: 40 },
  );
});

const numbered = (lines: readonly string[]) => lines.map((text, index) => `${index} ${text}`);

/** What lines look like on a screen on which nothing else happens. */
function alone(lines: readonly string[], columns: number): readonly string[] {
  const screen = fakeScreen(columns, 20);
  screen.output.write(lines.map((text) => `${text}\n`).join(''));
  return screen.everything();
}

function asCut(lines: readonly string[], columns: number, rows: number): readonly string[] {
  const cut = (text: string) => cutToWidth(text, columns - 1).trimEnd();
  if (lines.length < rows) return lines.map(cut);
  return [...lines.slice(0, rows - 2), `… and ${lines.length - rows + 2} more lines`].map(cut);
}

test('a line is cut at the width that a terminal gives it, and its colour ends with it', () => {
  const red = (text: string) => `\u001b[31m${text}\u001b[0m`;
  assert.equal(cutToWidth('restarted', 9), 'restarted');
  assert.equal(cutToWidth('restarted', 8), 'restart…');
  assert.equal(cutToWidth(red('FAILED'), 6), red('FAILED'));
  assert.equal(cutToWidth(`a ${red('FAILED')} b`, 5), `a ${red('FA…')}`);
  assert.equal(cutToWidth(`${red('FAILED')} because`, 9), `${red('FAILED')} b…`);
  assert.equal(cutToWidth('東京東京', 6), '東京…');
  assert.equal(cutToWidth('x', 0), '');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, width) => {
      assert.ok(displayWidth(cutToWidth(text, width)) <= width);
    }),
    { numRuns: 50 },
  );
});

test('a sentence is broken between words, and its last line cut', () => {
  assert.deepEqual(wrapWords('waiting for 3 targets of wave 1', 12, 2), [
    'waiting for',
    '3 targets o…',
  ]);
  assert.deepEqual(wrapWords('one', 12, 2), ['one']);
});

test('rows are counted as a terminal wraps', () => {
  assert.equal(rowsOf('', 10), 1);
  assert.equal(rowsOf('x'.repeat(10), 10), 1);
  assert.equal(rowsOf('\u001b[31mxxxxxxxxxx\u001b[0mx', 10), 2);
  assert.equal(rowsOf('東京東', 5), 2);
});
