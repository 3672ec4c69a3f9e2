/**
 * Where secrets go: the whole way of a host and of a person into the fleet and an operation there, and
 * then a search of everything that was written, printed, copied or shown for each of them.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { agentConf } from '../fleet/config-files.ts';
import type { Daemon } from '../fleet/daemon.ts';
import { type FleetctlResult, makeFolder } from '../fleet/harness.ts';
import { environmentOf, processesOf } from '../fleet/processes.ts';
import { LETS_IN, type OpenFleet, openFleet, SIGNS } from './newcomers.ts';

const OF_ENVIRONMENT = 'sentinel-of-environment';
const OF_ENV_FILE = 'sentinel-of-env-file';

let open: OpenFleet;
let agent: Daemon;
let pid: number;
/** Everything that a person got to see. */
const shown: string[] = [];
/** Everything that programs were started with, seen while they ran. */
const argumentsSeen = new Set<string>();
const secrets = new Map<string, string>();

before(async () => {
  open = await openFleet(`${LETS_IN}${SIGNS}[operator:olga]\nroles = admin\n`);
  await joinHost();
  await signIn();
  await workWithIt();
});

after(() => open?.[Symbol.dispose]());

function noteSecretOf(what: string, joinString: string): void {
  const secret = joinString.trim().split(':').at(-1) ?? '';
  assert.equal(secret.length, 43);
  secrets.set(what, secret);
}

async function ended(daemon: Daemon): Promise<void> {
  for (const { words } of processesOf(open.fleet.folder)) argumentsSeen.add(words.join(' '));
  const { code } = await daemon.ended();
  shown.push(daemon.stdout(), daemon.stderr());
  assert.equal(code, 0, daemon.stderr());
}

async function joinHost(): Promise<void> {
  const { fleet } = open;
  const pki = makeFolder(fleet, 'host-pki');
  const tokenFile = fleet.path('web-1.token');
  await show('token', 'create', '--hosts', 'web-1', '--output', tokenFile);
  noteSecretOf('the secret of the token of a host', readFileSync(tokenFile, 'utf8'));
  fleet.write('web.env', `PASSWORD=${OF_ENV_FILE}\n`);
  const certificate = {
    ca: join(pki, 'ca.crt'),
    cert: join(pki, 'agent.crt'),
    key: join(pki, 'agent.key'),
  };
  const programs = `[program:web]
command = sleep 1000
startsecs = 0
environment = SECRET="${OF_ENVIRONMENT}"
env_file = ${fleet.path('web.env')}
[program:broken]
command = /nowhere/broken
autostart = false
env_file = ${fleet.path('web.env')}
`;
  const place = { folder: fleet.folder, name: 'web-1', certificate };
  const text = agentConf(place, { controller: `localhost:${fleet.port}`, programs });
  const conf = fleet.write('web-1.conf', text);
  const words = ['join', '--token-file', tokenFile, '-c', conf, '--host', 'web-1'];
  await ended(fleet.runAgent(words, { name: 'join' }));
  agent = fleet.runAgent(['-c', conf], { name: 'web-1' });
  pid = await fleet.running('web-1', 'web');
}

async function signIn(): Promise<void> {
  const { fleet } = open;
  const created = await fleet.fleetctl('token', 'create', '--operator', 'olga');
  noteSecretOf('the secret of the token of a person', created.stdout);
  shown.push(created.stderr);
  const tokenFile = fleet.write('olga.token', created.stdout);
  const config = fleet.path('olga', 'config');
  await ended(await fleet.startFleetctl('--config', config, 'login', '--token-file', tokenFile));
}

async function show(...words: readonly string[]): Promise<FleetctlResult> {
  const result = await open.fleet.fleetctl(...words);
  shown.push(result.stdout, result.stderr);
  return result;
}

async function workWithIt(): Promise<void> {
  const { fleet } = open;
  const olga = ['--config', fleet.path('olga', 'config')];
  await show(...olga, 'restart', 'web', '--hosts', 'web-1', '--yes');
  pid = await fleet.running('web-1', 'web');
  for (const words of [
    ['start', 'broken', '--hosts', 'web-1', '--yes'],
    ['status', '-o', 'json'],
    ['describe', 'web-1/web'],
    ['op', 'list', '-o', 'json'],
    ['reread', '--hosts', 'web-1'],
    ['token', 'list', '--all', '-o', 'json'],
    ['cert', 'list', '-o', 'json'],
    ['audit', 'export'],
    ['logs', '*', '--hosts', 'web-1'],
  ]) {
    await show(...words);
  }
  const conf = fleet.path('controller.conf');
  await ended(fleet.runController(['backup', fleet.path('backup.db'), '-c', conf]));
  secrets.set('a value of env_file', OF_ENV_FILE);
  secrets.set('a value of environment', OF_ENVIRONMENT);
  for (const path of keyFiles())
    secrets.set(`the key in ${path}`, bodyOf(readFileSync(path, 'utf8')));
}

