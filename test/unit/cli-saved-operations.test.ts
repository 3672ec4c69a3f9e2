import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { savedOperations } from '../../cli/saved-operations.ts';
import { FleetError } from '../../proto/errors.ts';
import { type OperationId, operationId } from '../../proto/vocabulary.ts';

const OPS = 'ops-1:7460';
let root = '';
let path = '';

/** In a folder of its own. A hook of this file would be one of every file: they share a process. */
function inFolder(name: string, act: () => Promise<void>): void {
  test(name, async () => {
    root = fs.mkdtempSync(join(tmpdir(), 'fleetctl-saved-'));
    path = join(root, 'fleetctl', 'operations');
    try {
      await act();
    } finally {
      fs.rmSync(root, { recursive: true, force: true });
    }
  });
}

const anId = (n: number) =>
  operationId(`0198f2a0-0000-7000-8000-${n.toString(16).padStart(12, '0')}`);
const here = () => savedOperations({ XDG_STATE_HOME: root, HOME: '/nonexistent' });
const save = (id: OperationId, controller = OPS, words = 'restart web') =>
  here().save({ id, atMs: 0, controller, words });
const lines = () => fs.readFileSync(path, 'utf8').split('\n').slice(0, -1);

inFolder('an operation is a line that only its owner may read', async () => {
  await save(anId(1));
  assert.equal(
    fs.readFileSync(path, 'utf8'),
    `${anId(1)}\t1970-01-01T00:00:00.000Z\t${OPS}\trestart web\n`,
  );
  assert.equal(fs.statSync(path).mode & 0o777, 0o600);
  assert.equal(fs.statSync(join(root, 'fleetctl')).mode & 0o777, 0o700);
});

inFolder('folders that are missing are made, and only their owner may look into them', async () => {
  const deep = join(root, 'a', 'b');
  await savedOperations({ HOME: deep }).save({ id: anId(1), atMs: 0, controller: OPS, words: '' });
  assert.equal(fs.statSync(join(deep, '.local', 'state', 'fleetctl')).mode & 0o777, 0o700);
});

// `mkdir` of Node with `recursive` would ask again for ever.
const isLinux = process.platform === 'linux';
test('a place that takes no folder is told at once', { skip: !isLinux }, async () => {
  const nowhere = savedOperations({ XDG_STATE_HOME: '/proc/nowhere' });
  const operation = { id: anId(1), atMs: 0, controller: OPS, words: 'restart web' };
  await assert.rejects(nowhere.save(operation), (error: FleetError) => {
    assert.match(FleetError.refusalFrom(error).cause ?? '', /ENOENT/);
    return true;
  });
});

inFolder('the last one is that of the same controller', async () => {
  assert.equal(await here().last(OPS), null);
  await save(anId(1));
  await save(anId(2), 'other:7460');
  assert.equal(await here().last(OPS), anId(1));
  assert.equal(await here().last('other:7460'), anId(2));
  assert.equal(await here().last('third:7460'), null);
});

inFolder('what was refused is the last one no longer', async () => {
  await save(anId(1));
  await save(anId(2));
  await here().forget(anId(2));
  assert.equal(await here().last(OPS), anId(1));
});

inFolder('what was typed cannot pass for a line or a field of its own', async () => {
  await save(anId(1), OPS, `x\ty\n${anId(9)}\t1\t${OPS}\tz\u001b[2J${'w'.repeat(10_000)}`);
  assert.equal(lines().length, 1);
  assert.equal(lines()[0]?.split('\t').length, 4);
  assert.ok((lines()[0]?.length ?? 0) < 400);
  assert.equal(await here().last(OPS), anId(1));
});

inFolder('lines that are none of ours, or only a part of one, are passed over', async () => {
  await save(anId(1));
  fs.appendFileSync(
    path,
    `\u0000\u0001\n\n${anId(7)}\n${anId(8)}\t\t${OPS}\nnope\t\t${OPS}\tx\n${anId(9)}\t1970`,
  );
  assert.equal(await here().last(OPS), anId(1));
  await save(anId(2));
  assert.equal(await here().last(OPS), anId(2));
});

inFolder('a long file is shortened to its last hundred lines', async () => {
  fs.mkdirSync(join(root, 'fleetctl'));
  const before = Array.from(
    { length: 1_500 },
    (_, n) => `${anId(n)}\t0\t${OPS}\t${'x'.repeat(60)}\n`,
  );
  fs.writeFileSync(path, before.join(''));
  await save(anId(5_000));
  assert.equal(lines().length, 100);
  assert.ok(lines()[0]?.startsWith(anId(1_401)));
  assert.equal(await here().last(OPS), anId(5_000));
  assert.deepEqual(fs.readdirSync(join(root, 'fleetctl')), ['operations']);
  assert.equal(fs.statSync(path).mode & 0o777, 0o600);
  await save(anId(5_001));
  assert.equal(lines().length, 101, 'that happens rarely');
});

inFolder('while another shortens, nobody else does, unless it was killed meanwhile', async () => {
  fs.mkdirSync(join(root, 'fleetctl'));
  fs.writeFileSync(path, `${'x'.repeat(140_000)}\n`.repeat(2));
  fs.writeFileSync(`${path}.new`, 'begun');
  await save(anId(1));
  assert.equal(lines().length, 3);
  const longAgo = Date.now() / 1_000 - 3_600;
  fs.utimesSync(`${path}.new`, longAgo, longAgo);
  for (let n = 2; n < 110; n += 1) await save(anId(n));
  assert.equal(fs.existsSync(`${path}.new`), false);
  assert.equal(lines().includes('begun'), false);
  assert.equal(await here().last(OPS), anId(109));
});

inFolder('where it cannot be written the refusal says where, why and what helps', async () => {
  fs.writeFileSync(join(root, 'fleetctl'), 'a file in place of the folder');
  await assert.rejects(save(anId(1)), (caught: unknown) => {
    const { message, cause, fix } = FleetError.refusalFrom(caught);
    assert.equal(message, `${path} cannot be written`);
    assert.match(cause ?? '', /EEXIST|ENOTDIR/);
    assert.match(fix ?? '', /XDG_STATE_HOME/);
    return true;
  });
  assert.equal(await here().last(OPS), null);
});

inFolder('nothing that is no file is written to or waited for', async () => {
  fs.mkdirSync(join(root, 'fleetctl'));
  spawnSync('mkfifo', [path]);
  await assert.rejects(save(anId(1)), FleetError);
  assert.equal(await here().last(OPS), null);
  fs.rmSync(path);
  const elsewhere = join(root, 'elsewhere');
  fs.symlinkSync(elsewhere, path);
  await assert.rejects(save(anId(1)), FleetError);
  assert.equal(fs.existsSync(elsewhere), false);
  fs.rmSync(path);
  fs.mkdirSync(path);
  await assert.rejects(save(anId(1)), FleetError);
});

inFolder('its place follows XDG, and where there is none that is said', async () => {
  const home = savedOperations({ XDG_STATE_HOME: 'relative', HOME: root });
  await home.save({ id: anId(1), atMs: 0, controller: OPS, words: '' });
  assert.ok(fs.existsSync(join(root, '.local/state/fleetctl/operations')));
  const nowhere = savedOperations({});
  assert.equal(await nowhere.last(OPS), null);
  await assert.rejects(
    nowhere.save({ id: anId(1), atMs: 0, controller: OPS, words: '' }),
    /its place cannot be written/,
  );
});
