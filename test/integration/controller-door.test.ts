/**
 * Who may come in: every wrong certificate is refused, the client is told the likely cause and what
 * to do, and the log of the server says precisely what was wrong, since it alone knows.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FleetError, type Refusal } from '../../proto/errors.ts';
import type { Daemon, LogLine } from './fleet/daemon.ts';
import { createFleet, type Fleet } from './fleet/harness.ts';
import { createPki, type Pki, readCredentials, type Wanted } from './fleet/pki.ts';
import { dialAsAgent, helloOf } from './security/agent-stream.ts';
import { dialHttp2 } from './security/raw-http2.ts';

let fleet: Fleet;
let controller: Daemon;
let stranger: Pki;
let namesake: Pki;

before(async () => {
  fleet = await createFleet({ controllerSan: 'IP:127.0.0.1,DNS:ops-1.example.com' });
  [stranger, namesake] = await Promise.all([
    createPki(fleet.path('stranger'), 'other'),
    createPki(fleet.path('namesake'), 'test'),
  ]);
  controller = await fleet.startController();
});

after(() => fleet?.[Symbol.dispose]());

/** The line is written at the latest a moment after the client has been told. */
function logged(message: RegExp): Promise<LogLine> {
  return fleet.until(`the controller logs ${message}`, () =>
    controller.log().find(({ msg }) => message.test(msg)),
  );
}

interface ErrorDocument extends Refusal {
  readonly kind: 'Error';
}

async function refusedFleetctl(config: string): Promise<ErrorDocument & { exit: number | null }> {
  const result = await fleet.fleetctl('--config', config, 'status', '-o', 'json');
  assert.equal(result.stdout, '');
  return { ...(JSON.parse(result.stderr) as ErrorDocument), exit: result.code };
}

test('an operator of another fleet does not trust this controller, and learns which ca it wants', async () => {
  const files = await stranger.issue({ kind: 'operator', name: 'alice' });
  const error = await refusedFleetctl(fleet.writeFleetctlConf('stranger', { ...files }));
  assert.equal(error.exit, 4);
  assert.match(error.cause ?? '', /certificate of another authority than the one trusted here/);
  assert.match(error.fix ?? '', /ca\.crt of the fleet that this controller belongs to/);
});

test('a certificate of another authority is refused even where the client trusts ours', async () => {
  const { ca } = await fleet.pki.issue({ kind: 'operator', name: 'alice' });
  const { cert, key } = await namesake.issue({ kind: 'operator', name: 'alice' });
  const config = fleet.writeFleetctlConf('namesake', { ca, cert, key });
  const refused = await refusedFleetctl(config);
  assert.equal(refused.exit, 2);
  assert.match(refused.cause ?? '', /operator-alice\.crt/);
  const { identity } = readCredentials(
    await namesake.issue({ kind: 'operator', name: 'alice' }),
    'operator',
  );
  const ours = readCredentials(
    await fleet.pki.issue({ kind: 'operator', name: 'alice' }),
    'operator',
  );
  const theirs = readCredentials(
    await namesake.issue({ kind: 'operator', name: 'alice' }),
    'operator',
  );
  const error = await refusalOfStream({ ...theirs, ca: ours.ca, identity });
  assert.equal(error.code, 'unavailable');
  const line = await logged(/certificate is of another authority/);
  assert.equal(line.level, 40);
  assert.match(String(line['peer']), /^127\.0\.0\.1:\d+$/, 'whoever reads it knows which machine');
});

test('a controller that was not issued the name that is dialled is refused, with the names it has', async () => {
  const files = await fleet.pki.issue({ kind: 'operator', name: 'alice' });
  const conf = fleet.writeFleetctlConf('localhost', {
    ...files,
    controller: `localhost:${fleet.port}`,
  });
  const error = await refusedFleetctl(conf);
  assert.equal(error.exit, 4);
  assert.match(
    error.cause ?? '',
    /certificate does not cover "localhost", only IP:127\.0\.0\.1, DNS:ops-1\.example\.com$/,
  );
  assert.match(error.fix ?? '', /--san DNS:…,IP:…/);
  await logged(/it left during the handshake, as a client does that refuses our certificate/);
});

test('an operator whom the configuration does not name is denied, and told by whom it can be mended', async () => {
  const config = await fleet.writeOperatorConf({ kind: 'operator', name: 'mallory' });
  const error = await refusedFleetctl(config);
  assert.deepEqual([error.exit, error.code], [5, 'denied']);
  assert.match(error.message, /operator "mallory" may do nothing here/);
  assert.match(error.cause ?? '', /no section \[operator:mallory\]/);
  const line = await logged(/^refused: operator "mallory"/);
  assert.deepEqual([line['caller'], line['rpc']], ['operator mallory', 'Control.GetVersion']);
});

test('fleetctl refuses to use the certificate of an agent at all', async () => {
  const error = await refusedFleetctl(
    await fleet.writeOperatorConf({ kind: 'agent', name: 'web-1' }),
  );
  assert.equal(error.exit, 2);
  assert.match(error.cause ?? '', /agent "web-1"/);
});

test('an agent may not call Control', async () => {
  const web: Wanted = { kind: 'agent', name: 'web-1' };
  await assert.rejects(
    () => fleet.dial(web),
    (caught: unknown) => {
      const refused = FleetError.refusalFrom(caught);
      assert.equal(refused.code, 'denied');
      assert.match(refused.message, /Control\.GetVersion is for operators.*agent "web-1"/);
      return true;
    },
  );
  const line = await logged(/^refused: Control\.GetVersion is for operators/);
  assert.equal(line['caller'], 'agent web-1');
});

