import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configPath, loadClientConfig } from '../../cli/config.ts';
import type { FileText } from '../../proto/dialect/files.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

const PATH = '/home/me/.config/fleetctl/config';
const context = (name: string): string =>
  `[context:${name}]\ncontroller = ${name}.example.com:7460\nca = ca.crt\ncert = me.crt\nkey = me.key\n`;

interface Asked {
  readonly config?: string;
  readonly context?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function load(text: string | FileText, asked: Asked = {}) {
  const options = { config: asked.config ?? null, context: asked.context ?? null };
  return loadClientConfig(options, {
    env: asked.env ?? { HOME: '/home/me' },
    hostName: 'laptop',
    workingDirectory: '/work',
    files: fakeConfigFiles({ [PATH]: text }),
  });
}

function chosen(text: string, asked: Asked = {}): string {
  const result = load(text, asked);
  return result.kind === 'context' ? result.context.name : result.refusal.message;
}

function refused(text: string | FileText, asked: Asked = {}) {
  const result = load(text, asked);
  assert.ok(result.kind === 'refused');
  assert.equal(result.refusal.code, 'configuration');
  return result.refusal;
}

test('the only context is the one, and its paths count from the file', () => {
  assert.deepEqual(load(context('prod')), {
    kind: 'context',
    context: {
      name: 'prod',
      controller: { host: 'prod.example.com', port: 7460 },
      ca: '/home/me/.config/fleetctl/ca.crt',
      cert: '/home/me/.config/fleetctl/me.crt',
      key: '/home/me/.config/fleetctl/me.key',
    },
  });
});

test('the file is that of --config, FLEETCTL_CONFIG, XDG_CONFIG_HOME, then HOME', () => {
  const env = { FLEETCTL_CONFIG: '/f', XDG_CONFIG_HOME: '/x', HOME: '/h' };
  assert.equal(configPath('/c', env), '/c');
  assert.equal(configPath(null, env), '/f');
  assert.equal(configPath(null, { ...env, FLEETCTL_CONFIG: '' }), '/x/fleetctl/config');
  assert.equal(
    configPath(null, { HOME: '/h', XDG_CONFIG_HOME: 'relative' }),
    '/h/.config/fleetctl/config',
  );
  assert.equal(configPath(null, {}), null);
});

test('the context is that of --context, FLEETCTL_CONTEXT, [fleetctl], then the only one', () => {
  const file = `[fleetctl]\ncontext = c\n${context('a')}${context('b')}${context('c')}`;
  const env = { HOME: '/home/me', FLEETCTL_CONTEXT: 'b' };
  assert.equal(chosen(file, { context: 'a', env }), 'a');
  assert.equal(chosen(file, { env }), 'b');
  assert.equal(chosen(file), 'c');
});

test('of several contexts none is taken by chance', () => {
  const refusal = refused(context('a') + context('b'));
  assert.equal(refusal.message, 'no context was chosen');
  assert.match(refusal.cause ?? '', /"a", "b"/);
  assert.match(refusal.fix ?? '', /--context a/);
});

test('a context that is not there is named with those that are', () => {
  const refusal = refused(context('prod') + context('staging'), { context: 'porod' });
  assert.equal(refusal.message, 'no context is named "porod"');
  assert.match(refusal.cause ?? '', /"prod", "staging"/);
  assert.match(refusal.fix ?? '', /--context prod/);
});

test('a missing file is told with its place and an example that is right', () => {
  const refusal = refused({ kind: 'missing' });
  assert.match(refusal.cause ?? '', /\/home\/me\/\.config\/fleetctl\/config/);
  const example = (refusal.fix ?? '').slice((refusal.fix ?? '').indexOf('[context'));
  assert.equal(chosen(example), 'prod');
});

test('nowhere to look is told as that', () => {
  assert.match(refused('', { env: {} }).cause ?? '', /HOME/);
});

test('a file without a context, a directory and an unreadable file are told', () => {
  assert.match(refused('').message, /no \[context:NAME\] section/);
  assert.match(refused('', { config: '/home' }).message, /is a directory/);
  assert.match(refused({ kind: 'unreadable', why: 'permission denied' }).cause ?? '', /permission/);
});

test('all that is wrong with the chosen context and the file is told', () => {
  const refusal = refused('[context:a]\ncontroler = x\nca=1\n[contxt:b]\n[fleetctl]\nctx=a');
  assert.match(
    refusal.cause ?? '',
    /controler: this key is not known\n {4}did you mean controller\?/,
  );
  assert.match(refusal.cause ?? '', /cert: is missing/);
  assert.match(refusal.cause ?? '', /\[contxt:b\] this section is not known/);
  assert.match(refusal.cause ?? '', /ctx: this key is not known/);
});

test('a fault in a context that is not wanted stops nobody', () => {
  const file = `${context('a')}[context:b]\ncontroller = nonsense`;
  assert.equal(chosen(file, { context: 'a' }), 'a');
  assert.match(refused(file, { context: 'b' }).cause ?? '', /expected host:port/);
});

test('an [include] is not read, and said to be unknown', () => {
  assert.match(refused(`${context('a')}[include]\nfiles=x`).cause ?? '', /\[include\]/);
});
