import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadControllerConfig } from '../../controller/config/config.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { GROUP_NESTING_MAX } from '../../proto/selector/limits.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

const CONTROLLER = `[controller]
listen = 0.0.0.0:7460
state_dir = state
ca = pki/ca.crt
cert = pki/controller.crt
key = pki/controller.key
[operator:alice]
roles = admin
`;

/** The first line of `text` is line 9. */
function load(text: string) {
  const { config, problems, warnings } = loadControllerConfig('controller.conf', {
    env: {},
    hostName: 'ops-1',
    workingDirectory: '/etc/fleetvisor',
    files: fakeConfigFiles({ '/etc/fleetvisor/controller.conf': CONTROLLER + text }),
  });
  return { config, said: formatProblems({ errors: problems, warnings }) };
}

const groups = (sections: Readonly<Record<string, string>>): string =>
  Object.entries(sections)
    .map(([name, hosts]) => `[hosts:${name}]\nhosts = ${hosts}\n`)
    .join('');

test('groups of hosts are read, also over several lines and of one another', () => {
  const { config, said } = load(
    groups({ web: 'web-[01-40],\n  @canary', canary: 'env=prod and not role=db', 'a.b_c-1': '@*' }),
  );
  assert.equal(said, '');
  const texts = [...(config?.hostGroups ?? [])].map(([name, { text }]) => [name, text]);
  assert.deepEqual(texts, [
    ['web', 'web-[01-40],\n@canary'],
    ['canary', 'env=prod and not role=db'],
    ['a.b_c-1', '@*'],
  ]);
});

test('without groups there are none', () => {
  assert.equal(load('').config?.hostGroups.size, 0);
});

test('a mistake in a group is told with its line and place', () => {
  const { config, said } = load(groups({ web: 'web-1,\n  web-[3-1]' }));
  assert.equal(config, null);
  assert.match(
    said,
    /^controller\.conf:10: \[hosts:web\] hosts: expected a selector of hosts: a range is written .*\n {4}web-1, web-\[3-1\]\n {15}\^ a range/,
  );
});

test('everything that is wrong is told at once', () => {
  const { config, said } = load(
    `${groups({
      web: 'web-*,@dbb',
      db: 'db-*',
      once: 'op:01a20339-3305:failed',
      files: 'db-1,file:hosts.txt',
      input: '-',
      'a b': 'x',
      '-a': 'x',
      'a*': 'x',
      '': 'x',
      empty: '',
      slip: 'a b',
    })}[hosts:none]\n[hosts:key]\nhost = a\n[host:x]\n[hosts]\n`,
  );
  assert.equal(config, null);
  for (const problem of [
    /\[hosts:web\] hosts: there is no group @dbb\n {4}did you mean @db\?/,
    /\[hosts:once\] hosts: a group cannot depend on an operation/,
    /\[hosts:files\] hosts: a group cannot be read from a file.*\n {4}db-1,file:hosts\.txt\n {9}\^/,
    /\[hosts:input\] hosts: a group cannot be read from standard input/,
    /\[hosts:a b\] expected a name of letters.*found "a b"/,
    /\[hosts:-a\] expected a name/,
    /\[hosts:a\*\] expected a name/,
    /\[hosts:\] expected a name.*found nothing/,
    /\[hosts:empty\] hosts: expected a selector of hosts.*found nothing/,
    /\[hosts:slip\] hosts: expected a selector of hosts: an operator is missing/,
    /\[hosts:none\] hosts: is missing/,
    /\[hosts:key\] host: this key is not known\n {4}did you mean hosts\?/,
    /\[host:x\] this section is not known\n {4}did you mean \[hosts:NAME\]\?/,
    /\[hosts\] this section is not known/,
  ]) {
    assert.match(said, problem);
  }
});

test('a circle of groups is named in full, once', () => {
  const { config, said } = load(groups({ a: '@b', b: '(x,@c)', c: 'not @a', d: '@a,@d' }));
  assert.equal(config, null);
  assert.match(said, /:10: \[hosts:a\] hosts: .* in a circle: @a → @b → @c → @a\n/);
  assert.match(said, /\[hosts:d\] hosts: .* in a circle: @d → @d\n/);
  assert.match(said, /\n2 errors$/);
});

test('groups may be nested so deep that they can be worked out, in whatever order they stand', () => {
  const chain = (length: number) =>
    Array.from({ length }, (_, index): [string, string] => [
      `g${index}`,
      index + 1 < length ? `@g${index + 1}` : 'web-1',
    ]);
  assert.equal(load(groups(Object.fromEntries(chain(GROUP_NESTING_MAX)))).said, '');
  const tooLong = chain(GROUP_NESTING_MAX + 1);
  for (const order of [tooLong, tooLong.toReversed(), chain(300), chain(300).toReversed()]) {
    const { config, said } = load(groups(Object.fromEntries(order)));
    assert.equal(config, null);
    assert.match(said, /\[hosts:g\d+\] hosts: more than 32 groups .* in a row\n1 error$/);
  }
});

test('a group that is wrong itself is not unknown as well', () => {
  const { said } = load(groups({ a: '@b', b: 'x y' }));
  assert.match(said, /\n1 error$/);
});
