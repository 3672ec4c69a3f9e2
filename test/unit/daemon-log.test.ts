/** What agents and operators said stands in the logs of the daemons, which people read on terminals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../proto/daemon/log.ts';

test('whatever is logged acts on no terminal, and is read back as it was', () => {
  const lines: string[] = [];
  const log = createLog('test', 'info', (line) => lines.push(line));
  const said = '\u001b[2J\u009b31m\u007f\u202egnp.exe\u2028\u200b\u0000\r\nnext ü 字 \u{1f600}';
  log.info({ said }, said);
  assert.equal(lines.length, 1);
  const [line = ''] = lines;
  assert.match(line, /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*\n$/u);
  assert.ok(line.includes('ü 字 \u{1f600}'), 'what people write stays legible');
  const { msg, said: read } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  assert.deepEqual([msg, read], [said, said]);
});
