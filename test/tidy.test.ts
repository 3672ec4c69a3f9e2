/**
 * The shape of the tree, as a test: who may import whom, what may not stand in a core, how large a
 * file may grow. Each rule carries its reason, because the message is what somebody reads who has
 * just broken it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const PROGRAMS = ['agent', 'controller', 'cli', 'certs-tool'] as const;
const FILE_LINES_MAX = 300;

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function sources(folder: string): readonly SourceFile[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return names
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith('.ts') && !path.startsWith(join('proto', 'gen')))
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      return { path, text, imports: importsOf(text) };
    });
}

function importsOf(text: string): readonly string[] {
  const statements = text.matchAll(
    /^(?:import|export)\s[^;]*?from '([^']+)'|import\('([^']+)'\)/gm,
  );
  return [...statements].map((match) => match[1] ?? match[2] ?? '');
}

/** Where a relative import leads, from the root; a package or `node:` module stays as it is. */
function targetOf(file: SourceFile, specifier: string): string {
  return specifier.startsWith('.') ? normalize(join(dirname(file.path), specifier)) : specifier;
}

const productSources = [...PROGRAMS, 'proto'].flatMap(sources);

/** What any core may use: pure files that several programs must agree on. */
const PURE_PROTO = [
  'proto/vocabulary.ts',
  'proto/audit.ts',
  'proto/authority.ts',
  'proto/certificates.ts',
  'proto/identity-name.ts',
  'proto/operation.ts',
  'proto/messages.ts',
  'proto/host-questions.ts',
  'proto/local-orders.ts',
  'proto/group-by.ts',
  'proto/errors.ts',
  'proto/find-operation.ts',
  'proto/version.ts',
  'proto/batch.ts',
  'proto/instant.ts',
  'proto/persistent-map.ts',
  'proto/natural-order.ts',
  'proto/target.ts',
  'proto/dialect/did-you-mean.ts',
  'proto/log-messages.ts',
  'proto/process-pattern.ts',
  'proto/regex-repeats.ts',
  'proto/signal-name.ts',
  'proto/text-limits.ts',
  'proto/text-order.ts',
  'proto/strategy.ts',
  'proto/hold-text.ts',
  'proto/strategy-text.ts',
  'proto/wildcard.ts',
  'proto/tier-wait.ts',
];
const PURE_PACKAGES = ['re2js', 'ipaddr.js'];

const isPure = (path: string): boolean =>
  PURE_PROTO.includes(path) || path.startsWith('proto/selector/');

test('the sources are found', () => {
  assert.ok(productSources.length > 80, `only ${productSources.length} files`);
  assert.ok(productSources.some((file) => file.imports.includes('../proto/vocabulary.ts')));
});

test('programs never import one another: what two of them share is in proto/', () => {
  for (const file of productSources) {
    const own = file.path.split('/')[0];
    for (const specifier of file.imports) {
      const target = targetOf(file, specifier).split('/')[0] ?? '';
      const isForeign = target !== own && (PROGRAMS as readonly string[]).includes(target);
      assert.ok(!isForeign, `${file.path} imports ${specifier}: move what both need to proto/`);
      assert.notEqual(target, 'test', `${file.path} imports a test`);
    }
  }
});

test('a core imports its own folder, pure files of proto/ and pure packages: it decides, it never acts', () => {
  for (const file of productSources.filter(({ path }) => path.split('/')[1] === 'core')) {
    for (const specifier of file.imports) {
      const target = targetOf(file, specifier);
      const isAllowed =
        target.startsWith(`${dirname(file.path)}/`) ||
        isPure(target) ||
        PURE_PACKAGES.includes(target);
      assert.ok(isAllowed, `${file.path} imports ${specifier}: a core must stay pure, use a port`);
    }
  }
});

test('what a core may use of proto/ is as pure as the core', () => {
  for (const file of productSources.filter(({ path }) => isPure(path))) {
    for (const specifier of file.imports) {
      const target = targetOf(file, specifier);
      const isAllowed = isPure(target) || PURE_PACKAGES.includes(target);
      assert.ok(isAllowed, `${file.path} imports ${specifier}, which cores would then depend on`);
    }
  }
});

