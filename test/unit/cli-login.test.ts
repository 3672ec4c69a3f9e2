import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EnrolRequest, SignIn } from '../../cli/identity/ports.ts';
import { runFleetctl } from '../../cli/run.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import { FAKE_NOW_MS, fakeWorld } from '../fakes/cli-environment.ts';

const CONFIG = '/home/alice/.config/fleetctl/config';
const inPlace = (name: string) => `/home/alice/.config/fleetctl/${name}`;
const TOKEN = { address: 'ops-1:7461', pin: 'PIN', secret: 'SECRET' };

interface Given {
  readonly files?: Readonly<Record<string, string>>;
  readonly words?: readonly string[];
  readonly signIn?: Partial<SignIn>;
}

async function login({ files = {}, words = ['--token-file', 'token'], signIn = {} }: Given) {
  const asked: EnrolRequest[] = [];
  let keys = 0;
  const world = fakeWorld(
    async () => {
      throw new Error('login dials nobody by the configuration');
    },
    {
      files,
      signIn: {
        configPath: (option) => option ?? CONFIG,
        judge: () => null,
        authorityFile: (_, text, context) =>
          text.includes(`[context:${context}]`) ? inPlace(`${context}-alice-ca.crt`) : null,
        isAmong: (authoritiesPem, pin) => authoritiesPem === 'authority' && pin === TOKEN.pin,
        readToken: async () => ({ join: TOKEN, warning: null }),
        makeKey: async () => `key ${++keys}`,
        enrol: async (request) => {
          asked.push(request);
          return {
            certificatePem: `certificate of ${request.keyPem}`,
            authoritiesPem: 'authority',
            fleet: 'prod',
            name: 'alice',
            certificateEndsAtMs: FAKE_NOW_MS,
            controllers: ['ops-1:7460', 'ops-2:7460'],
          };
        },
        ...signIn,
      },
    },
  );
  const exitCode = await runFleetctl(['login', ...words], world.environment);
  return { ...world, asked, exitCode, stdout: world.stdout(), stderr: world.stderr() };
}

test('a first login writes key, certificate and authority, and makes its context the default', async () => {
  const { exitCode, stdout, files, asked } = await login({});
  assert.equal(exitCode, 0);
  assert.deepEqual(Object.fromEntries(files), {
    [inPlace('prod-alice.key')]: 'key 1',
    [inPlace('prod-alice.crt')]: 'certificate of key 1',
    [inPlace('prod-alice-ca.crt')]: 'authority',
    [CONFIG]:
      '[fleetctl]\ncontext = prod\n\n[context:prod]\ncontroller = ops-1:7460\nca = prod-alice-ca.crt\ncert = prod-alice.crt\nkey = prod-alice.key\n',
  });
  assert.deepEqual(asked[0]?.join, TOKEN);
  assert.deepEqual(stdout.split('\n'), [
    'logged in as alice of fleet prod, until 2026-11-22T12:00:00.000Z; fleetctl renews it when it is used',
    `context prod in ${CONFIG}`,
    'next: fleetctl --context prod auth whoami',
    '',
  ]);
});

test('--context names the context, and whatever else stands there stays', async () => {
  const before = '; mine\n[context:old]\ncontroller = a:1\nca = a\ncert = b\nkey = c\n';
  const words = ['--token-file', '-', '--context', 'test'];
  const { files } = await login({ files: { [CONFIG]: before }, words });
  const text = files.get(CONFIG) ?? '';
  assert.ok(text.startsWith(before));
  assert.match(text.slice(before.length), /^\n\[context:test\]\ncontroller = ops-1:7460\n/);
});

test('files of an earlier login stay: the new ones get another name', async () => {
  const files = { [inPlace('prod-alice.key')]: 'old key', [inPlace('prod-alice.crt')]: 'old' };
  const after = await login({ files });
  assert.equal(after.files.get(inPlace('prod-alice.key')), 'old key');
  assert.equal(after.files.get(inPlace('prod-alice-2.key')), 'key 1');
  assert.match(after.files.get(CONFIG) ?? '', /^cert = prod-alice-2\.crt$/m);
});

test("a key alone is no less somebody else's, and stays", async () => {
  const after = await login({ files: { [inPlace('prod-alice.key')]: 'old key' } });
  assert.equal(after.files.get(inPlace('prod-alice.key')), 'old key');
  assert.equal(after.exitCode, 0);
  assert.equal(after.files.get(inPlace('prod-alice-2.key')), 'key 1');
});

