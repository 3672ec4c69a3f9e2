/**
 * Programs that end while no agent runs. The next one sees how each of them really ended and does
 * once what its configuration says about such an end: a job of two hours that ended with 0 is not
 * run again, a crashed server is. What nobody saw is called unknown, and nothing is invented.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readChildRecord } from '../../agent/adapters/children/child-record.ts';
import type { ProcessRuntime } from '../../agent/core/process.ts';
import { keptDatabase } from '../../proto/sqlite.ts';
import type { ProcessStatus } from '../../proto/vocabulary.ts';
import type { Daemon } from './fleet/daemon.ts';
import { isAlive, sendSignal } from './fleet/processes.ts';
import { eventually } from './fleet/wait.ts';
import { type Host, list, makeHost } from './local/host.ts';

/** How it ends; `unseen`: its keeper is killed as well. */
const ENDS = ['zero', 'expected', 'unexpected', 'signal', 'unseen'] as const;
type End = (typeof ENDS)[number];

const AUTORESTARTS = ['true', 'unexpected', 'false'] as const;

interface Case {
  readonly name: string;
  readonly end: End;
  readonly autorestart: (typeof AUTORESTARTS)[number];
  /** It had been up for longer than `startsecs`. */
  readonly wasRunning: boolean;
}

const CASES: readonly Case[] = ENDS.flatMap((end) =>
  AUTORESTARTS.flatMap((autorestart) =>
    [true, false].map((wasRunning) => ({
      name: `${end}-${autorestart}-${wasRunning ? 'ran' : 'began'}`,
      end,
      autorestart,
      wasRunning,
    })),
  ),
);

const STATUSES: Readonly<Record<End, Pick<ProcessStatus, 'exitCode' | 'exitSignal'>>> = {
  zero: { exitCode: 0, exitSignal: null },
  expected: { exitCode: 7, exitSignal: null },
  unexpected: { exitCode: 3, exitSignal: null },
  signal: { exitCode: null, exitSignal: 'SEGV' },
  unseen: { exitCode: null, exitSignal: null },
};

/** Supervisor's rules: what ends before `startsecs` has failed to start and is tried again. */
function isRunAgain({ end, autorestart, wasRunning }: Case): boolean {
  if (!wasRunning || autorestart === 'true') return true;
  if (autorestart === 'false') return false;
  return end !== 'zero' && end !== 'expected';
}

/** The first life ends as it is told to, the second stays. */
const SCRIPT = `#!/bin/sh
test -e "$BOOKS/$NAME.starts" && AGAIN=yes
echo $$ >> "$BOOKS/$NAME.starts"
test -z "$AGAIN" || exec sleep 1000
test "$END" != never || exec sleep 1000
until test -e "$BOOKS/end"; do sleep 0.05; done
echo "last words of $NAME"
case $END in
zero) exit 0 ;;
expected) exit 7 ;;
unexpected) exit 3 ;;
signal) kill -SEGV $$ ;;
unseen) exec sleep 1000 ;;
esac
`;

let host: Host;
let agent: Daemon;
let seen: ReadonlyMap<string, ProcessStatus>;

const startsOf = (name: string): number => {
  const path = join(host.folder, `${name}.starts`);
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').length : 0;
};

async function statuses(): Promise<ReadonlyMap<string, ProcessStatus>> {
  const { processes } = await list(host.socket);
  return new Map(processes.map((status) => [status.process as string, status]));
}

function records(): ReadonlyMap<string, ProcessRuntime> {
  const database = keptDatabase(join(host.folder, 'state', 'journal.db'), 1_000);
  try {
    const rows = database.prepare('SELECT name, record FROM processes').raw().all();
    return new Map(
      (rows as [string, string][]).map(([name, text]) => [
        name,
        JSON.parse(text) as ProcessRuntime,
      ]),
    );
  } finally {
    database.close();
  }
}

function childOf(name: string) {
  const record = readChildRecord(join(host.folder, 'state', 'run', `${name}.child`));
  assert.ok(record !== null, `there is no record of ${name}`);
  return record;
}