test('a core knows no clock, no chance and no process: time is a field of its input', () => {
  const banned =
    /\bDate\.now|new Date\(\)|Math\.random|performance\.now|\bprocess\.(?:env|argv|hrtime|exit\()|setTimeout|setInterval|setImmediate|\basync\b|\bawait\b/;
  const pure = productSources.filter(({ path }) => path.split('/')[1] === 'core' || isPure(path));
  for (const file of pure) {
    const found = banned.exec(file.text);
    assert.equal(found, null, `${file.path} uses ${found?.[0]}: take it as an input instead`);
  }
});

test('drivers import cores, ports and the vocabulary, and nothing that acts', () => {
  for (const file of productSources.filter(({ path }) => path.endsWith('/driver.ts'))) {
    for (const specifier of file.imports) {
      const target = targetOf(file, specifier);
      // A part of the driver, in a file of its own, that reaches no further than the driver may.
      const part = productSources.find(({ path }) => path === target);
      const isAllowed =
        isDecided(file, specifier) || part?.imports.every((one) => isDecided(part, one));
      assert.ok(isAllowed, `${file.path} imports ${specifier}: reach the world through ports.ts`);
    }
  }
});

function isDecided(file: SourceFile, specifier: string): boolean {
  const own = dirname(file.path);
  const target = targetOf(file, specifier);
  return target.startsWith(`${own}/core/`) || target === `${own}/ports.ts` || isPure(target);
}

test('only codecs, and the streams that carry frames, see generated types', () => {
  const mayName = /^proto\/(codec\/|load(-authority)?\.ts)|\/(link|api|client)\.ts$/;
  for (const file of productSources) {
    const seesGenerated = file.imports.some((specifier) =>
      targetOf(file, specifier).startsWith('proto/gen/'),
    );
    assert.ok(!seesGenerated || mayName.test(file.path), `${file.path}: use proto/codec/`);
  }
});

test('only main.ts reads arguments and environment and ends the program', () => {
  const banned = /\bprocess\.(?:argv|env|exitCode|exit\()/;
  const daemonStart = /^proto\/daemon\//;
  for (const file of productSources) {
    if (file.path.endsWith('/main.ts') || daemonStart.test(file.path)) continue;
    const found = banned.exec(file.text);
    assert.equal(found, null, `${file.path} uses ${found?.[0]}: main.ts hands it in`);
  }
});

test('nobody trusts a certificate unseen but the newcomer, who compares its hash first', () => {
  const careless = /rejectUnauthorized:\s*false|NODE_TLS_REJECT_UNAUTHORIZED/;
  for (const file of productSources) {
    if (file.path === 'proto/pki/meet-controller.ts') continue;
    const found = careless.exec(file.text);
    assert.equal(
      found,
      null,
      `${file.path}: ${found?.[0]} would let anybody pass for a controller`,
    );
  }
});

/** Where a channel or an injector may be without TLS, and what stands in its place. */
const WITHOUT_TLS: Readonly<Record<string, string>> = {
  'controller/door/server.ts': 'connections whose TLS is done (tls-listener.ts)',
  'controller/door/enrollment-door.ts': 'connections whose TLS is done (tls-listener.ts)',
  'agent/local/server.ts': 'a UNIX socket, whose file says who may open it',
  'cli/local/client.ts': 'a UNIX socket, whose file says who may open it',
};

/** What listens: for TLS, and on a path for the programs of this machine. */
const LISTENERS: readonly string[] = ['controller/door/tls-listener.ts', 'agent/local/socket.ts'];

test('nothing is said in plaintext but over a UNIX socket', () => {
  for (const file of productSources) {
    const code = file.text.replaceAll(/\/\*\*[\s\S]*?\*\//g, '');
    const isAllowed = Object.hasOwn(WITHOUT_TLS, file.path);
    assert.equal(/\bcreateInsecure\(/.test(code), isAllowed, `${file.path}: see WITHOUT_TLS`);
    const listens = /\b(?:createServer|createSecureServer|bindAsync)\(/.test(code);
    assert.equal(listens, LISTENERS.includes(file.path), `${file.path}: use tls-listener.ts`);
  }
  const [door, local] = LISTENERS.map((path) => productSources.find((file) => file.path === path));
  assert.match(door?.text ?? '', /import \{ createServer,.*\} from 'node:tls';/);
  assert.match(local?.text ?? '', /\.listen\(path,/);
});

test('nobody imports a main.ts', () => {
  for (const file of productSources) {
    assert.ok(!file.imports.some((specifier) => /\/main\.ts$/.test(specifier)), file.path);
  }
});

test('every file opens with what it decides and why', () => {
  for (const file of productSources) {
    assert.match(file.text, /^\/\*\*\s/, `${file.path} has no opening comment`);
  }
});

test('files stay small enough to be one thing', () => {
  for (const file of productSources) {
    const lines = file.text.split('\n').length;
    assert.ok(
      lines <= FILE_LINES_MAX,
      `${file.path} has ${lines} lines: what is the second thing in it?`,
    );
  }
});

test('no folder is a drawer for everything, and none lies deeper than three', () => {
  for (const file of productSources) {
    assert.doesNotMatch(file.path, /\/(?:utils?|helpers?|common|misc)(?:\/|\.ts$)/);
    assert.ok(file.path.split('/').length <= 4, `${file.path} lies too deep to be found`);
  }
});

test('nothing that must not be published stands in the tree', () => {
  const marks = /\bTODO\b|\bFIXME\b|@ts-ignore|@ts-expect-error|\bas any\b|: any\b/;
  for (const file of productSources) {
    const found = marks.exec(file.text);
    assert.equal(found, null, `${file.path} has ${found?.[0]} in ${relative(root, file.path)}`);
  }
});
