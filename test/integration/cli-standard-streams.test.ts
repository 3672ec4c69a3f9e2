import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readText } from '../../cli/terminal/standard-streams.ts';
import { FleetError } from '../../proto/errors.ts';

const scratch = mkdtempSync(join(tmpdir(), 'fleetctl-text-'));
after(() => rmSync(scratch, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(scratch, name);
  writeFileSync(path, content);
  return path;
}

test('a file is read whole, as UTF-8, without its byte order mark', async () => {
  assert.equal(await readText(file('hosts', 'prod-1\nzürich-2\n')), 'prod-1\nzürich-2\n');
  assert.equal(await readText(file('marked', '\ufeffprod-1')), 'prod-1');
  assert.equal(await readText(file('empty', '')), '');
  const large = 'x'.repeat(8 * 1_048_576);
  assert.equal((await readText(file('large', large))).length, large.length);
});

test('what cannot be read is refused by its name and with the reason', async () => {
  const refused = [
    [join(scratch, 'absent'), /no such file/],
    [scratch, /it is a directory/],
    [file('latin-1', new Uint8Array([0x7a, 0xfc])), /no UTF-8 text/],
    [file('huge', 'x'.repeat(8 * 1_048_576 + 1)), /larger than 8 MiB/],
    ['/dev/zero', /larger than 8 MiB/],
    ['nul\u0000byte', /null bytes/],
  ] as const;
  for (const [path, cause] of refused) {
    await assert.rejects(readText(path), (caught) => {
      assert.ok(caught instanceof FleetError, String(caught));
      assert.ok(caught.refusal.message.startsWith(path));
      assert.match(caught.refusal.cause ?? '', cause);
      return true;
    });
  }
});

test('standard input is read to its end', () => {
  const script =
    "import('./cli/terminal/standard-streams.ts').then(({ readText }) => readText(null)).then((text) => process.stdout.write(text))";
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    { input: 'prod-1\nprod-2\n', encoding: 'utf8' },
  );
  assert.equal(stdout, 'prod-1\nprod-2\n', stderr);
});
