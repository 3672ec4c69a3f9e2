/**
 * Programs that refuse to start: everything that is wrong is told at once, each with its place, and
 * the exit code is 2. Nothing is half started, nothing is damaged.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MIGRATIONS } from '../../controller/store/schema.ts';
import { openDatabase, pragmaValue } from '../../proto/sqlite.ts';
import type { Daemon } from './fleet/daemon.ts';
import { createFleet, type Fleet } from './fleet/harness.ts';
import { processesOf } from './fleet/processes.ts';

let fleet: Fleet;
let controller: Daemon;

before(async () => {
  fleet = await createFleet();
  controller = await fleet.startController();
  await fleet.startAgent('web-1', {
    programs: '[program:web]\ncommand = sleep 1000\nstartsecs = 0\n',
  });
  await fleet.running('web-1', 'web');
});

after(() => fleet?.[Symbol.dispose]());

async function assertRefused(daemon: Daemon, signs: readonly RegExp[]): Promise<void> {
  assert.deepEqual(await daemon.ended(), { code: 2, signal: null }, daemon.stderr());
  for (const sign of signs) assert.match(daemon.stderr(), sign);
  assert.doesNotMatch(daemon.stderr(), /\n\s+at /, 'a stack trace is no message');
}

test('an agent tells every fault of its configuration at once, with file, line, section and key', async () => {
  const conf = fleet.write(
    'bad-agent.conf',
    `[agent]
controllers = ops-1
stat_dir = /tmp/nowhere
ca = ca.crt
cert = agent.crt
key = agent.key
[program:web]
command = sleep 1
startsecs = ten
stopsignal = TREM
[program:api]
comand = sleep 1
[group:all]
programs = web,appi
`,
  );
  const where = conf.replaceAll('.', '\\.');
  const signs = [
    `${where}:2: \\[agent\\] controllers: `,
    `${where}:3: \\[agent\\] stat_dir: .*\n.*did you mean state_dir\\?`,
    `${where}:9: \\[program:web\\] startsecs: expected seconds .*found "ten"`,
    `${where}:10: \\[program:web\\] stopsignal: expected a signal`,
    `${where}:11: \\[program:api\\] .*command`,
    `${where}:14: \\[group:all\\] programs: .*"appi"\n.*did you mean`,
    'bad-agent\\.conf cannot be used',
  ].map((sign) => new RegExp(sign));
  await assertRefused(fleet.runAgent(['-c', conf], { name: 'bad' }), signs);
  await assertRefused(fleet.runAgent(['-c', conf, '--check'], { name: 'bad' }), signs);
});

test('a controller does so too', async () => {
  const conf = fleet.write(
    'bad-controller.conf',
    `[controller]
listen = nonsense
state_dir = /tmp/nowhere
ca = ca.crt
cert = controller.crt
unreachable_afer = 2
[operater:alice]
roles = admin
[operator:bob]
roles = superuser
`,
  );
  const where = conf.replaceAll('.', '\\.');
  const signs = [
    `${where}:2: \\[controller\\] listen: `,
    `${where}:\\d+: \\[controller\\] key: `,
    `${where}:6: \\[controller\\] unreachable_afer: .*\n.*did you mean unreachable_after\\?`,
    `${where}:7: \\[operater:alice\\] .*\n.*did you mean \\[operator:NAME\\]\\?`,
    `${where}:10: \\[operator:bob\\] roles: there is no role "superuser"`,
  ].map((sign) => new RegExp(sign));
  await assertRefused(fleet.runController(['-c', conf]), signs);
});

test('fleetctl too, on stderr alone, and as JSON where that was asked for', async () => {
  const conf = fleet.write(
    'bad-fleetctl.conf',
    '[context:prod]\ncontrolller = ops-1:7460\nca = ca.crt\nkey = alice.key\n',
  );
  const signs = [
    /bad-fleetctl\.conf:2: \[context:prod\] controlller: .*\n.*did you mean controller\?/,
    /bad-fleetctl\.conf:\d+: \[context:prod\] controller: /,
    /bad-fleetctl\.conf:\d+: \[context:prod\] cert: /,
  ];
  const plain = await fleet.fleetctl('--config', conf, 'status');
  assert.deepEqual([plain.code, plain.stdout], [2, '']);
  for (const sign of signs) assert.match(plain.stderr, sign);
  const json = await fleet.fleetctl('--config', conf, 'status', '-o', 'json');
  assert.equal(json.code, 2);
  const error = JSON.parse(json.stderr) as { kind: string; code: string; cause: string };
  assert.deepEqual([error.kind, error.code], ['Error', 'configuration']);
  for (const sign of signs) assert.match(error.cause, sign);
});

test('missing, empty, unreadable and hostile configuration files are refused in words', async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [fleet.path('missing.conf'), /missing\.conf/],
    [fleet.folder, /is a directory/],
    [fleet.write('empty.conf', ''), /has no \[agent\] section[\s\S]*controllers = /],
    [
      fleet.write('binary.conf', '\0\u001b[31m'.repeat(1000)),
      /binary\.conf: cannot be read: it contains NUL bytes/,
    ],
    [
      fleet.write('hostile.conf', '[agent]\n\u001b[31m = 1\n'),
      /hostile\.conf:2: \[agent\] \\u\{1b\}\[31m: /,
    ],
  ];
  await Promise.all(
    cases.map(async ([conf, sign]) => {
      const agent = fleet.runAgent(['-c', conf], { name: 'bad' });
      await assertRefused(agent, [sign]);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
      assert.doesNotMatch(agent.stderr(), /\u001b/, 'the file writes to the terminal');
    }),
  );
});

test('certificates that do not fit are all told, with their paths', async () => {
  const conf = await fleet.writeAgentConf('web-9', { programs: '' });
  const other = await fleet.pki.issue({ kind: 'operator', name: 'alice' });
  const text = fleet
    .read('web-9.conf')
    .replace(/^ca = .*$/m, `ca = ${fleet.path('no-ca.crt')}`)
    .replace(/^key = .*$/m, `key = ${other.key}`);
  writeFileSync(conf, text);
  await assertRefused(fleet.runAgent(['-c', conf], { name: 'web-9' }), [
    /the certificates cannot be used/,
    /no-ca\.crt does not exist/,
    /operator-alice\.key is not the key of .*agent-web-9\.crt/,
  ]);
});

test('a second agent or controller on one state_dir is refused, and the first goes on', async () => {
  const pid = await fleet.running('web-1', 'web');
  const second = fleet.runAgent(['-c', fleet.path('web-1.conf')], { name: 'second' });
  const sign = /another instance is running with state_dir .*\n[\s\S]*fix: stop it first/;
  await assertRefused(second, [sign]);
  await assertRefused(fleet.runController(['-c', fleet.path('controller.conf')]), [sign]);
  assert.equal(await fleet.running('web-1', 'web'), pid);
  const programs = processesOf(fleet.folder).filter(({ words }) => words.length === 2);
  assert.equal(programs.filter(({ words }) => words[1] === '1000').length, 1);
});

test('a port that is taken is named, and so is a state_dir that cannot be made', async () => {
  const taken = fleet.read('controller.conf').replace(/^state_dir = .*$/m, 'state_dir = elsewhere');
  await assertRefused(fleet.runController(['-c', fleet.write('taken.conf', taken)]), [
    new RegExp(`cannot listen on 127\\.0\\.0\\.1:${fleet.port}`),
    /fix: stop what uses the port/,
  ]);
  const blocked = taken.replace(
    /^state_dir = .*$/m,
    `state_dir = ${fleet.path('taken.conf')}/state`,
  );
  await assertRefused(fleet.runController(['-c', fleet.write('blocked.conf', blocked)]), [
    /the directory .*taken\.conf\/state cannot be used/,
  ]);
});

test('a damaged database is refused by name, and left exactly as it was', async () => {
  await controller.end('SIGTERM');
  const healthy = readFileSync(fleet.path('controller', 'fleet.db'));
  const middle = Buffer.from(healthy);
  middle.fill(0x5a, 4096, Math.min(middle.length, 4096 * 3));
  const damages: readonly (readonly [string, Buffer])[] = [
    ['garbage', Buffer.from('this is no database, whatever its name says\n'.repeat(500))],
    ['half', healthy.subarray(0, Math.floor(healthy.length / 2))],
    ['middle', middle],
  ];
  await Promise.all(
    damages.map(async ([name, bytes]) => {
      const stateDir = fleet.path(`damaged-${name}`);
      mkdirSync(stateDir, { mode: 0o700 });
      const path = join(stateDir, 'fleet.db');
      writeFileSync(path, bytes);
      const conf = fleet
        .read('controller.conf')
        .replace(/^state_dir = .*$/m, `state_dir = ${stateDir}`);
      const damaged = fleet.runController(['-c', fleet.write(`damaged-${name}.conf`, conf)]);
      await assertRefused(damaged, [
        new RegExp(`the database ${path.replaceAll('.', '\\.')} is damaged`),
        /fix: stop this controller, then: fleet-controller restore BACKUP/,
      ]);
      assert.deepEqual(readFileSync(path), bytes, `${name} was changed`);
    }),
  );
  controller = await fleet.startController();
  await fleet.running('web-1', 'web');
});

test('the database is written ahead, and set to be durable at every commit', () => {
  const path = fleet.path('copy.db');
  copyFileSync(fleet.path('controller', 'fleet.db'), path);
  using database = closing(openDatabase({ path, migrations: MIGRATIONS }));
  assert.equal(pragmaValue(database.held, 'journal_mode'), 'wal');
  assert.equal(pragmaValue(database.held, 'synchronous'), 2);
  const [row] = fleet.query<{ journal_mode: string }>('controller/fleet.db', 'PRAGMA journal_mode');
  assert.equal(row?.journal_mode, 'wal');
});

test('what the daemons remember is readable by their user alone', () => {
  for (const folder of ['controller', 'web-1', 'web-1/run', 'web-1/log']) {
    assert.equal(statSync(fleet.path(folder)).mode & 0o077, 0, folder);
  }
});

function closing<Held extends { close(): unknown }>(
  held: Held,
): { readonly held: Held } & Disposable {
  return { held, [Symbol.dispose]: () => void held.close() };
}