const keyFiles = (): readonly string[] => [
  open.fleet.path('host-pki', 'agent.key'),
  ...filesBelow(open.fleet.path('olga')).filter((path) => path.endsWith('.key')),
  open.fleet.path('ca.key'),
];

/** A line in the middle of it, which no other file can have by chance. */
function bodyOf(pem: string): string {
  assert.match(pem, /PRIVATE KEY/);
  return pem.split('\n')[10] ?? assert.fail('a short key');
}

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());

/** Also as other encodings would have it. */
const formsOf = (secret: string): readonly string[] => [
  secret,
  Buffer.from(secret).toString('hex'),
  Buffer.from(secret, 'base64url').toString('hex'),
  Buffer.from(secret, 'base64url').toString('base64'),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
];

function assertWithout(text: string, where: string): void {
  for (const [what, secret] of secrets) {
    for (const form of formsOf(secret)) assert.ok(!text.includes(form), `${what} is in ${where}`);
  }
}

test('the search finds what is there', () => {
  assert.equal(secrets.size, 7);
  const [, first = ''] = [...secrets][0] ?? [];
  assert.ok(readFileSync(open.fleet.path('web-1.token'), 'latin1').includes(first));
  assert.equal(environmentOf(pid)['SECRET'], OF_ENVIRONMENT);
  assert.equal(environmentOf(pid)['PASSWORD'], OF_ENV_FILE);
  assert.throws(() => assertWithout(`x${first}x`, 'a text'));
});

test('nothing of it is with the controller: not in its database, its ledger, its log, its backup', () => {
  const files = [...filesBelow(open.fleet.path('controller')), open.fleet.path('backup.db')];
  assert.ok(files.some((path) => path.endsWith('ended.log')));
  for (const path of files) {
    const bytes = readFileSync(path, 'latin1');
    assertWithout(bytes, path);
  }
  assert.ok(readFileSync(open.fleet.path('backup.db'), 'latin1').includes('web-1'));
  assertWithout(open.controller.stderr(), 'the log of the controller');
});

test('nothing of it is shown to people, logged by the agent, or an argument that others can read', () => {
  assert.ok(shown.some((text) => text.includes('web-1')));
  for (const text of shown) assertWithout(text, JSON.stringify(text.slice(0, 300)));
  assertWithout(agent.stderr(), 'the log of the agent');
  for (const { words } of processesOf(open.fleet.folder)) argumentsSeen.add(words.join(' '));
  assert.ok([...argumentsSeen].some((line) => line.includes('sleep 1000')));
  for (const line of argumentsSeen) assertWithout(line, line);
});

test('what is secret on a host can be read by its owner alone', () => {
  for (const path of [...keyFiles(), open.fleet.path('web-1.token')]) {
    assert.equal(statSync(path).mode & 0o777, 0o600, path);
  }
  for (const [name, reach] of [
    ['controller', 0],
    ['web-1', 0],
  ] as const) {
    assert.equal(statSync(open.fleet.path(name)).mode & 0o077, reach, `${name} is for others, too`);
  }
});

const ON_COMMAND_LINE = /a join string is never given on the command line/;

test('a join string as an argument or in the environment is refused and not repeated', async () => {
  const { fleet } = open;
  const joinString = readFileSync(fleet.path('web-1.token'), 'utf8').trim();
  const join = ['join', '-c', fleet.path('web-1.conf')];
  const env = { FLEETVISOR_TOKEN: joinString };
  for (const [program, why] of [
    [fleet.runAgent([...join, joinString], { name: 'join' }), ON_COMMAND_LINE],
    [fleet.runAgent([...join, '--token-file', joinString], { name: 'join' }), ON_COMMAND_LINE],
    [fleet.runAgent(join, { name: 'join', env }), /'--token-file <file>' not specified/],
    [await fleet.startFleetctl('login', joinString), /too many arguments for 'login'/],
    [await fleet.startFleetctl('login', '--token-file', joinString), ON_COMMAND_LINE],
  ] as const) {
    const { code } = await program.ended();
    assert.equal(code, 2, program.stderr());
    assert.match(program.stderr(), why);
    assertWithout(program.stdout() + program.stderr(), program.stderr());
  }
});

test('a program gets its own environment and nothing of the agent, above all no key', () => {
  const names = Object.keys(environmentOf(pid));
  assert.ok(names.includes('SECRET'));
  assert.ok(existsSync(`/proc/${agent.pid}`));
  for (const name of names) assert.doesNotMatch(name, /^FLEETVISOR_(?!TEST_)|^NODE_|KEY|TOKEN/);
});
