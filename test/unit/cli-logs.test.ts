import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFleetctl } from '../../cli/run.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import type { LogNews, LogsRequest } from '../../proto/log-messages.ts';
import { hostId, knownProcessName } from '../../proto/vocabulary.ts';
import { FAKE_NOW_MS, fakeWorld } from '../fakes/cli-environment.ts';
import { fleetctl } from '../fakes/cli-run.ts';
import { fakeControl, lost } from '../fakes/control-client.ts';

const ALL = Number.MAX_SAFE_INTEGER;
const [WEB_1, WEB_2] = [hostId('web-1'), hostId('web-2')];
const WEB = knownProcessName('web');

const sources: LogNews = {
  kind: 'sources',
  sources: [WEB_1, WEB_2].map((host) => ({ host, processes: [WEB] })),
  unreachable: [],
};
const line = (host: typeof WEB_1, text: string): LogNews => ({
  ...{ kind: 'block', host, process: WEB, channel: 'stdout', skippedBytes: 0 },
  skippedMore: false,
  data: Buffer.from(`${text}\n`),
});
const ended = (host: typeof WEB_1, error: string | null = null): LogNews => ({
  ...{ kind: 'ended', host, error },
});
const hostLost: LogNews = { kind: 'lost', host: WEB_1, error: 'gone' };

/** What the controller is asked for by this command line. */
async function asked(...words: readonly string[]): Promise<LogsRequest> {
  const run = await fleetctl(words, { logs: [{ news: [], ending: 'end' }] });
  return run.logRequests[0] ?? assert.fail(run.stderr);
}

async function refused(...words: readonly string[]): Promise<string> {
  const run = await fleetctl(words, {});
  assert.equal(run.exitCode, 2, words.join(' '));
  assert.deepEqual(run.logRequests, []);
  return run.stderr;
}

/** `logs web --hosts web-*` with this news, to its exit code. */
function logs(news: readonly LogNews[], ...words: readonly string[]) {
  const given = { logs: [{ news, ending: 'end' as const }] };
  return fleetctl(['logs', 'web', '--hosts', 'web-*', ...words], given);
}

test('logs asks for both channels and the last ten lines of each', async () => {
  assert.deepEqual(await asked('logs', 'web', 'db:*', '--hosts', 'prod-*'), {
    hosts: 'prod-*',
    processes: ['web', 'db:*'],
    channels: ['stdout', 'stderr'],
    selection: { from: { kind: 'lines', lines: 10 }, sinceMs: null, grep: null, follow: false },
    allowedOnly: false,
  });
});

test('a time is sent as such, and all since then is wanted unless a number is said', async () => {
  const durations = { '30': 30, '10m': 600, '2h': 7_200, '1d': 86_400 };
  for (const [typed, seconds] of Object.entries(durations)) {
    const { selection } = await asked('logs', 'web', '--hosts', 'a', '--since', typed);
    assert.equal(selection.sinceMs, FAKE_NOW_MS - seconds * 1_000);
    assert.deepEqual(selection.from, { kind: 'lines', lines: ALL });
  }
  const at = ['--since', '2026-11-22T20:15:00.5+01:00'];
  const { selection } = await asked('logs', 'web', '--hosts', 'a', ...at, '-n', '5');
  assert.equal(selection.sinceMs, Date.UTC(2026, 10, 22, 19, 15, 0, 500));
  assert.deepEqual(selection.from, { kind: 'lines', lines: 5 });
});

test('channels, lines, expression and following are as said', async () => {
  const of = (...words: readonly string[]) => asked('logs', 'web', '--hosts', 'a', ...words);
  assert.deepEqual((await of('--stderr')).channels, ['stderr']);
  assert.deepEqual((await of('--stdout')).channels, ['stdout']);
  assert.deepEqual((await of('--stdout', '--stderr')).channels, ['stdout', 'stderr']);
  const { selection } = await of('-f', '-n', 'all', '--grep', 'a|b');
  assert.deepEqual(selection, {
    ...{ from: { kind: 'lines', lines: ALL }, sinceMs: null, grep: 'a|b', follow: true },
  });
});

test('tail asks for one channel, by lines or by bytes', async () => {
  const of = (...words: readonly string[]) => asked('tail', 'web', '--hosts', 'a', ...words);
  const plain = await of();
  assert.deepEqual(plain.channels, ['stdout']);
  assert.deepEqual(plain.selection.from, { kind: 'lines', lines: 10 });
  assert.deepEqual((await of('-n', '0', '-f')).selection.from, { kind: 'lines', lines: 0 });
  const bytes = await of('-c', '1600', '--stderr');
  assert.deepEqual(bytes.channels, ['stderr']);
  assert.deepEqual(bytes.selection.from, { kind: 'bytes', bytes: 1_600 });
});

