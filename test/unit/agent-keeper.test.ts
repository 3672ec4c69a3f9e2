/** What stands between the agent and a program, and the children that nobody can wait for. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { AdoptedChildren } from '../../agent/adapters/children/adopted.ts';
import { keeperArguments } from '../../agent/adapters/children/keeper.ts';
import { carryEnvironment } from '../../agent/adapters/children/keeper-environment.ts';
import { mayBeAlive, type ProcessIdentity } from '../../agent/adapters/host/process-table.ts';
import type { ExitStatus } from '../../agent/core/exit-status.ts';
import { PaperProcesses } from '../fakes/process-table.ts';

const CHILD = { pid: 7, startToken: 'a', keeperPid: 6, keeperStartToken: 'b', bootId: 'boot-1' };
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

const OWN = { PATH: '/bin', HOME: '/root', LD_PRELOAD: 'own.so', PWD: '/' };

test('names that a shell would drop or overwrite travel as values, and no other does', () => {
  const plain = { PATH: '/bin', _x1: '', out: 'o', SHELL: '/bin/sh' };
  const carrier = { own: OWN, crossesUsers: false };
  assert.deepEqual(carryEnvironment(plain, carrier), {
    environment: plain,
    restore: 'unset PWD OLDPWD SHLVL\n',
    prefix: '',
    isForLoader: false,
  });
  const strange = { 'a.b': '1=2', IFS: ' ', '': 'nameless', '1st': 'x' };
  const packed = carryEnvironment({ ...plain, ...strange }, carrier);
  for (const [name, value] of Object.entries(plain)) assert.equal(packed.environment[name], value);
  const values = Object.entries(packed.environment).filter(([name]) => !(name in plain));
  assert.deepEqual(values.map(([, value]) => value).sort(), [
    '1st=x',
    '=nameless',
    'IFS= ',
    'a.b=1=2',
  ]);
  assert.ok(values.every(([name]) => /^[A-Z_0-9]+$/.test(name)));
  assert.match(packed.prefix, /^\/usr\/bin\/env (-u [A-Z_0-9]+ ){4}("\$[A-Z_0-9]+" ){4}$/);
});

test('what is set for a program acts neither on its keeper nor on what makes it its user', () => {
  const wanted = { ...OWN, LD_PRELOAD: 'its.so', LD_DEBUG: 'all', X: '1', SUPERVISOR_ENABLED: '1' };
  const visible = (crossesUsers: boolean) => {
    const { environment } = carryEnvironment(wanted, { own: OWN, crossesUsers });
    return Object.keys(environment).filter((name) => !name.startsWith('FLEETVISOR_'));
  };
  assert.deepEqual(visible(false), ['PATH', 'HOME', 'X', 'SUPERVISOR_ENABLED']);
  assert.deepEqual(visible(true), ['PATH', 'HOME', 'SUPERVISOR_ENABLED']);
  const same = carryEnvironment(OWN, { own: OWN, crossesUsers: true });
  assert.equal(same.environment['LD_PRELOAD'], 'own.so', 'it acts on the agent as well');
});

test('arguments, which everybody can read, hold only what no shell can assign', () => {
  const wanted = { SECRET: 's', LD_LIBRARY_PATH: '/lib', 'a.b': 'x' };
  const carried = carryEnvironment(wanted, { own: {}, crossesUsers: true });
  const shown = [...carried.prefix.matchAll(/"\$(\w+)"/g)].map(([, name = '']) => name);
  assert.deepEqual(
    shown.map((name) => carried.environment[name]),
    ['LD_LIBRARY_PATH=/lib', 'a.b=x'],
  );
  assert.match(carried.restore, /^export SECRET=/m);
});

const HOSTILE = { 'a.b': `'"$(id)`, PWD: '/else where', LD_X: 'a\nb', X: '$HOME', UID: '7' };

for (const wanted of [HOSTILE, { ...HOSTILE, 'a.b': undefined, UID: undefined }, {}]) {
  const defined = Object.entries(wanted).filter((entry) => entry[1] !== undefined);
  test(`a program gets exactly its ${defined.length} variables`, () => {
    const environment = Object.fromEntries(defined) as Record<string, string>;
    const carried = carryEnvironment(environment, { own: {}, crossesUsers: true });
    const script = `${carried.restore}exec ${carried.prefix}/usr/bin/env -0`;
    const { stdout } = spawnSync('/bin/sh', ['-c', script], { env: carried.environment });
    const lines = stdout
      .toString()
      .split('\0')
      .filter((line) => line !== '');
    assert.deepEqual(lines.sort(), defined.map(([name, value]) => `${name}=${value}`).sort());
  });
}

const KEEPER = {
  process: 'g:web',
  exitFile: '/run/web.exit',
  stdinFifo: '/run/web.in',
  stdoutFifo: '/run/web.out',
  stderrFifo: '/run/web.err',
  umask: 0o27,
  descriptorsMax: 1024,
  switchWords: [],
  directory: '/srv',
  command: ['web', '--x', '$y'],
  restore: '',
  prefix: '',
  isForLoader: false,
  selfPath: null,
};

const SELF_PATH = '/proc/self/stat';

for (const selfPath of [null, SELF_PATH]) {
  const where = selfPath === null ? 'in a shell of its own' : "in the keeper's subshell";
  test(`with the gate ${where}, only behind what makes it its user a program sees its variables`, () => {
    const restore = 'export LD_PRELOAD="$X"\n';
    const options = { ...KEEPER, restore, isForLoader: true, selfPath };
    const words = keeperArguments({ ...options, switchWords: ['/bin/become', 'nobody'] });
    const at = words.indexOf('/bin/become');
    assert.deepEqual(words.slice(at, at + 4), ['/bin/become', 'nobody', '/bin/sh', '-c']);
    assert.match(words[at + 4] ?? '', /cd -P "\$1".*export LD_PRELOAD/s);
    assert.deepEqual(words.slice(at + 5), ['keeper of g:web', '/srv', 'web', '--x', '$y']);
    assert.ok(!words.slice(0, at).some((word) => word.includes('LD_PRELOAD')));
    assert.equal(gateOf(words), selfPath === null ? 'sh' : 'sub');
  });
}

test('no descriptor but 0, 1 and 2 passes the gate', () => {
  const [, own = ''] = keeperArguments({ ...KEEPER, selfPath: SELF_PATH });
  assert.match(own, /"\$@" >&4 2>&5 3>&- 4>&- 5>&- \)$/m);
  const words = keeperArguments(KEEPER);
  assert.match(words[1] ?? '', /exec "\$@" 6>&2 >&4 2>&5 4>&- 5>&- \)$/m);
  assert.match(words.at(-5) ?? '', /exec "\$@" 3>&- 6>&-$/);
});

test('what the dynamic loader obeys is assigned by the last shell, with nothing after it', () => {
  const restore = 'export LD_PRELOAD="$X"\n';
  const options = { ...KEEPER, restore, selfPath: SELF_PATH };
  assert.equal(gateOf(keeperArguments({ ...options, isForLoader: true })), 'sh');
  assert.equal(gateOf(keeperArguments({ ...options, isForLoader: false })), 'sub');
  const isForLoader = (wanted: Readonly<Record<string, string>>) =>
    carryEnvironment(wanted, { own: OWN, crossesUsers: false }).isForLoader;
  assert.equal(isForLoader({ LD_PRELOAD: 'its.so' }), true);
  assert.equal(isForLoader({ LD_PRELOAD: 'own.so' }), false, "it is the agent's own");
  assert.equal(isForLoader({ LD_PRELOAD: 'its.so', 'a.b': '' }), false, 'env(1) assigns it');
});

/** Which shell waits there. */
function gateOf(words: readonly string[]): 'sub' | 'sh' | undefined {
  const at = words.findIndex((word) => word.includes('read -r FLEETVISOR_GATE <&3'));
  return at === 1 ? 'sub' : at > 1 ? 'sh' : undefined;
}

