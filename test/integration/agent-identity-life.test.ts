/**
 * The identity of a real agent, from nothing to its end and back: it joins, renews, survives a
 * certificate that does not work, expires, and is readmitted. The controller is played by the test.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { CertificateAnswer } from '../../proto/certificates.ts';
import type { Credentials } from '../../proto/credentials.ts';
import { isRefusal, refusal } from '../../proto/errors.ts';
import { formatJoinString } from '../../proto/pki/join-string.ts';
import { signLeaf } from '../../proto/pki/leaf.ts';
import { generateLeafKey } from '../../proto/pki/new-key.ts';
import { readSigningRequest } from '../../proto/pki/signing-request.ts';
import { type Daemon, startProgram } from './fleet/daemon.ts';
import { freePort } from './fleet/free-port.ts';
import { createPki, type Pki, readCredentials, sharedPki } from './fleet/pki.ts';
import { killAllOf, MARK, processesOf } from './fleet/processes.ts';
import { copyPrograms, type Programs } from './fleet/programs.ts';
import { eventually } from './fleet/wait.ts';
import {
  type AskedFor,
  joinStringFor,
  type ScriptedIssuer,
  SECRET,
  signed,
  startScriptedIssuer,
} from './identity/scripted-issuer.ts';

const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'fleet-life-'));
const environment = { PATH: process.env['PATH'] ?? '', [MARK]: folder };
process.noDeprecation = true;

let programs: Programs;
let pki: Pki;
let controller: Credentials;

before(async () => {
  programs = copyPrograms(join(folder, 'programs'));
  pki = await sharedPki(join(folder, 'pki'), 'test');
  const files = await pki.issue({ kind: 'controller', name: 'ops-1' });
  controller = readCredentials(files, 'controller');
});

after(() => {
  killAllOf(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
});

const web1 = (asked: AskedFor): CertificateAnswer =>
  signed(pki.authority, asked, { kind: 'agent', name: 'web-1' });

/** The listener of agents and operators. */
const front = (
  answer: Parameters<typeof startScriptedIssuer>[1],
  refuses: NonNullable<Parameters<typeof startScriptedIssuer>[2]>['refuses'] = () => null,
): Promise<ScriptedIssuer> => startScriptedIssuer(controller, answer, { refuses });

let hosts = 0;

/** A host with a configuration; its pair ends after `leftMs`, or there is none yet. */
async function makeHost(settings: {
  readonly controllerPort?: number;
  readonly enrollPort?: number;
  readonly leftMs?: number;
}) {
  const directory = join(folder, `host-${hosts++}`);
  const pair = join(directory, 'pki');
  mkdirSync(pair, { recursive: true });
  const files = {
    ca: join(pair, 'ca.crt'),
    cert: join(pair, 'agent.crt'),
    key: join(pair, 'agent.key'),
  };
  const { controllerPort, enrollPort, leftMs } = settings;
  const lines = [
    ...(controllerPort === undefined ? [] : [`controllers = 127.0.0.1:${controllerPort}`]),
    ...(enrollPort === undefined ? [] : [`enroll = 127.0.0.1:${enrollPort}`]),
  ].join('\n');
  const conf = join(directory, 'agent.conf');
  writeFileSync(
    conf,
    `[agent]\nhost = web-1\nstate_dir = ${join(directory, 'state')}\nsocket = ${join(directory, 's')}
ca = ${files.ca}\ncert = ${files.cert}\nkey = ${files.key}\n${lines}
[program:sleeper]\ncommand = /bin/sleep 600\n`,
  );
  if (leftMs !== undefined) {
    writeFileSync(files.ca, pki.authority.certificatePem);
    await putPair(files, leftMs);
  }
  return { directory, pair, files, conf };
}

type Host = Awaited<ReturnType<typeof makeHost>>;

async function putPair(files: Host['files'], leftMs: number): Promise<void> {
  const { privateKey, keyPem } = await generateLeafKey();
  const publicKeyPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' });
  const nowMs = Date.now() - DAY_MS + leftMs;
  const leaf = signLeaf(pki.authority, {
    ...{ kind: 'agent', name: 'web-1', days: 1, nowMs, addresses: [] },
    publicKeyPem: publicKeyPem.toString(),
  });
  assert.ok(!isRefusal(leaf), JSON.stringify(leaf));
  writeFileSync(files.cert, leaf.certificatePem);
  writeFileSync(files.key, keyPem, { mode: 0o600 });
}

const fingerprintIn = ({ files }: Host): string =>
  new X509Certificate(readFileSync(files.cert)).fingerprint256;

function startAgent({ conf, directory }: Host): Daemon {
  const words = [programs.agent, '-c', conf];
  return startProgram({ name: 'agent', words, env: environment, directory });
}

interface JoinResult {
  readonly code: number | null;
  readonly output: string;
}

