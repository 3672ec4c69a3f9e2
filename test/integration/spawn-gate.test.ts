/**
 * The moment between a pid and its program (`keeper.ts`), with either of the two shells that may
 * stand at the gate: the keeper's own subshell, and one where no /proc tells a subshell its pid.
 */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openProcessTable } from '../../agent/adapters/host/process-table.ts';
import { descriptorsOf, environmentOf, isAlive, statusField } from './fleet/processes.ts';
import { eventually } from './fleet/wait.ts';
import { isRoot, NOBODY, openChildren, quoted } from './spawn-harness.ts';

const TABLES = ['linux', 'ps'] as const;

for (const wanted of TABLES) {
  const table = openProcessTable(wanted);
  const how = `${wanted === 'ps' ? 'a shell of its own' : "the keeper's subshell"} at the gate`;

  test(`with ${how}, the program has its pid, and leads a session and a group`, async (context) => {
    const real = openChildren(context, { PATH: process.env['PATH'], A: 'b' }, table);
    for (const user of isRoot ? [null, NOBODY] : [null]) {
      const name = user === null ? 'own' : 'of-another';
      const definition = real.define(name, { command: 'sleep 1000', user, umask: 0o27 });
      const { pid, keeperPid } = await real.running(definition);
      await eventually('it is executed', () => statusField(pid, 'Name') === 'sleep');
      assert.equal(statusField(pid, 'PPid'), String(keeperPid));
      assert.deepEqual(
        [statusField(pid, 'NSsid'), statusField(pid, 'NSpgid')],
        [`${pid}`, `${pid}`],
      );
      assert.deepEqual([...descriptorsOf(pid).keys()], [0, 1, 2]);
      assert.equal(statusField(pid, 'Umask'), '0027');
      assert.equal(statusField(pid, 'SigIgn'), '0000000000000000');
      assert.equal(statusField(pid, 'SigBlk'), '0000000000000000');
      const names = Object.keys(environmentOf(pid)).sort();
      assert.deepEqual(names, ['A', 'PATH', 'SUPERVISOR_ENABLED', ...SUPERVISOR_NAMES]);
    }
  });

  test(`with ${how}, who is stopped there never runs, and nobody else gets the signal`, async (context) => {
    const real = openChildren(context, undefined, table);
    real.keepsGatesShut = true;
    const ran = join(real.folder, 'ran');
    for (const wholeGroup of [true, false]) {
      const web = real.define('web', { command: `touch ${ran}`, stopAsGroup: wholeGroup });
      const child = await real.running(web);
      // In one group with the keeper until it is let go: only by its own pid it may be reached.
      const result = real.children.stop(web.process, child, 'TERM', wholeGroup);
      assert.deepEqual(result, { kind: 'delivered' });
      const { exit } = await real.exited(web.process);
      assert.deepEqual(exit, { kind: 'signal', signal: 'TERM' }, 'the keeper was there to tell');
      assert.equal(existsSync(ran), false);
    }
  });

  test(`with ${how}, who is stopped just when it is let go ends by that signal`, async (context) => {
    const real = openChildren(context, undefined, table);
    real.keepsGatesShut = true;
    for (let round = 0; round < 12; round += 1) {
      const web = real.define('web', { command: 'sleep 1000' });
      const child = await real.running(web);
      real.children.release(web.process);
      // Another instruction each time: at the gate, in setsid, in the program.
      for (let turn = 0; turn < round; turn += 1) await new Promise(setImmediate);
      real.children.stop(web.process, child, 'TERM', true);
      const { exit } = await real.exited(web.process);
      assert.deepEqual(exit, { kind: 'signal', signal: 'TERM' });
      assert.ok(!isAlive(child.pid));
    }
  });

  test(`with ${how}, one that nobody lets through never ran`, async (context) => {
    const real = openChildren(context, undefined, table);
    real.keepsGatesShut = true;
    const web = real.define('web', { command: `touch ${join(real.folder, 'ran')}` });
    await real.running(web);
    real.children.abandon(web.process);
    assert.deepEqual((await real.exited(web.process)).exit, { kind: 'neverRan' });
    assert.equal(existsSync(join(real.folder, 'ran')), false);
  });

  test(`with ${how}, a program that is not there any more was never executed`, async (context) => {
    const real = openChildren(context, undefined, table);
    const web = real.define('web', { command: real.script('web', '#!/nowhere/interpreter\n') });
    const ended = await real.run(web);
    assert.ok(ended.kind === 'exited');
    assert.equal(ended.spawnError, `couldn't exec ${join(real.folder, 'web')}: ENOENT`);
  });

  test(`with ${how}, a first word that looks like an option is the program`, async (context) => {
    const real = openChildren(context, { PATH: join('/nowhere', 'bin') }, table);
    const path = real.script('-V', '#!/bin/sh\necho "ran $1"\n');
    const environment = { PATH: `${real.folder}:/bin:/usr/bin` };
    const web = real.define('web', { command: '-V --x', environment });
    const ended = await real.run(web);
    assert.ok(existsSync(path));
    assert.deepEqual(ended.kind === 'exited' && ended.exit, { kind: 'code', code: 0 });
    assert.equal(real.log('web'), 'ran --x\n');
  });
}

test('what a program is to be loaded with acts on nothing before it', async (context) => {
  const real = openChildren(context);
  // No library: the loader says so in whatever it starts, and then starts it nevertheless.
  const library = join(real.folder, 'no-library.so');
  writeFileSync(library, '');
  const environment = { LD_PRELOAD: library };
  const command = `/bin/sh -c ${quoted('exec 2>/dev/null; echo ready')}`;
  await real.run(real.define('web', { command, environment, redirectStderr: false }));
  assert.equal(real.log('web'), 'ready\n');
  const complaints = real
    .log('web', 'stderr')
    .split('\n')
    .filter((line) => line.includes(library));
  assert.equal(complaints.length, 1, real.log('web', 'stderr'));
});

const SUPERVISOR_NAMES = ['SUPERVISOR_GROUP_NAME', 'SUPERVISOR_PROCESS_NAME'];
