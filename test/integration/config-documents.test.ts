/** What people copy and read must be right: the example files, and the tables of the reference. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadAgentConfig } from '../../agent/config/load.ts';
import { loadClientConfig } from '../../cli/config.ts';
import { loadControllerConfig } from '../../controller/config/config.ts';
import { nodeConfigFiles } from '../../proto/dialect/node-files.ts';
import type { Surroundings } from '../../proto/dialect/read-document.ts';
import { fakeAccounts } from '../fakes/config-accounts.ts';
import { fakeConfigFiles } from '../fakes/config-files.ts';

const here = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const surroundings: Surroundings = {
  env: { HOME: '/root' },
  hostName: 'web-1',
  workingDirectory: '/',
  files: nodeConfigFiles,
};
const accounts = fakeAccounts();

test('deploy/examples/agent.conf is right', () => {
  const result = loadAgentConfig(here('deploy/examples/agent.conf'), {
    ...surroundings,
    ...accounts,
  });
  assert.deepEqual([...result.problems, ...result.warnings], []);
  assert.deepEqual(
    result.config?.processes.map(({ process }) => process),
    ['shop:web_00', 'shop:web_01', 'shop:queue'],
  );
});

test('deploy/examples/controller.conf is right', () => {
  const result = loadControllerConfig(here('deploy/examples/controller.conf'), surroundings);
  assert.deepEqual([...result.problems, ...result.warnings], []);
  assert.deepEqual(
    result.config?.operators,
    new Map([
      ['alice', ['admin']],
      ['bob', ['viewer', 'web-oncall']],
    ]),
  );
});

test('deploy/examples/fleetctl.conf is right', () => {
  const config = here('deploy/examples/fleetctl.conf');
  const result = loadClientConfig({ config, context: null }, surroundings);
  assert.equal(result.kind === 'context' && result.context.name, 'prod');
});

/** Heading of a section → the keys in the first column of the table below it. */
const documented = new Map(
  readFileSync(here('docs/configuration.md'), 'utf8')
    .split(/^#+ /m)
    .map((part): [string, readonly string[]] => [
      /^`\[(.+)\]`/.exec(part)?.[1] ?? '',
      [...part.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap((row) =>
        [...(row[1] ?? '').matchAll(/`([a-z_]+)`/g)].map((key) => key[1] ?? ''),
      ),
    ])
    .filter(([section]) => section !== ''),
);

/** Each key once with a value, so that a key nobody knows is told as such. */
function unknownKeys(section: string): readonly string[] {
  const keys = documented.get(section) ?? [];
  assert.ok(keys.length > 0, section);
  const name = section.replace('NAME', 'x');
  const files = fakeConfigFiles({ '/f': `[${name}]\n${keys.map((key) => `${key}=x`).join('\n')}` });
  const around = { ...surroundings, files, ...accounts };
  const told = /^(?:operator|role|controller|hosts|runbook)/.test(section)
    ? loadControllerConfig('/f', around)
    : loadAgentConfig('/f', around);
  return [...told.problems, ...told.warnings]
    .filter(({ message }) => message === 'this key is not known')
    .map(({ key }) => `${section}: ${key}`);
}

test('every key in the tables of docs/configuration.md exists', () => {
  const sections = [
    'agent',
    'policy',
    'supervisord',
    'include',
    'program:x',
    'group:x',
    'hosts:NAME',
    'controller',
    'operator:NAME',
    'role:NAME',
    'runbook:NAME',
  ];
  assert.deepEqual(sections.flatMap(unknownKeys), []);
  assert.deepEqual(
    [...documented.keys()].toSorted(),
    [...sections, 'context:NAME', 'fleetctl'].toSorted(),
  );
});
