/**
 * Supervisor is the judge of its own configuration: it and the agent read the same files, those of a
 * corpus as they are found on servers and some hundreds of generated ones, and must make the same
 * processes of them. Where one of them refuses what the other takes, a table says why.
 */
import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertAlike } from './config-supervisor/compare.ts';
import { DAEMON_OPTIONS } from './config-supervisor/daemon-options.ts';
import { DIFFERENCES } from './config-supervisor/differences.ts';
import { generatedFiles } from './config-supervisor/generated.ts';
import { askSupervisor, findSupervisor, type Host } from './config-supervisor/judge.ts';
import { askAgent } from './config-supervisor/ours.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/supervisord', import.meta.url));
const SEED = 20261122;
const GENERATED = 600;

const python = findSupervisor();
const skip =
  python === null ? 'no python3 has the package supervisor (apt install supervisor)' : false;

const root = mkdtempSync(join(tmpdir(), 'config-supervisor-'));
after(() => rmSync(root, { recursive: true }));

const host: Host = {
  env: {
    ...{ PATH: '/usr/bin:/bin', HOME: join(root, 'home'), LC_ALL: 'C.UTF-8' },
    ...{ LAYER: 'process', HOST: 'h1', PORT: '8080', RESOLUTION: '1280x1024x24', SECRET: 'a"b' },
    ...{ FLOWER_USER: 'flower', FLOWER_PASSWORD: 'p%(w)s', SPACED: 'a b', USER_NAME: 'nobody' },
  },
  workingDirectory: join(root, 'work'),
  users: {
    ...{ root: [0, 0], 'www-data': [33, 33], nobody: [65_534, 65_534], forge: [1000, 1000] },
    ...{ deploy: [1001, 1001], mysql: [101, 101], postgres: [102, 102] },
  },
  groups: { root: 0, 'www-data': 33 },
};
for (const folder of ['home', 'work/logs', 'conf'])
  mkdirSync(join(root, folder), { recursive: true });

const wholeCorpus = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' });
const corpus = wholeCorpus.filter((name) => name.endsWith('.conf') && !name.includes('/'));

/** The corpus below a root of its own, in which the directories of its logs exist. */
function placeCorpus(): void {
  cpSync(FIXTURES, join(root, 'conf'), { recursive: true });
  for (const name of wholeCorpus.filter((one) => /\.(?:conf|ini)$/.test(one))) {
    const path = join(root, 'conf', name);
    const text = readFileSync(path, 'utf8').replaceAll(ABSOLUTE, `${root}/$1/`);
    writeFileSync(path, text);
    for (const [, key, value = ''] of text.matchAll(WRITTEN)) {
      const directory = key === 'childlogdir' ? value : dirname(`${value}x`);
      if (directory.startsWith(root)) mkdirSync(directory, { recursive: true });
    }
  }
}
const ABSOLUTE = /(?<![\w./])\/(var|run|srv|home|opt|tmp)\//g;
const WRITTEN = /^\s*(\w*logfile|pidfile|childlogdir)\s*=\s*([^\s%;]+)/gm;

/** Both verdicts on each text. */
function judge(texts: readonly string[]) {
  const files = texts.map((text, index) => {
    const file = join(root, `${index}.conf`);
    writeFileSync(file, text);
    return file;
  });
  const verdicts = askSupervisor(python ?? '', files, host);
  return files.map((file, index) => {
    const verdict = verdicts[index];
    assert.ok(verdict);
    return { text: texts[index] ?? '', supervisor: verdict, agent: askAgent(file, host) };
  });
}

test('the corpus is large enough to be one', () => {
  assert.ok(corpus.length >= 25, `${corpus.length} files`);
});

test('files as they are found on servers mean the same processes to both', { skip }, async (t) => {
  placeCorpus();
  const files = corpus.map((name) => join(root, 'conf', name));
  const verdicts = askSupervisor(python ?? '', files, host);
  for (const [index, file] of files.entries()) {
    await t.test(corpus[index] ?? file, () => {
      const verdict = verdicts[index];
      assert.ok(verdict);
      assert.ok(!('refused' in verdict), `Supervisor refuses it: ${JSON.stringify(verdict)}`);
      assertAlike(verdict, askAgent(file, host), readFileSync(file, 'utf8'));
    });
  }
});

test(`${GENERATED} generated files are judged alike`, { skip }, () => {
  const judged = judge(generatedFiles(GENERATED, SEED));
  for (const { text, supervisor, agent } of judged) assertAlike(supervisor, agent, text);
  const accepted = judged.filter(({ supervisor }) => !('refused' in supervisor)).length;
  // Else the comparison would be about nothing.
  assert.ok(accepted > GENERATED / 4 && accepted < GENERATED, `${accepted} accepted`);
});

test('every option of [supervisord] is judged alike', { skip }, async (t) => {
  const texts = DAEMON_OPTIONS.map(
    (option) => `[supervisord]\n${option}\n[program:a]\ncommand=x\n`,
  );
  for (const [index, { text, supervisor, agent }] of judge(texts).entries()) {
    await t.test(DAEMON_OPTIONS[index] ?? '', () => assertAlike(supervisor, agent, text));
  }
});

test('each difference on purpose is one', { skip }, () => {
  const texts = DIFFERENCES.map(({ text }) => `[supervisord]\n[program:a]\ncommand=x\n${text}\n`);
  const verdict = (one: object) => ('refused' in one ? 'refuses' : 'accepts');
  const found = judge(texts).map(({ supervisor, agent }, index) => ({
    text: DIFFERENCES[index]?.text,
    supervisor: verdict(supervisor),
    agent: verdict(agent),
  }));
  const stated = DIFFERENCES.map(({ text, supervisor, agent }) => ({ text, supervisor, agent }));
  assert.deepEqual(found, stated);
});

test('a file without [supervisord] is refused by both, unless it has the [agent] of ours', {
  skip,
}, () => {
  const program = '[program:a]\ncommand=x\n';
  const [bare, ours] = judge([program, `[agent]\n${program}`]);
  assert.ok(bare && 'refused' in bare.supervisor && 'refused' in bare.agent);
  assert.ok(ours && 'refused' in ours.supervisor && !('refused' in ours.agent));
});
