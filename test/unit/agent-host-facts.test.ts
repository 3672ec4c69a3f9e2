import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findExecutable } from '../../agent/adapters/children/executable.ts';
import { isExecutableFormat } from '../../agent/adapters/children/executable-format.ts';
import { runFilesOf } from '../../agent/adapters/children/run-files.ts';
import { lookForChildren } from '../../agent/adapters/children/sightings.ts';
import type { ProcessIdentity } from '../../agent/adapters/host/process-table.ts';
import { logPathOf } from '../../agent/adapters/logs/log-path.ts';
import { knownProcessName } from '../../proto/vocabulary.ts';
import { aRunningHost } from '../fakes/agent-host.ts';
import { aDefinition, exitCode } from '../fakes/agent-process.ts';

function aFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-facts-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a command is found on the path, and its words are split without a shell', (context) => {
  const folder = aFolder(context);
  const bin = join(folder, 'bin');
  mkdirSync(join(bin, 'folder'), { recursive: true });
  const executable = join(bin, 'web');
  writeFileSync(executable, '#!/bin/sh\n');
  chmodSync(executable, 0o755);
  writeFileSync(join(bin, 'plain'), '');
  // As typed: a program that looks at its own name sees what the configuration says.
  const found = (...command: string[]) => ({ kind: 'found', command, path: executable });
  const missing = (error: string) => ({ kind: 'unusable', fault: 'no-file', error });
  const unusable = (error: string) => ({ kind: 'unusable', fault: 'not-executable', error });
  const path = `${folder}/none:${bin}::relative`;
  const cases = [
    [`web --name 'a b' $HOME "*"`, null, found('web', '--name', 'a b', '$HOME', '*')],
    [executable, null, found(executable)],
    ['./web', bin, found('./web')],
    ['bin/web x', folder, found('bin/web', 'x')],
    ['wep', null, missing("can't find command 'wep'")],
    ['./web', folder, missing("can't find command './web'")],
    ['plain', null, unusable(`command at '${bin}/plain' is not executable`)],
    ['folder', null, unusable(`command at '${bin}/folder' is a directory`)],
    [`${executable}/x`, null, missing(`can't find command '${executable}/x'`)],
    ['', null, unusable('command is empty')],
    ["''", null, unusable('command is empty')],
  ] as const;
  for (const [command, directory, expected] of cases) {
    assert.deepEqual(findExecutable(command, path, directory), expected, command);
  }
});

test('a command that cannot be split, or that no file can be named like, is told as it stands', () => {
  assert.deepEqual(findExecutable('web "oops', '/bin', null), {
    kind: 'unusable',
    fault: 'not-executable',
    error: `can't parse command 'web "oops': No closing quotation`,
  });
  const hostile = findExecutable(`/bin/${'x'.repeat(400)}`, '', null);
  assert.equal(hostile.kind === 'unusable' && hostile.fault, 'no-file');
  assert.match(hostile.kind === 'unusable' ? hostile.error : '', /^can't find .{300,320}…'$/);
});

test('without a PATH a program is looked for where Supervisor looks, and started from there', () => {
  const found = findExecutable('sh -c true', '', null);
  assert.deepEqual(found, {
    kind: 'found',
    command: ['/bin/sh', '-c', 'true'],
    path: '/bin/sh',
  });
});

test('what the kernel would not execute is not handed to a shell instead', {
  skip: (process.platform !== 'linux' || process.arch !== 'x64') && 'made for Linux on x64',
}, (context) => {
  const folder = aFolder(context);
  const elf = Buffer.alloc(64);
  const own = openSync(process.execPath, 'r');
  readSync(own, elf);
  closeSync(own);
  const foreign = Buffer.from(elf);
  foreign.writeUInt16LE(243, 18);
  const files = {
    'script.sh': '#!/bin/sh\n',
    text: 'echo hello\n',
    empty: '',
    broken: '\x7fELF',
    elf,
    foreign,
  };
  for (const [name, contents] of Object.entries(files)) {
    writeFileSync(join(folder, name), contents, { mode: 0o755 });
  }
  const refused = Object.keys(files).filter((name) => !isExecutableFormat(join(folder, name)));
  assert.deepEqual(refused, ['text', 'empty', 'broken', 'foreign']);
  assert.deepEqual(findExecutable('text', folder, null), {
    kind: 'unusable',
    fault: 'not-executable',
    error: "couldn't exec text: ENOEXEC",
  });
});

test('files are named after the process, logs as configured', () => {
  const folders = { runDir: '/run', logDir: '/log' };
  assert.deepEqual(runFilesOf(folders, knownProcessName('g:web')), {
    exitFile: '/run/g:web.exit',
    childRecord: '/run/g:web.child',
    stdinFifo: '/run/g:web.in',
    stdoutFifo: '/run/g:web.out',
    stderrFifo: '/run/g:web.err',
  });
  const log = { maxBytes: 0, backups: 0, syslog: false, timestamps: false };
  const definition = aDefinition('web', {
    stdoutLog: { ...log, target: { kind: 'auto' } },
    stderrLog: { ...log, target: { kind: 'file', path: '/var/err' } },
  });
  assert.equal(logPathOf(folders, definition, 'stdout'), '/log/web-stdout.log');
  assert.equal(logPathOf(folders, definition, 'stderr'), '/var/err');
  assert.equal(logPathOf(folders, aDefinition(), 'stdout'), null);
});

test('a recorded child is alive while it or its keeper is, by token and not by pid alone', (context) => {
  const runDir = aFolder(context);
  const names = ['both', 'orphan', 'keeper', 'gone', 'reused'];
  const host = aRunningHost(...names.map((name) => aDefinition(name)));
  writeFileSync(join(runDir, 'gone.exit'), 'exit 3\n');
  const tokens = new Map<number, string>();
  for (const name of names) {
    const { child } = host.process(name);
    if (child === null) continue;
    if (name === 'both' || name === 'orphan') tokens.set(child.pid, child.startToken);
    if (name === 'both' || name === 'keeper') tokens.set(child.keeperPid, child.keeperStartToken);
    if (name === 'reused') tokens.set(child.pid, 'somebody else');
  }
  const table = {
    isAlive: ({ pid, startToken }: ProcessIdentity) => tokens.get(pid) === startToken,
  };
  const seen = lookForChildren(host.state(), { runDir, logDir: runDir }, table);
  const endedAtMs = statSync(join(runDir, 'gone.exit')).mtimeMs;
  assert.deepEqual(Object.fromEntries(seen), {
    both: { kind: 'alive' },
    orphan: { kind: 'alive' },
    keeper: { kind: 'alive' },
    gone: { kind: 'ended', exit: exitCode(3), endedAtMs },
    reused: { kind: 'ended', exit: { kind: 'unknown' } },
  });
});
