import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { exposedAbove, exposedAt } from '../../proto/daemon/exposed-path.ts';
import { lockStateDirectory, makeGuardedDirectory } from '../../proto/daemon/start.ts';
import { FleetError } from '../../proto/errors.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'fleet-exposed-')));
after(() => rmSync(root, { recursive: true }));
const isRoot = process.geteuid?.() === 0;
const asRoot = { skip: isRoot ? false : 'only root can give files away' };
const NOBODY = 65_534;

/** `outer/inner`, both ours and closed to others. */
function makeFolders() {
  const outer = mkdtempSync(join(root, 'd'));
  const inner = join(outer, 'inner');
  mkdirSync(inner, { mode: 0o700 });
  return { outer, inner };
}

test('below directories of our own, and below /tmp, nothing is exposed', () => {
  const { inner } = makeFolders();
  assert.equal(exposedAbove(join(inner, 'file')), null);
  assert.equal(exposedAbove(join(inner, 'not-there-yet')), null);
  assert.equal(exposedAt(inner), null);
  assert.equal(exposedAt(`${inner}/.././inner/`), null);
});

test('a directory in which others may write exposes all below it, unless it is sticky', () => {
  for (const [mode, isExposed] of [
    [0o755, false],
    [0o757, true],
    [0o1777, false],
  ] as const) {
    const { outer, inner } = makeFolders();
    chmodSync(outer, mode);
    assert.equal(exposedAbove(join(inner, 'file')), isExposed ? outer : null, mode.toString(8));
  }
});

test("another group's right to write exposes as well, root's and our own do not", asRoot, () => {
  const { outer, inner } = makeFolders();
  chmodSync(outer, 0o775);
  assert.equal(exposedAbove(join(inner, 'file')), null);
  chownSync(outer, 0, NOBODY);
  assert.equal(exposedAbove(join(inner, 'file')), outer);
});

test('a directory, or a link, that belongs to somebody else exposes', asRoot, () => {
  const { outer, inner } = makeFolders();
  const link = join(outer, 'link');
  symlinkSync(inner, link);
  assert.equal(exposedAbove(join(link, 'file')), null);
  lchownSync(link, NOBODY, NOBODY);
  assert.equal(exposedAbove(join(link, 'file')), link);
  chownSync(outer, NOBODY, NOBODY);
  assert.equal(exposedAbove(join(inner, 'file')), outer);
  assert.equal(exposedAt(inner), outer);
});

test('in a directory the sticky bit is not enough: free names are anybody’s', () => {
  const { inner } = makeFolders();
  for (const mode of [0o1777, 0o770, 0o702]) {
    chmodSync(inner, mode);
    assert.equal(exposedAt(inner), inner, mode.toString(8));
  }
});

test('a chain of links without an end is no path', () => {
  const { inner } = makeFolders();
  symlinkSync('loop', join(inner, 'loop'));
  assert.throws(() => exposedAbove(join(inner, 'loop', 'file')), /ELOOP/);
});

function refusalOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof FleetError, String(error));
    return [error.refusal.message, error.refusal.cause, error.refusal.fix].join('\n');
  }
  return assert.fail('it was accepted');
}

test('a run_dir that many share is refused, and is left as it is', () => {
  const { outer } = makeFolders();
  chmodSync(outer, 0o1777);
  const text = refusalOf(() => makeGuardedDirectory('run_dir', outer));
  assert.match(text, /^run_dir .* is writable by others/);
  assert.match(text, /name a directory that nobody else uses/);
  makeGuardedDirectory('run_dir', join(outer, 'run'));
  assert.equal(exposedAt(join(outer, 'run')), null);
});

test("a state_dir of somebody else's, or below one, is refused", asRoot, () => {
  const { outer, inner } = makeFolders();
  chownSync(inner, NOBODY, NOBODY);
  assert.match(
    refusalOf(() => lockStateDirectory(inner)),
    /^state_dir /,
  );
  chownSync(inner, 0, 0);
  chownSync(outer, NOBODY, NOBODY);
  assert.match(
    refusalOf(() => lockStateDirectory(inner)),
    new RegExp(`chown root ${outer} `),
  );
});