test('after a lost answer the same is asked again with the same key', async () => {
  const lost = new FleetError(refusal('unavailable', 'Connection dropped'));
  const first = await login({
    signIn: {
      enrol: async () => {
        throw lost;
      },
    },
  });
  assert.equal(first.exitCode, 4);
  assert.equal(first.files.has(CONFIG), false);
  const kept = Object.fromEntries(first.files);
  assert.equal(Object.keys(kept).length, 1);
  const makeKey = async () => assert.fail('there is a key already');
  const second = await login({ files: kept, signIn: { makeKey } });
  assert.equal(second.exitCode, 0);
  assert.equal(second.asked[0]?.keyPem, 'key 1');
  assert.equal(second.files.get(inPlace('prod-alice.key')), 'key 1');
});

/** Of a person who is in a fleet of this name already. */
const isIn = (fleet: string, authority: string | null) => ({
  [CONFIG]: `[context:${fleet}]\ncontroller = a:1\nca = ca\ncert = b\nkey = c\n`,
  ...(authority === null ? {} : { [inPlace(`${fleet}-alice-ca.crt`)]: authority }),
});

test('a context of another fleet with the same name stays, and --context is named', async () => {
  const before = isIn('prod', 'another authority');
  const refused = await login({ files: before });
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /context prod in .* is of another fleet.*--context/s);
  const left = Object.fromEntries(refused.files);
  assert.equal(left[CONFIG], before[CONFIG]);
  const words = ['--token-file', 'token', '--context', 'prod-2'];
  const makeKey = async () => assert.fail('there is a key already');
  const again = await login({ files: left, words, signIn: { makeKey } });
  assert.equal(again.exitCode, 0);
  assert.equal(again.asked[0]?.keyPem, 'key 1');
  assert.match(
    again.files.get(CONFIG) ?? '',
    /\[context:prod\]\ncontroller = a:1.*\[context:prod-2\]/s,
  );
});

test('a name that was given is looked at before the token is used', async () => {
  const words = ['--token-file', 'token', '--context', 'mine'];
  const { exitCode, asked } = await login({ files: isIn('mine', 'another authority'), words });
  assert.deepEqual([exitCode, asked.length], [1, 0]);
});

test('a context of the same fleet, and one whose authority is gone, are replaced', async () => {
  for (const authority of ['authority', null]) {
    const { exitCode, files } = await login({ files: isIn('prod', authority) });
    assert.equal(exitCode, 0);
    assert.match(files.get(CONFIG) ?? '', /^controller = ops-1:7460$/m);
  }
});

test('a login that died before its key was in place goes on from there', async () => {
  const whole = await login({});
  const files = Object.fromEntries(whole.files);
  const { [inPlace('prod-alice.key')]: key = '', ...rest } = files;
  const pending = [...(await interrupted()).files.keys()][0] ?? '';
  const again = await login({ files: { ...rest, [pending]: key } });
  assert.deepEqual(Object.fromEntries(again.files), files);
});

async function interrupted() {
  const enrol = async () => {
    throw new FleetError(refusal('unavailable', 'gone'));
  };
  return await login({ signIn: { enrol } });
}

test('a configuration that could not be used afterwards is told of before the token is', async () => {
  const judge = () => refusal('configuration', 'the configuration is not usable');
  const { exitCode, asked, files } = await login({ signIn: { judge } });
  assert.deepEqual([exitCode, asked.length, files.size], [2, 0, 0]);
});

test('what cannot be meant is refused before the token is read', async () => {
  const readToken = async () => assert.fail('it was read');
  for (const words of [[], ['--token-file', 't', '--context', 'a/b'], ['SECRET']]) {
    const { exitCode, stderr } = await login({ words, signIn: { readToken } });
    assert.equal(exitCode, 2, words.join(' '));
    assert.match(stderr, /^error: /);
  }
  const { stderr } = await login({ signIn: { configPath: () => null } });
  assert.match(stderr, /there is no place for your configuration/);
});

test('a token that others can read is warned of, and one that waits is told of once', async () => {
  const { stderr, files } = await login({
    signIn: {
      readToken: async () => ({ join: TOKEN, warning: 'others can read \u001b[2Jit' }),
      enrol: async ({ onWaiting }) => {
        onWaiting();
        throw new FleetError(refusal('denied', 'the token was revoked'));
      },
    },
  });
  assert.equal(files.size, 0);
  assert.deepEqual(stderr.split('\n'), [
    'warning: others can read \\x1b[2Jit',
    'waiting for whoever signs: fleetctl cert requests shows it to them',
    'error: the token was revoked',
    '',
  ]);
});