test('a directory is never taken for an option, nor looked for elsewhere', () => {
  const placeOf = (directory: string | null) =>
    keeperArguments({ ...KEEPER, directory, switchWords: ['become'] }).at(-4);
  assert.equal(placeOf('-P'), './-P');
  assert.equal(placeOf('/srv'), '/srv');
  assert.equal(placeOf(null), '');
});

test('an adopted child whose pids cannot be looked up has not ended', () => {
  const ends: ExitStatus['kind'][] = [];
  let answer = (): string | null => {
    throw new Error('EMFILE');
  };
  const table = {
    ...new PaperProcesses().table(),
    isAlive: ({ startToken }: ProcessIdentity) => answer() === startToken,
  };
  // A folder that is not there cannot be watched either, as without free watches.
  using adopted = new AdoptedChildren(table, join('/nowhere', 'run'), silent);
  adopted.add(CHILD, '/nowhere/run/web.exit', (exit) => ends.push(exit.kind));
  assert.equal(ends.length, 0);
  assert.equal(mayBeAlive(table, CHILD.pid, CHILD.startToken), true);
  answer = () => null;
  adopted.add(CHILD, '/nowhere/run/web.exit', (exit) => ends.push(exit.kind));
  assert.deepEqual(ends, ['unknown']);
  assert.equal(mayBeAlive(table, CHILD.pid, CHILD.startToken), false);
});
