/** The words for a program that could not be started: Supervisor's, where it has some. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bounded,
  childRemarks,
  execFailure,
  forkFailure,
  keeperFailure,
  outputFailure,
} from '../../agent/adapters/children/spawn-failure.ts';
import { aDefinition, exitCode, killedBy } from '../fakes/agent-process.ts';

const web = aDefinition('web', { command: '/srv/web --port 80' });
const inDirectory = aDefinition('web', { directory: '/nowhere/at all' });
const nobody = aDefinition('web', {
  command: 'web',
  directory: '/',
  user: { name: 'nobody', uid: 65534, gid: 65534 },
});

test('what could not be opened or forked is told as Supervisor tells it', () => {
  assert.equal(outputFailure({ code: 'EMFILE' }, web), "too many open files to spawn 'web'");
  assert.equal(
    outputFailure({ code: 'ENOSPC' }, web),
    "unknown error making dispatchers for 'web': ENOSPC",
  );
  const forks = {
    EMFILE: "too many open files to spawn 'web'",
    EAGAIN: "Too many processes in process table to spawn 'web'",
    ENOMEM: "unknown error during fork for 'web': ENOMEM",
    E2BIG: "couldn't exec /srv/web: E2BIG",
    EACCES: "unknown error during fork for 'web': EACCES",
  };
  for (const [code, words] of Object.entries(forks))
    assert.equal(forkFailure({ code }, web), words);
});

test('a directory that went away at the last moment is named', () => {
  const error = { code: 'ENOENT' };
  assert.equal(forkFailure(error, inDirectory), "couldn't chdir to /nowhere/at all: ENOENT");
  assert.match(forkFailure({ code: 'ENOMEM' }, inDirectory), /during fork/);
});

test("a keeper's remarks are told apart from trouble of its own", () => {
  const words = (remarks: string) => keeperFailure(remarks, web);
  assert.match(words('keeper of web: 5: Cannot fork\n'), /^Too many processes/);
  assert.match(words('sh: fork: Resource temporarily unavailable\n'), /^Too many processes/);
  assert.match(words('sh: fork: Cannot allocate memory\n'), /: ENOMEM$/);
  assert.equal(words('a\nno room\n'), 'its keeper failed: no room');
  assert.match(words(''), /it ended before/);
});

test('a program that was never executed is told from one that ended with the same status', () => {
  const tell = (line: string, code = 127) => execFailure(exitCode(code), ['before', line], web);
  const remarks = {
    'keeper of web: 6: exec: /srv/web: not found': 'ENOENT',
    'keeper of web: line 6: /srv/web: cannot execute: required file not found': 'ENOENT',
    'keeper of web: 6: exec: /srv/web: Permission denied': 'EACCES',
    'setsid: failed to execute /srv/web: No such file or directory': 'ENOENT',
    '/usr/bin/setsid: failed to execute /srv/web: Argument list too long': 'E2BIG',
    "setsid: can't execute '/srv/web': Permission denied": 'EACCES',
    '/usr/bin/env: ‘/srv/web’: No such file or directory': 'ENOENT',
    'keeper of web: 6: exec: /srv/web: Datei oder Verzeichnis nicht gefunden': 'ENOENT',
  };
  for (const [line, name] of Object.entries(remarks)) {
    assert.equal(tell(line), `couldn't exec /srv/web: ${name}`);
  }
  assert.match(tell('keeper of web: 6: exec: /srv/web: Zugriff verweigert', 126) ?? '', /EACCES$/);
  assert.equal(tell('web: not found'), null);
  assert.equal(tell('keeper of other: 6: exec: /srv/web: not found'), null);
  assert.equal(tell('setsid: failed to execute /srv/other: No such file or directory'), null);
  const [line = ''] = Object.keys(remarks);
  assert.equal(execFailure(exitCode(3), [line], web), null);
  assert.equal(execFailure(killedBy('KILL'), [line], web), null);
});

test('who could not become its user is told so, by number and with the step that failed', () => {
  const tell = (line: string, code = 127) => execFailure(exitCode(code), [line], nobody);
  const cases = [
    ['setpriv: uid 65534 not found, --init-groups requires …', 1, "Can't find uid 65534"],
    ['setpriv: initgroups failed: x', 127, 'Could not set groups of effective user'],
    [
      '/usr/sbin/chroot: failed to set supplemental groups: x',
      125,
      'Could not set groups of effective user',
    ],
    ['setpriv: setresgid failed: x', 127, 'Could not set group id of effective user'],
    [
      'setpriv: setresuid failed: Operation not permitted',
      127,
      'setresuid failed: Operation not permitted',
    ],
  ] as const;
  for (const [line, code, why] of cases) {
    assert.equal(tell(line, code), `couldn't setuid to 65534: ${why}`);
  }
  const full = 'setpriv: failed to execute /bin/sh: Resource temporarily unavailable';
  assert.equal(tell(full, 126), "couldn't exec web: EAGAIN");
  assert.equal(tell("fleetvisor: couldn't chdir to /"), "couldn't chdir to /: EACCES");
  assert.equal(execFailure(exitCode(127), [full], web), null, 'nobody said so on our behalf');
});

test("what Supervisor's child finds out is said where its stderr goes, and nothing else", () => {
  for (const error of [
    "couldn't setuid to 65534: Can't find uid 65534",
    "couldn't chdir to /nowhere: ENOENT",
    "couldn't exec web: EACCES",
  ]) {
    const lines = `supervisor: ${error}\nsupervisor: child process was not spawned\n`;
    assert.equal(childRemarks(error), lines);
  }
  for (const error of [
    "can't find command 'web'",
    "command at '/srv/web' is not executable",
    "too many open files to spawn 'web'",
    'its keeper failed: no room',
  ]) {
    assert.equal(childRemarks(error), null);
  }
});

test('an error that quotes too much loses its middle, not its reason', () => {
  assert.equal(bounded('short'), 'short');
  const text = bounded(`x${'y'.repeat(5_000)}: E2BIG`);
  assert.ok(text.length <= 1_000);
  assert.match(text, /^xyy.* … y.*: E2BIG$/);
});