test('an operator may not open the stream of an agent', async () => {
  const files = await fleet.pki.issue({ kind: 'operator', name: 'alice' });
  const refused = await refusalOfStream(readCredentials(files, 'operator'));
  assert.equal(refused.code, 'denied');
  assert.match(refused.message, /AgentLink\.Connect is for agents.*operator "alice"/);
  const line = await logged(/^refused: AgentLink\.Connect is for agents/);
  assert.equal(line['caller'], 'operator alice');
  assert.deepEqual([...(await fleet.processes()).keys()], []);
});

test('a certificate that is revoked ends its session and its connections within two seconds', async () => {
  const files = await fleet.pki.issue({ kind: 'agent', name: 'web-7' });
  const credentials = readCredentials(files, 'agent');
  using agent = dialAsAgent(fleet.port, credentials);
  const idle = await dialHttp2(fleet.port, credentials);
  agent.say(helloOf('instance'));
  await agent.welcomed;
  const revoked = await fleet.fleetctl('cert', 'revoke', 'agent/web-7', '--reason=lost', '--yes');
  const revokedAtMs = performance.now();
  assert.equal(revoked.code, 0, revoked.stderr);
  const refused = await agent.refused;
  assert.ok(performance.now() - revokedAtMs < 2_000);
  assert.equal(refused.code, 'denied');
  assert.match(refused.message, /agent\/web-7 (was|were) revoked/);
  await fleet.until('its idle connection is closed', () => idle.closed);
  assert.ok(performance.now() - revokedAtMs < 3_500);
  const again = await refusalOfStream(credentials);
  assert.equal(again.code, 'denied', 'it is told why, and does not come in again');
});

test('of connections that are to be closed, those that leave by themselves are not in the log', async () => {
  const files = await fleet.pki.issue({ kind: 'agent', name: 'web-8' });
  const credentials = readCredentials(files, 'agent');
  const connections = await Promise.all([1, 2, 3].map(() => dialHttp2(fleet.port, credentials)));
  await fleet.fleetctl('cert', 'revoke', 'agent/web-8', '--reason=lost', '--yes');
  // They are judged a quarter of a second apart, and closed a second later.
  await fleet.until('the first is closed', () => connections.some(({ closed }) => closed));
  for (const connection of connections) connection.destroy();
  const leftAtMs = performance.now();
  await fleet.until('the others would be closed', () => performance.now() - leftAtMs > 1_000);
  const closed = controller.log().filter(({ msg }) => msg.startsWith('closed a connection'));
  const peers = closed.filter(({ holder }) => holder === 'agent web-8').map(({ peer }) => peer);
  assert.ok(peers.length > 0);
  for (const peer of peers) assert.match(String(peer), /^127\.0\.0\.1:\d+$/);
});

test('an operation that is not known is refused, not waited for', async () => {
  const id = '01890a5d-ac96-774b-bcce-b302099a8057';
  const result = await fleet.fleetctl('op', 'watch', id, '-o', 'json');
  assert.equal(result.code, 6);
  assert.match(result.stderr, /no operation \\"01890a5d-/);
});

test('an agent with the wrong certificate says why it has no session, and goes on supervising', async () => {
  const wrong = await fleet.writeAgentConf('web-2', {
    programs: '[program:web]\ncommand = sleep 1000\nstartsecs = 0\n',
  });
  const { cert, key } = await fleet.pki.issue({ kind: 'operator', name: 'alice' });
  const refused = fleet.runAgent(['-c', wrong, '--check'], { name: 'web-2' });
  assert.deepEqual(await refused.ended(), { code: 0, signal: null });
  const text = fleet
    .read('web-2.conf')
    .replace(/^cert = .*$/m, `cert = ${cert}`)
    .replace(/^key = .*$/m, `key = ${key}`);
  const conf = fleet.write('wrong-kind.conf', text);
  const agent = fleet.runAgent(['-c', conf], { name: 'web-2' });
  assert.deepEqual(await agent.ended(), { code: 2, signal: null });
  assert.match(agent.stderr(), /operator "alice" of fleet "test"/);

  const files = await stranger.issue({ kind: 'agent', name: 'web-3' });
  const foreign = fleet
    .read('web-2.conf')
    .replace(
      /^(ca|cert|key) = .*$/gm,
      (_line, name: 'ca' | 'cert' | 'key') => `${name} = ${files[name]}`,
    )
    .replace(/^state_dir = .*$/m, `state_dir = ${fleet.path('web-3')}`);
  const lost = fleet.runAgent(['-c', fleet.write('foreign.conf', foreign)], { name: 'web-3' });
  const line = await fleet.until('the agent says why', () =>
    lost.log().find(({ msg }) => msg === 'no session'),
  );
  assert.match(String(line['why']), /certificate of another authority than the one trusted here/);
  await fleet.until('its program runs', () =>
    fleet.leftOn('web-3').some(({ words }) => words.length === 2),
  );
});

/** What the controller answers to a stream of an agent that shows these credentials. */
async function refusalOfStream(credentials: ReturnType<typeof readCredentials>): Promise<Refusal> {
  using agent = dialAsAgent(fleet.port, credentials);
  agent.say(helloOf('instance'));
  agent.welcomed.then(
    () => agent.stream.destroy(new Error('it was let in')),
    () => undefined,
  );
  return await agent.refused;
}
