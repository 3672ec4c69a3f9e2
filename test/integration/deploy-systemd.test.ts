/** The units that we ship: every promise of docs/upgrading.md hangs on a few of their lines. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadControllerConfig } from '../../controller/config/config.ts';
import { nodeConfigFiles } from '../../proto/dialect/node-files.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'deploy', 'systemd');
const unit = (name: string): string => readFileSync(join(folder, name), 'utf8');

function settingsOf(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').filter((line) => /^[A-Z]\w*=/.test(line));
  return new Map(
    lines.map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  );
}

test('the agent: a restart hands over, a stop waits for every program, a crash is answered at once', () => {
  const settings = settingsOf(unit('fleet-agent.service'));
  const expected = {
    KillMode: 'process',
    KillSignal: 'SIGTERM',
    RestartKillSignal: 'SIGALRM',
    Restart: 'always',
    RestartSec: '100ms',
    RestartPreventExitStatus: '2',
    StartLimitIntervalSec: '0',
    TimeoutStopSec: 'infinity',
    OOMPolicy: 'continue',
  };
  for (const [key, value] of Object.entries(expected)) assert.equal(settings.get(key), value, key);
});

test('the controller is started again, but not where a second try would find the same', () => {
  const settings = settingsOf(unit('fleet-controller.service'));
  assert.equal(settings.get('Restart'), 'always');
  assert.equal(settings.get('RestartPreventExitStatus'), '2');
  assert.equal(settings.get('StateDirectoryMode'), '0700');
});

test('the controller has a user of its own, no capability, and can write only to its own places', () => {
  const settings = settingsOf(unit('fleet-controller.service'));
  const user = settings.get('User') ?? '';
  assert.match(unit('fleetvisor.sysusers.conf'), new RegExp(`^u ${user} `, 'm'));
  const expected = {
    CapabilityBoundingSet: '',
    NoNewPrivileges: 'yes',
    ProtectSystem: 'strict',
    ProtectHome: 'yes',
    UMask: '0077',
  };
  for (const [key, value] of Object.entries(expected)) assert.equal(settings.get(key), value, key);
});

test('it may write where the example has its state, and its certificate, which it renews', () => {
  const settings = settingsOf(unit('fleet-controller.service'));
  const surroundings = {
    env: {},
    hostName: 'ops-1',
    workingDirectory: '/',
    files: nodeConfigFiles,
  };
  const example = join(folder, '..', 'examples', 'controller.conf');
  const { config } = loadControllerConfig(example, surroundings);
  assert.ok(config !== null);
  assert.equal(`/var/lib/${settings.get('StateDirectory')}`, config.stateDir);
  // With - in front: a controller without such a directory starts as well.
  assert.equal(settings.get('ReadWritePaths'), `-${dirname(config.cert)}`);
  assert.equal(dirname(config.key), dirname(config.cert));
});

test('the agent is not shut in: its programs would be, too', () => {
  const settings = settingsOf(unit('fleet-agent.service'));
  const shuttingIn = /^(?:Protect|Private|Restrict(?!KillSignal)|SystemCall|Capability|NoNewPriv)/;
  for (const key of settings.keys()) assert.doesNotMatch(key, shuttingIn);
});

const canVerify = spawnSync('systemd-analyze', ['--version']).status === 0;

test('systemd understands every line', {
  skip: canVerify ? false : 'no systemd here',
}, (context) => {
  const place = mkdtempSync(join(tmpdir(), 'deploy-systemd-'));
  context.after(() => rmSync(place, { recursive: true }));
  for (const name of ['fleet-agent.service', 'fleet-controller.service']) {
    // The programs need not be installed for that.
    const text = unit(name).replace(/\/usr\/local\/bin\/fleet-\w+/, '/bin/true');
    writeFileSync(join(place, name), text);
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', join(place, name)], {
      encoding: 'utf8',
    });
    assert.deepEqual([status, stderr], [0, '']);
  }
});