test('what nobody can mean is refused before anything is dialled', async () => {
  for (const verb of ['logs', 'tail']) {
    assert.match(await refused(verb, 'web'), new RegExp(`${verb} needs --hosts`));
    assert.match(await refused(verb, 'web', '--hosts', ' '), /an empty selection never means/);
    assert.match(await refused(verb, '', '--hosts', 'a'), /an empty selection never means/);
    await refused(verb, '--hosts', 'a');
    await refused(verb, 'web', '--hosts', 'a', '-n', '-1');
    await refused(verb, 'web', '--hosts', 'a', '-n', '1e3');
    await refused(verb, 'web', '--hosts', 'a', '-n', '9'.repeat(16));
  }
  assert.match(await refused('logs', 'web', '--hosts', 'a', '--grep', ''), /is empty/);
  for (const since of ['', '-1', '5w', 'yesterday', '2026-13-01T00:00:00Z', '9'.repeat(30)]) {
    await refused('logs', 'web', '--hosts', 'a', '--since', since);
  }
  assert.match(
    await refused('logs', 'web', '--hosts', 'a', '--since', '2026-11-22T20:15:00'),
    /zone/,
  );
  await refused('tail', 'web', '--hosts', 'a', '-n', '3', '-c', '3');
  await refused('tail', 'web', '--hosts', 'a', '-c', '1k');
});

test('exit code: 0, 10 where one refused, 11 where one was lost or not connected', async () => {
  const fine = [sources, line(WEB_1, 'a'), ended(WEB_1), ended(WEB_2)];
  const run = await logs(fine);
  assert.equal(run.exitCode, 0);
  assert.equal(run.stdout, 'web-1 web | a\n');
  assert.equal(run.stderr, '');
  assert.equal((await logs([sources, ended(WEB_1, 'no'), ended(WEB_2)])).exitCode, 10);
  assert.equal((await logs([sources, hostLost, ended(WEB_1), ended(WEB_2)])).exitCode, 11);
  const back: LogNews = { kind: 'resumed', host: WEB_1 };
  assert.equal((await logs([sources, hostLost, back, ended(WEB_1)])).exitCode, 0);
  const away: LogNews = { kind: 'sources', sources: [], unreachable: [WEB_1] };
  const unread = await logs([away]);
  assert.equal(unread.exitCode, 11);
  assert.equal(unread.stderr, '-- not connected, so not read: web-1 --\n');
  const both = [sources, hostLost, ended(WEB_1), ended(WEB_2, 'no')];
  assert.equal((await logs(both)).exitCode, 10);
});

test('what the controller refuses ends it with its words and its code', async () => {
  const ending = new FleetError(refusal('nothing-matched', 'no process matches "wbe"'));
  const given = { logs: [{ news: [], ending }] };
  const run = await fleetctl(['logs', '-f', 'wbe', '--hosts', '@*'], given);
  assert.equal(run.exitCode, 6);
  assert.match(run.stderr, /no process matches "wbe"/);
});

test('jsonl is for programs: nothing of it goes to stderr', async () => {
  const away: LogNews = { kind: 'sources', sources: [], unreachable: [WEB_1] };
  const run = await logs([away], '-o', 'jsonl');
  assert.equal(run.stdout, '{"kind":"Unreachable","host":"web-1"}\n');
  assert.equal(run.stderr, '');
  assert.equal(run.exitCode, 11);
});

for (const screen of [undefined, { columns: 80, rows: 24 }]) {
  const where = screen === undefined ? 'into a pipe' : 'on a terminal';
  test(`Ctrl-C ends following with 130 and says nothing, ${where}`, async () => {
    const control = fakeControl({
      logs: [{ news: [sources, line(WEB_1, 'a')], ending: 'silence' }],
    });
    const world = fakeWorld(control.client, screen === undefined ? {} : { screen });
    const words = ['logs', '-f', 'web', '--hosts', '@*'];
    const running = runFleetctl(words, world.environment);
    while (!world.stdout().includes('a\n')) await new Promise(setImmediate);
    world.pressInterrupt();
    assert.equal(await running, 130);
    assert.equal(world.stderr(), '');
    const end = screen === undefined ? '' : '\n';
    assert.equal(world.stdout(), `web-1 web | a\n${end}`);
    assert.ok(control.isClosed());
  });
}

test('a follower whose connection to the controller is lost goes on from now on, and says so', async () => {
  const run = await fleetctl(['logs', '-f', 'web', '--hosts', '@*', '--since', '1h'], {
    logs: [
      { news: [sources, line(WEB_1, 'before')], ending: lost },
      { news: [], ending: lost },
      { news: [sources, line(WEB_1, 'after'), ended(WEB_1), ended(WEB_2)], ending: 'end' },
    ],
  });
  assert.equal(run.exitCode, 0);
  assert.equal(run.stdout, 'web-1 web | before\nweb-1 web | after\n');
  assert.deepEqual(run.stderr.split('\n'), [
    '-- the connection to the controller was lost; trying again --',
    '-- connected again; what was printed meanwhile may be missing --',
    '',
  ]);
  const [, second] = run.logRequests;
  assert.deepEqual(second?.selection.from, { kind: 'lines', lines: 0 });
  assert.equal(second?.selection.sinceMs, null);
});

test('it is tried for a minute, and not at all by who does not follow', async () => {
  const news = [sources, line(WEB_1, 'before')];
  const given = {
    logs: [
      { news, ending: lost },
      { news: [], ending: lost },
    ],
  };
  const following = await fleetctl(['logs', '-f', 'web', '--hosts', '@*'], given);
  assert.equal(following.exitCode, 4);
  assert.ok(following.sleptMs() > 59_000 && following.sleptMs() < 70_000);
  const once = await fleetctl(['logs', 'web', '--hosts', '@*'], given);
  assert.equal(once.exitCode, 4);
  assert.equal(once.logRequests.length, 1);
});