/** The join string goes in through a pipe. */
function runJoin(host: Host, words: readonly string[], joinString: string): Promise<JoinResult> {
  const child = spawn(process.execPath, [programs.agent, 'join', ...words], {
    ...{ cwd: host.directory, env: environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  child.stdin.on('error', () => undefined).end(`${joinString}\n`);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

const keyOf = ({ csrPem }: AskedFor): string => {
  const request = readSigningRequest(csrPem);
  assert.ok(!isRefusal(request));
  return request.keyHash;
};

const sleeperOf = (): number | undefined =>
  processesOf(folder).find(({ words }) => words.includes('600'))?.pid;

test('a host joins by a token from a pipe, and its agent connects and answers probes', async () => {
  using door = await startScriptedIssuer(controller, web1);
  using behind = await front(web1);
  const host = await makeHost({ controllerPort: behind.port });
  const joinString = formatJoinString(joinStringFor(pki.authority, door.port));
  const joined = await runJoin(host, ['--token-file', '-', '-c', host.conf], joinString);
  assert.equal(joined.code, 0, joined.output);
  assert.match(joined.output, /web-1 is in fleet "test"/);
  assert.ok(!joined.output.includes('add to [agent]'));
  assert.ok(!joined.output.includes(SECRET));
  assert.equal(statSync(host.files.key).mode & 0o777, 0o600);
  assert.equal(statSync(host.files.cert).mode & 0o777, 0o644);
  assert.equal(readFileSync(host.files.ca, 'utf8'), pki.authority.certificatePem);
  const agent = startAgent(host);
  await eventually('the agent says hello and answers', () => behind.probes.length > 0, {
    explain: () => agent.stderr(),
  });
  assert.equal(behind.hellos[0]?.fingerprint, fingerprintIn(host));
  assert.match(String(behind.hellos[0]?.instanceId), /^[0-9a-f]{32}$/);
  assert.deepEqual(behind.probes, [1]);
  await agent.end('SIGTERM');
  const again = await runJoin(host, ['--token-file', '-', '-c', host.conf], joinString);
  assert.notEqual(again.code, 0);
  assert.match(again.output, /in a fleet already/);
  assert.match(again.output, /--replace/);
  assert.equal(door.asked.length, 1);
});

test('a join whose answer was lost goes on with the same key when it is run again', async () => {
  let isLost = true;
  const lost = refusal('unavailable', 'the answer was lost');
  using door = await startScriptedIssuer(controller, (asked) => (isLost ? lost : web1(asked)));
  const host = await makeHost({});
  const words = ['--token-file', '-', '-c', host.conf];
  const joinString = formatJoinString(joinStringFor(pki.authority, door.port));
  const first = await runJoin(host, words, joinString);
  assert.equal(first.code, 4, first.output);
  isLost = false;
  const second = await runJoin(host, words, joinString);
  assert.equal(second.code, 0, second.output);
  assert.match(second.output, /add to \[agent\] in .*:\n {2}controllers = 127.0.0.1:7460\n/);
  assert.equal(door.asked.length, 2);
  assert.equal(new Set(door.asked.map(keyOf)).size, 1);
});

test('an impostor is told nothing, and the host says why it did not join', async () => {
  const theirs = await createPki(join(folder, 'theirs'), 'test');
  const wanted = { kind: 'controller', name: 'ops-1' } as const;
  const impostor = readCredentials(await theirs.issue(wanted), 'controller');
  using door = await startScriptedIssuer(impostor, web1);
  const host = await makeHost({});
  const joinString = formatJoinString(joinStringFor(pki.authority, door.port));
  const joined = await runJoin(host, ['--token-file', '-', '-c', host.conf], joinString);
  assert.equal(joined.code, 5, joined.output);
  assert.match(joined.output, /is not the controller that the join string is of/);
  assert.ok(!joined.output.includes(SECRET));
  assert.equal(door.asked.length, 0);
});

test('a join without a configuration writes one; a token that others can read is warned of', async () => {
  using door = await startScriptedIssuer(controller, web1);
  const host = await makeHost({});
  const token = join(host.directory, 'token');
  writeFileSync(token, formatJoinString(joinStringFor(pki.authority, door.port)), { mode: 0o644 });
  const conf = join(host.directory, 'etc', 'agent.conf');
  const words = ['--token-file', token, '-c', conf];
  const joined = await runJoin(host, [...words, '--host', 'web-1'], '');
  assert.equal(joined.code, 0, joined.output);
  assert.match(joined.output, /others can read/);
  const written = readFileSync(conf, 'utf8');
  assert.match(written, /controllers = 127.0.0.1:7460\n/);
  assert.ok(written.includes(`cert = ${join(host.directory, 'etc', 'pki', 'agent.crt')}\n`));
  assert.ok(written.includes(`enroll = 127.0.0.1:${door.port}\n`));
  assert.ok(!written.includes(SECRET));
  // It is known by then as whom this host is in the fleet.
  const again = await runJoin(host, [...words, '--replace', '--dir', 'etc/pki'], '');
  assert.deepEqual([again.code, door.asked.at(-1)?.name], [0, 'web-1'], again.output);
});

test('a join string on the command line, and one that is damaged, are refused without repeating them', async () => {
  const host = await makeHost({});
  const joinString = formatJoinString(joinStringFor(pki.authority, await freePort()));
  const place = ['-c', host.conf];
  for (const words of [
    ['--token-file', joinString],
    ['--token-file', '-', joinString],
  ]) {
    const joined = await runJoin(host, [...words, ...place], '');
    assert.equal(joined.code, 2);
    assert.match(joined.output, /never given on the command line/);
    assert.ok(!joined.output.includes(SECRET));
  }
  const damaged = [
    '',
    joinString.slice(0, -1),
    joinString.repeat(500),
    'hello',
    '\0'.repeat(99_999),
  ];
  for (const input of damaged) {
    const joined = await runJoin(host, ['--token-file', '-', ...place], input);
    assert.equal(joined.code, 2, joined.output);
    assert.ok(!joined.output.includes(SECRET.slice(0, 20)));
  }
});

test('a running agent renews its certificate, and no process notices', async () => {
  using behind = await front(web1);
  const host = await makeHost({ controllerPort: behind.port, leftMs: 60_000 });
  const before = fingerprintIn(host);
  const agent = startAgent(host);
  const sleeper = await eventually('the program runs', sleeperOf);
  await eventually('it is there by the new certificate', () => behind.hellos.length >= 2, {
    explain: () => agent.stderr(),
  });
  await eventually('the new pair is in its place', () => fingerprintIn(host) !== before);
  const [first, second] = behind.hellos;
  assert.equal(first?.fingerprint, before);
  assert.equal(second?.fingerprint, fingerprintIn(host));
  assert.equal(first?.instanceId, second?.instanceId);
  assert.equal(sleeperOf(), sleeper);
  assert.equal(statSync(host.files.key).mode & 0o777, 0o600);
  await eventually('it is told', () =>
    agent.log().some(({ msg }) => msg === 'certificate renewed'),
  );
  await agent.end('SIGTERM');
});

test('a new certificate that the controller refuses is dropped, and the old one goes on', async () => {
  let old = '';
  using behind = await front(web1, ({ fingerprint256 }) =>
    fingerprint256 === old ? null : refusal('denied', 'not this one'),
  );
  const host = await makeHost({ controllerPort: behind.port, leftMs: 60_000 });
  old = fingerprintIn(host);
  const agent = startAgent(host);
  await eventually('it is back by the old one', () => behind.hellos.length >= 3, {
    explain: () => agent.stderr(),
  });
  const seen = behind.hellos.slice(0, 3).map(({ fingerprint }) => fingerprint === old);
  assert.deepEqual(seen, [true, false, true]);
  const dropped = 'the certificate was not renewed; the one in use goes on';
  await eventually('it is told', () => agent.log().some(({ msg }) => msg === dropped));
  assert.equal(fingerprintIn(host), old);
  await agent.end('SIGTERM');
});

test('an agent whose certificate has expired runs its programs, asks to come back, and is readmitted', async () => {
  using behind = await front(web1);
  using door = await startScriptedIssuer(controller, web1);
  const host = await makeHost({
    ...{ controllerPort: behind.port, enrollPort: door.port, leftMs: -5_000 },
  });
  const expired = readFileSync(host.files.cert, 'utf8');
  const agent = startAgent(host);
  await eventually('it is back', () => behind.hellos.length > 0, { explain: () => agent.stderr() });
  assert.equal(door.asked[0]?.certificatePem, expired);
  assert.equal(behind.hellos[0]?.fingerprint, fingerprintIn(host));
  assert.ok(sleeperOf() !== undefined);
  assert.match(agent.stderr(), /fleetctl host readmit web-1/);
  await agent.end('SIGTERM');
});

test('a pair that was replaced by hand is taken up without a restart', async () => {
  using behind = await front(() => refusal('denied', 'no renewal here'));
  const host = await makeHost({ controllerPort: behind.port, leftMs: 8_000 });
  const agent = startAgent(host);
  await eventually('it is there', () => behind.hellos.length > 0, {
    explain: () => agent.stderr(),
  });
  await putPair(host.files, 600_000);
  await eventually('it is there by the new one', () => behind.hellos.length > 1, {
    explain: () => agent.stderr(),
  });
  assert.equal(behind.hellos.at(-1)?.fingerprint, fingerprintIn(host));
  await agent.end('SIGTERM');
});