before(async () => {
  host = makeHost({ rest: '' });
  const script = join(host.folder, 'until');
  writeFileSync(script, SCRIPT, { mode: 0o755 });
  type Told = Omit<Case, 'end'> & { readonly end: End | 'never' };
  const section = ({ name, end, autorestart, wasRunning }: Told): string => `
[program:${name}]
command = ${script}
environment = BOOKS="${host.folder}",NAME="${name}",END="${end}"
autorestart = ${autorestart}
exitcodes = 0,7
startsecs = ${wasRunning ? 0 : 3600}
stdout_logfile = ${join(host.folder, `${name}.log`)}
`;
  const orphan = section({ name: 'orphan', end: 'never', autorestart: 'false', wasRunning: true });
  host.configure([...CASES.map(section), orphan].join(''));
  agent = await host.start();
  const all = [...CASES.map(({ name }) => name), 'orphan'];
  await eventually('all have started', () => all.every((name) => startsOf(name) === 1));
  const pids = new Map(all.map((name) => [name, childOf(name)]));
  await agent.end('SIGKILL');

  writeFileSync(join(host.folder, 'end'), '');
  for (const { name } of CASES.filter(({ end }) => end === 'unseen')) {
    sendSignal(pids.get(name)?.keeperPid, 'SIGKILL');
    sendSignal(pids.get(name)?.pid, 'SIGKILL');
  }
  sendSignal(pids.get('orphan')?.keeperPid ?? 0, 'SIGKILL');
  await eventually('all of them have ended', () =>
    CASES.every(({ name }) => !isAlive(pids.get(name)?.pid ?? 0)),
  );
  agent = await host.start();
  await eventually('those that are to run again do', () =>
    CASES.every((each) => startsOf(each.name) === (isRunAgain(each) ? 2 : 1)),
  );
  seen = await statuses();
});

after(() => host?.[Symbol.dispose]());

for (const each of CASES) {
  const { name, end, autorestart, wasRunning } = each;
  const when = wasRunning ? 'after startsecs' : 'within startsecs';
  const verdict = isRunAgain(each) ? 'is run again' : 'is not run again';
  test(`autorestart=${autorestart}, ended ${when} (${end}): ${verdict}, its status is true`, () => {
    const status = seen.get(name);
    assert.ok(status !== undefined);
    const { exitCode, exitSignal } = status;
    assert.deepEqual({ exitCode, exitSignal }, STATUSES[end]);
    const stateAgain = wasRunning ? 'RUNNING' : 'STARTING';
    assert.equal(status.state, isRunAgain(each) ? stateAgain : 'EXITED');
    assert.equal(status.restarts, isRunAgain(each) ? 1 : 0);
    if (end === 'unseen') assert.match(status.lastError ?? '', /exit status unknown/);
  });
}

test('what they printed last, while nobody read it, is in their logs and in their records', () => {
  const recorded = records();
  for (const each of CASES.filter(({ end }) => end !== 'unseen')) {
    const words = `last words of ${each.name}`;
    assert.equal(readFileSync(join(host.folder, `${each.name}.log`), 'utf8'), `${words}\n`);
    if (!isRunAgain(each)) assert.deepEqual(recorded.get(each.name)?.lastLines, [words]);
  }
});

test('a program whose keeper was killed is taken over, and its end is seen but not how', async () => {
  assert.equal(seen.get('orphan')?.state, 'RUNNING');
  const { pid } = childOf('orphan');
  process.kill(pid, 'SIGTERM');
  const status = await eventually('its end is seen', async () => {
    const now = (await statuses()).get('orphan');
    return now?.state === 'EXITED' && now;
  });
  assert.deepEqual([status.exitCode, status.exitSignal], [null, null]);
});

test('each end is judged once: one more agent starts nothing more', async () => {
  const before = await statuses();
  await agent.end('SIGKILL');
  agent = await host.start();
  const now = await statuses();
  for (const { name } of CASES) {
    assert.deepEqual(
      [now.get(name)?.pid, now.get(name)?.restarts, now.get(name)?.state],
      [before.get(name)?.pid, before.get(name)?.restarts, before.get(name)?.state],
      name,
    );
    assert.equal(startsOf(name), (now.get(name)?.restarts ?? 0) + 1, name);
  }
});
