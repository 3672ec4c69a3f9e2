/**
 * A controller that is backed up while it works, killed, and restored: everything is there that was
 * there at the backup, and nobody gets back what was taken from him since.
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { generateLeafKey, type LeafKey } from '../../../proto/pki/new-key.ts';
import { makeSigningRequest } from '../../../proto/pki/signing-request.ts';
import type { Daemon } from '../fleet/daemon.ts';
import { endOf, type Fleet, operationRequest } from '../fleet/harness.ts';
import {
  issued,
  LETS_IN,
  newcomer,
  newSecret,
  type OpenFleet,
  openFleet,
  refused,
  SIGNS,
} from './newcomers.ts';

const PROGRAMS = `
[program:web]
command = sleep 1000
startsecs = 0
[program:slow]
command = sh -c 'trap "sleep 300" TERM; while :; do sleep 0.1; done'
startsecs = 0
stopwaitsecs = 300
`;

let open: OpenFleet;
let fleet: Fleet;
let controller: Daemon;
/** The agent of web-2, whose certificate will be revoked. */
let stolen: Daemon;
let keys: readonly LeafKey[];
/** In the backup, not used. */
let unused: string;
/** In the backup, not used; used afterwards. */
let usedLater: string;
let pid: number;
let slow: ReturnType<typeof operationRequest>;

before(async () => {
  [open, keys] = await Promise.all([
    openFleet(LETS_IN + SIGNS),
    Promise.all(Array.from({ length: 3 }, () => generateLeafKey())),
  ]);
  ({ fleet, controller } = open);
  await fleet.startAgent('web-1', { programs: PROGRAMS });
  stolen = await fleet.startAgent('web-2', { programs: PROGRAMS });
  for (const host of ['web-1', 'web-2']) {
    for (const name of ['web', 'slow']) await fleet.running(host, name);
  }
});

after(() => fleet?.[Symbol.dispose]());

const conf = (): string => fleet.path('controller.conf');
const backupFile = (): string => fleet.path('backup.db');

/** One of the controller's own commands. */
async function upkeep(...words: readonly string[]) {
  const program = fleet.runController([...words, '-c', conf()]);
  const { code } = await program.ended();
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}

/** A certificate for a name by a token's secret, on the listener of the controller of now. */
async function enrol(secret: string, name: string, key: LeafKey | undefined) {
  assert.ok(key);
  const serving = controller.log().find(({ msg }) => msg === 'serving');
  using guest = newcomer(open, Number(serving?.['enrollPort']));
  const csrPem = makeSigningRequest(key.privateKey, 'anything');
  return await guest.ask({ kind: 'enrol', request: { secret, name, csrPem } });
}

test('a backup is taken while operations run', async () => {
  unused = await newSecret(open, { names: 'new-*' });
  usedLater = await newSecret(open, { names: 'new-*' });
  const client = await fleet.client();
  slow = operationRequest({ verb: 'restart', hosts: 'web-1', processes: ['slow'] });
  await client.submitOperation({ kind: 'operation', request: slow }, AbortSignal.timeout(20_000));
  let isDone = false;
  let count = 0;
  const working = (async () => {
    for (; !isDone; count += 1) {
      const quick = operationRequest({ verb: 'restart', hosts: '@*', processes: ['web'] });
      await client.submitOperation(
        { kind: 'operation', request: quick },
        AbortSignal.timeout(20_000),
      );
      await endOf(client, quick.id);
    }
  })();
  await fleet.until('operations run', () => count > 0);
  const before = count;
  const { code, stdout, stderr } = await upkeep('backup', backupFile());
  const meanwhile = count - before;
  isDone = true;
  await working;
  assert.ok(meanwhile > 0, 'nothing ran while it was taken');
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /backup\.db: \d+ bytes\nschema \d+\naudit: \d+ rows, sound, head \d+:[0-9a-f]{64}\n/,
  );
  assert.equal(statSync(backupFile()).mode & 0o777, 0o600);
  const again = await upkeep('backup', backupFile());
  assert.equal(again.code, 2);
  assert.match(again.stderr, /is there already/);
});

test('what ends after the backup is written down apart from the database', async () => {
  const authority = await (await fleet.client()).authority();
  issued(await enrol(usedLater, 'new-1', keys[0]));
  const choice = { kind: 'holder', holder: { kind: 'agent', name: 'web-2' } } as const;
  await authority.revokeCertificates({ choice, reason: 'stolen' });
  const lines = fleet.lines('controller', 'ended.log').map((line) => JSON.parse(line).kind);
  assert.ok(lines.includes('token') && lines.includes('bar'), lines.join());
});

test('a restore is refused while the controller runs, and does nothing unless told so', async () => {
  const early = await upkeep('restore', backupFile(), '--yes');
  assert.equal(early.code, 2);
  assert.match(early.stderr, /another instance is running/);
  pid = await fleet.running('web-1', 'web');
  await controller.end('SIGKILL');
  const before = readFileSync(fleet.path('controller', 'fleet.db'));
  const dry = await upkeep('restore', backupFile());
  assert.equal(dry.code, 2);
  assert.match(dry.stdout, /can be restored:[\s\S]*Nothing was done\. Say --yes/);
  assert.deepEqual(readFileSync(fleet.path('controller', 'fleet.db')), before);
});

test('after a restore nobody has back what was taken from him', async () => {
  const { code, stdout, stderr } = await upkeep('restore', backupFile(), '--yes');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /From ended\.log: .*1 bar/);
  assert.match(stdout, /Void: 1 unused token,/);
  assert.match(stdout, new RegExp(`paused: .*${slow.id}`));
  controller = await fleet.startController();
  assert.equal(await fleet.running('web-1', 'web'), pid, 'no process was touched');
  for (const [secret, key] of [
    [unused, keys[1]],
    [usedLater, keys[2]],
  ] as const) {
    assert.equal(refused(await enrol(secret, 'new-2', key)).code, 'denied');
  }
  // Turned away before, it would ask again in a minute only.
  await stolen.end('SIGKILL');
  stolen = await fleet.startAgent('web-2', { programs: PROGRAMS });
  await fleet.until('the revoked agent is turned away', () =>
    stolen.log().some(({ why }) => /agent\/web-2 was revoked/.test(String(why))),
  );
  const hosts = await (await fleet.client()).listHosts('');
  const states = new Map(hosts.hosts.map(({ host, connected }) => [`${host}`, connected]));
  assert.equal(states.get('web-1'), true);
  assert.equal(states.get('web-2'), false);
});
