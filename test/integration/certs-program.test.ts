/** fleet-certs as its user sees it: files, modes, messages, exit codes; run without a process. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { leafPaths, writePair } from '../../certs-tool/store.ts';
import { loadCredentials } from '../../proto/credentials.ts';
import { runCerts } from './certs-run.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 12, 0, 0);
const DAY_MS = 86_400_000;

const run = (args: readonly string[]) => runCerts(args, NOW_MS);

const root = mkdtempSync(join(tmpdir(), 'fleet-certs-'));
const pki = join(root, 'pki');
let made: Awaited<ReturnType<typeof run>>;
before(async () => {
  made = await run(['init', '--dir', pki, '--fleet', 'prod']);
});
after(() => rmSync(root, { recursive: true, force: true }));

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const namesIn = (directory: string): readonly string[] => readdirSync(directory).sort();

test('init makes a directory and a key that only their owner can read, and says what comes next', () => {
  assert.equal(made.exitCode, 0, made.errors);
  assert.equal(made.errors, '');
  assert.equal(modeOf(pki), '700');
  assert.equal(modeOf(join(pki, 'ca.key')), '600');
  assert.match(made.out, /fleet "prod": certificate authority made, valid until 2031-11-21/);
  assert.match(made.out, /ca\.crt .*\n.*ca\.key {2}SECRET/);
  assert.match(made.out, /fleet-certs issue controller NAME --dir .*pki --san DNS:/);
});

const ISSUED = [
  {
    kind: 'controller',
    name: 'ops-1',
    more: ['--san', 'DNS:localhost', '--san', 'IP:::1'],
    days: 30,
  },
  { kind: 'agent', name: 'web-1', more: [], days: 7 },
  { kind: 'operator', name: 'alice', more: [], days: 30 },
] as const;

for (const { kind, name, more, days } of ISSUED) {
  test(`issue ${kind} writes a pair that its program accepts`, async () => {
    const { exitCode, out, errors } = await run(['issue', kind, name, '--dir', pki, ...more]);
    assert.equal(exitCode, 0, errors);
    const paths = leafPaths(pki, kind, name);
    assert.equal(modeOf(paths.key), '600');
    assert.match(out, new RegExp(`^${kind} "${name}" of fleet "prod": .* valid for ${days} days`));
    assert.ok(out.includes(paths.certificate) && out.includes(paths.key) && out.includes('next'));
    const loaded = loadCredentials(
      { ca: join(pki, 'ca.crt'), cert: paths.certificate, key: paths.key },
      { kind, nowMs: NOW_MS },
    );
    assert.equal(loaded.kind, 'loaded', JSON.stringify(loaded));
    if (loaded.kind !== 'loaded') return;
    assert.equal(loaded.credentials.identity.notAfterMs, NOW_MS + days * DAY_MS);
  });
}

test('addresses add up when --san is repeated', () => {
  const pem = readFileSync(leafPaths(pki, 'controller', 'ops-1').certificate);
  const names = new X509Certificate(pem).subjectAltName ?? '';
  assert.match(names, /DNS:localhost, IP Address:0:0:0:0:0:0:0:1$/);
});

test('of two runs that issue the same name at once one wins and the other changes nothing', async () => {
  const twin = ['issue', 'agent', 'twin', '--dir', pki];
  const results = await Promise.all([run(twin), run(twin)]);
  assert.deepEqual(results.map(({ exitCode }) => exitCode).sort(), [0, 2]);
  const loser = results.find(({ exitCode }) => exitCode === 2);
  assert.match(loser?.errors ?? '', /agent-twin\.crt and .*agent-twin\.key exist already/);
  const paths = leafPaths(pki, 'agent', 'twin');
  const files = { ca: join(pki, 'ca.crt'), cert: paths.certificate, key: paths.key };
  assert.equal(loadCredentials(files, { kind: 'agent', nowMs: NOW_MS }).kind, 'loaded');
  assert.deepEqual(
    namesIn(pki).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('an authority is never replaced', async () => {
  const key = readFileSync(join(pki, 'ca.key'), 'utf8');
  const { exitCode, errors } = await run(['init', '--dir', pki]);
  assert.equal(exitCode, 2);
  assert.match(
    errors,
    /ca\.crt and .*ca\.key exist already\n {2}cause: .*\n {2}fix: name another --dir/,
  );
  assert.equal(readFileSync(join(pki, 'ca.key'), 'utf8'), key);
});

test('commands to copy are quoted for the shell', async () => {
  const spaced = join(root, 'my pki');
  const first = await run(['init', '--dir', spaced]);
  const second = await run(['init', '--dir', spaced]);
  assert.match(first.out, /--dir '[^']*my pki' --san/);
  assert.equal(second.exitCode, 2);
});

test('half a pair is left alone and named', async () => {
  const paths = leafPaths(pki, 'agent', 'half');
  writeFileSync(paths.key, 'precious');
  const { exitCode, errors } = await run(['issue', 'agent', 'half', '--dir', pki]);
  assert.equal(exitCode, 2);
  assert.match(errors, /agent-half\.key exists already/);
  assert.match(errors, /mv .*agent-half\.key .*agent-half\.key\.old/);
  assert.equal(readFileSync(paths.key, 'utf8'), 'precious');
  assert.equal(existsSync(paths.certificate), false);
});

test('a pair whose second file cannot be placed leaves no first one behind', () => {
  const directory = join(root, 'blocked');
  mkdirSync(directory);
  const paths = leafPaths(directory, 'agent', 'web-1');
  symlinkSync('nowhere', paths.certificate);
  const refused = writePair(paths, { certificatePem: 'c', keyPem: 'k', notAfterMs: 0 });
  assert.match(refused?.message ?? '', /agent-web-1\.crt exists already/);
  assert.deepEqual(namesIn(directory), ['agent-web-1.crt']);
});

test('without a directory to write to nothing is left behind', () => {
  const paths = leafPaths(join(root, 'missing'), 'agent', 'web-1');
  const refused = writePair(paths, { certificatePem: 'c', keyPem: 'k', notAfterMs: 0 });
  assert.match(refused?.cause ?? '', /ENOENT/);
});

const REFUSED: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /Usage: fleet-certs/],
  [['frobnicate'], /unknown command/],
  [['init'], /--dir <directory>' not specified/],
  [['init', '--dir', ''], /--dir names no directory/],
  [['init', '--dir', join(root, 'x'), '--fleet', 'Prod'], /"Prod" is not a possible fleet name/],
  [['init', '--dir', join(root, 'x'), '--days', '0'], /cannot be valid for 0 days/],
  [['init', '--dir', join(root, 'x'), '--days', '1e3'], /whole number of days/],
  [['init', '--dir', join(root, 'x'), 'surplus'], /too many arguments/],
  [['issue'], /Usage: fleet-certs issue/],
  [['issue', 'agent', '--dir', pki], /missing required argument 'host'/],
  [['issue', 'agent', '../../etc/x', '--dir', pki], /not a possible agent name/],
  [['issue', 'agent', '--dir', pki, '--', '-x'], /not a possible agent name/],
  [['issue', 'agent', 'x'.repeat(100_000), '--dir', pki], /not a possible agent name/],
  [['issue', 'agent', 'web-9', '--dir', pki, '--san', 'DNS:x'], /unknown option '--san'/],
  [['issue', 'agent', 'web-9', '--dir', pki, '--days', '3650'], /would outlive its authority/],
  [['issue', 'controller', 'c', '--dir', pki], /--san <addresses>' not specified/],
  [['issue', 'controller', 'c', '--dir', pki, '--san', 'ops-1'], /neither DNS: nor IP:/],
  [['issue', 'agent', 'web-9', '--dir', root], /no certificate authority in .*\n {2}fix: .*init/],
  [['issue', 'agent', 'web-9', '--dir', join(root, 'none')], /no certificate authority/],
];

for (const [args, expected] of REFUSED) {
  const shown = args.map((arg) => arg.replace(root, '').slice(0, 20)).join(' ');
  test(`"fleet-certs ${shown}" exits 2 and says why`, async () => {
    const before = [namesIn(root), namesIn(pki)];
    const { exitCode, out, errors } = await run(args);
    assert.equal(exitCode, 2);
    assert.match(errors, expected);
    assert.ok(errors.length < 2_000);
    assert.equal(out, '');
    assert.deepEqual([namesIn(root), namesIn(pki)], before);
  });
}

test('a directory that is a file, or has no parent, is refused', async () => {
  const file = join(root, 'file');
  writeFileSync(file, '');
  const { exitCode, errors } = await run(['init', '--dir', file]);
  assert.equal(exitCode, 2);
  assert.match(errors, /could not be made\n {2}cause: EEXIST/);
  const nested = await run(['init', '--dir', join(root, 'no', 'parent')]);
  assert.equal(nested.exitCode, 2);
  assert.match(nested.errors, /could not be made\n {2}cause: ENOENT/);
});

test('an authority that others can read, or that is incomplete, issues nothing', async () => {
  const copy = join(root, 'copy');
  mkdirSync(copy, { mode: 0o700 });
  writeFileSync(join(copy, 'ca.key'), readFileSync(join(pki, 'ca.key')));
  chmodSync(join(copy, 'ca.key'), 0o640);
  const { exitCode, errors } = await run(['issue', 'agent', 'web-1', '--dir', copy]);
  assert.equal(exitCode, 2);
  assert.match(errors, /ca\.crt does not exist; .*ca\.key is open to others .*: chmod 600/);
  assert.deepEqual(namesIn(copy), ['ca.key']);
});

test('a directory that others can enter is used, with a warning, and --days decides the life', async () => {
  chmodSync(pki, 0o755);
  const args = ['issue', 'operator', 'bob', '--dir', pki, '--days', '2'];
  const { exitCode, out, errors } = await run(args);
  chmodSync(pki, 0o700);
  assert.equal(exitCode, 0);
  assert.match(out, /valid for 2 days\n.*until 2026-11-24T12:00:00\.000Z/);
  assert.match(errors, /^warning: others can enter .*: chmod 700 /);
});

test('with a passphrase file the key is written encrypted, and only who has that file issues', async () => {
  const directory = join(root, 'encrypted');
  const passphraseFile = join(root, 'passphrase');
  writeFileSync(passphraseFile, 'correct horse\n', { mode: 0o600 });
  const given = ['--passphrase-file', passphraseFile];
  const init = await run(['init', '--dir', directory, ...given]);
  assert.equal(init.exitCode, 0, init.errors);
  assert.match(
    readFileSync(join(directory, 'ca.key'), 'utf8'),
    /^-----BEGIN ENCRYPTED PRIVATE KEY/,
  );
  const issue = ['issue', 'agent', 'web-1', '--dir', directory];
  const without = await run(issue);
  assert.equal(without.exitCode, 2);
  assert.match(without.errors, /its key is encrypted\n {2}fix: .*--passphrase-file/);
  const wrong = join(root, 'wrong');
  writeFileSync(wrong, 'correct house\n', { mode: 0o600 });
  const withWrong = await run([...issue, '--passphrase-file', wrong]);
  assert.match(withWrong.errors, /the passphrase does not open its key/);
  assert.deepEqual(namesIn(directory), ['ca.crt', 'ca.key']);
  const withRight = await run([...issue, ...given]);
  assert.equal(withRight.exitCode, 0, withRight.errors);
  const paths = leafPaths(directory, 'agent', 'web-1');
  const files = { ca: join(directory, 'ca.crt'), cert: paths.certificate, key: paths.key };
  assert.equal(loadCredentials(files, { kind: 'agent', nowMs: NOW_MS }).kind, 'loaded');
});

test('a passphrase for a key that has none, and a file that is no passphrase, are refused', async () => {
  const file = join(root, 'some-passphrase');
  writeFileSync(file, 'x\n', { mode: 0o600 });
  const issue = ['issue', 'agent', 'web-8', '--dir', pki, '--passphrase-file', file];
  assert.match((await run(issue)).errors, /its key is not encrypted, although/);
  for (const [text, cause] of [
    ['', /holds no passphrase/],
    ['\n', /holds no passphrase/],
    ['one\ntwo\n', /is not one line/],
    ['x'.repeat(5_000), /is not one line/],
  ] as const) {
    writeFileSync(file, text);
    const directory = join(root, 'never-made');
    const init = await run(['init', '--dir', directory, '--passphrase-file', file]);
    assert.equal(init.exitCode, 2);
    assert.match(init.errors, cause);
    assert.equal(existsSync(directory), false);
    assert.match((await run(issue)).errors, cause);
  }
  chmodSync(file, 0o644);
  assert.match((await run(issue)).errors, /is open to others than its owner/);
});

test('help begins with an example', async () => {
  for (const args of [
    ['--help'],
    ['init', '--help'],
    ['issue', '--help'],
    ['issue', 'agent', '-h'],
    ['sign', '--help'],
  ]) {
    const { exitCode, out } = await run(args);
    assert.equal(exitCode, 0);
    assert.match(out, /^Example:\n {2}fleet-certs /);
  }
});
