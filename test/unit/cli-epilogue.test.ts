import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderEpilogue } from '../../cli/render/operation/epilogue.ts';
import type { Operation, Target } from '../../proto/operation.ts';
import { anOperation, aTarget, aWave } from '../fakes/control-client.ts';

/** What follows the sentence. */
function afterSentence(operation: Operation): readonly string[] {
  return renderEpilogue(operation, 'fleetctl --context prod').trimEnd().split('\n').slice(1);
}

const failed = (host: string, process: string, rest: Partial<Target> = {}) =>
  aTarget(host, process, { state: 'failed', error: 'Exited too quickly', ...rest });

test('after a success nothing is left to say', () => {
  assert.deepEqual(afterSentence(anOperation()), []);
});

test('the same log is shown once, whichever processes and hosts share it', () => {
  const logTail = ['\u001b[31mcannot find module\u001b[0m', '\tat main'];
  const targets = [
    failed('prod-2', 'web:a', { logTail }),
    failed('prod-10', 'web:b', { logTail: ['bind: address in use'] }),
    failed('prod-1', 'web:a', { logTail }),
    failed('prod-1', 'web:b', { logTail }),
    failed('prod-2', 'web:b', { logTail }),
    failed('prod-3', 'web:b', { logTail: [] }),
  ];
  assert.deepEqual(afterSentence(anOperation({ targets })).slice(0, 5), [
    'log of web:a, web:b on prod-[1-2]:',
    '    cannot find module',
    '        at main',
    'log of web:b on prod-10:',
    '    bind: address in use',
  ]);
});

test('of many different logs the first are shown, the rest is counted', () => {
  const targets = Array.from({ length: 8 }, (_, n) =>
    failed(`prod-${n}`, 'web', { logTail: [`reason ${n}`] }),
  );
  const lines = afterSentence(anOperation({ targets }));
  assert.equal(lines.filter((line) => line.startsWith('log of')).length, 5);
  assert.equal(lines[10], 'and 3 other logs; -o json has more');
});

const ID = '0198f2a0-0000-7000-8000-000000000001';
const RETRY = `retry: fleetctl --context prod op retry ${ID}`;

test('one command does again exactly what is not done, and where to look is folded and quoted', () => {
  const hosts = ['prod-01', 'prod-02', 'prod-03'];
  const targets = [
    ...hosts.map((host) => failed(host, 'web:a')),
    ...hosts.map((host) => aTarget(host, 'web:b', { state: 'unreachable', error: 'gone' })),
    failed('prod-01', 'db'),
    aTarget('prod-04', 'web:a'),
    aTarget('prod-05', 'web:a', { state: 'skipped', note: 'held by alice' }),
  ];
  assert.deepEqual(afterSentence(anOperation({ state: 'failed', targets })), [
    "look:  fleetctl --context prod status web:a web:b db --hosts 'prod-[01-03]'",
    RETRY,
  ]);
});

test('what was left alone on purpose needs no command', () => {
  const targets = [aTarget('a', 'web'), aTarget('b', 'web', { state: 'skipped', note: 'held' })];
  assert.deepEqual(afterSentence(anOperation({ targets })), []);
});

test('of what was begun and went wrong its agent can tell more, for one host of the most frequent', () => {
  const begun = { dispatchedAtMs: 1_000 } as const;
  const targets = [
    aTarget('a', 'web', { ...begun, state: 'timed-out', error: 'the deadline came first' }),
    failed('b 1', 'web', begun),
    failed('b 2', 'web', begun),
    aTarget('c', 'web', { ...begun, state: 'unreachable' }),
  ];
  assert.deepEqual(afterSentence(anOperation({ state: 'failed', targets })).slice(1), [
    `why:   fleetctl --context prod op explain ${ID} 'b 1'`,
    RETRY,
  ]);
});

test('what is paused can be resumed or cancelled, and is not retried', () => {
  const targets = [failed('a', 'web'), aTarget('b', 'web', { state: 'pending', wave: 1 })];
  const halt = { by: null, because: '1 target failed, and none may', atMs: 0, endsAs: null };
  const paused = anOperation({
    state: 'paused',
    halt: { ...halt, kill: false },
    endedAtMs: null,
    targets,
  });
  const commands = [
    `resume: fleetctl --context prod op resume ${ID}`,
    `cancel: fleetctl --context prod op cancel ${ID}`,
  ];
  assert.deepEqual(afterSentence(paused), commands);
  const going = aTarget('c', 'web', { state: 'accepted' });
  assert.deepEqual(afterSentence({ ...paused, targets: [...targets, going] }), [
    `watch:  fleetctl --context prod op watch ${ID}`,
    ...commands,
  ]);
});

test('of what goes on no result is claimed', () => {
  const targets = [
    aTarget('a', 'web', { state: 'accepted' }),
    failed('b', 'web', { logTail: ['x'] }),
  ];
  const endedAtMs = null;
  const printed = (state: Operation['state']) =>
    renderEpilogue(anOperation({ state, endedAtMs, targets }), 'fleetctl').trimEnd().split('\n');
  const watch = `fleetctl op watch ${ID}`;
  assert.deepEqual(printed('running'), ['log of web on b:', '    x', `watch: ${watch}`]);
  assert.equal(printed('draining').at(-1), `watch: ${watch}`);
  assert.deepEqual(printed('planned').slice(2), [
    `watch:  ${watch}`,
    `cancel: fleetctl op cancel ${ID}`,
  ]);
});

test('what a full stop left down is to be started, before all is tried again', () => {
  const halves = { stopWave: 0, wave: 1, stopped: true } as const;
  const targets = [
    failed('prod-1', 'web', halves),
    aTarget('prod-2', 'web', { ...halves, state: 'not-attempted' }),
    aTarget('prod-3', 'web', { ...halves, state: 'unreachable' }),
    aTarget('prod-4', 'web', { ...halves, stopped: false, state: 'not-attempted' }),
    aTarget('prod-5', 'web', { ...halves, state: 'skipped', note: 'held by alice' }),
  ];
  const waves = [aWave(0, { action: 'stop' }), aWave(1, { action: 'start' })];
  assert.deepEqual(
    afterSentence(anOperation({ state: 'aborted', fullStop: true, waves, targets })).slice(1),
    ["start: fleetctl --context prod start web --hosts 'prod-[2-3,5]'", RETRY],
  );
});

test('starts to be pasted one after the other keep the order of the tiers', () => {
  const down = (host: string, process: string, wave: number) =>
    aTarget(host, process, { stopWave: 0, wave, stopped: true, state: 'not-attempted' });
  const targets = [down('a', 'web', 2), down('b', 'web', 2), down('b', 'db', 1)];
  assert.deepEqual(
    afterSentence(anOperation({ state: 'aborted', fullStop: true, targets }))
      .filter((line) => line.startsWith('start: '))
      .map((line) => line.replace(/^.* start /, '')),
    ['db --hosts b', 'web --hosts a,b'],
  );
});

test('what a full stop left down in too many groups is started by one command, in its order', () => {
  const down = (host: string, process: string, wave: number) =>
    aTarget(host, process, { stopWave: 0, wave, stopped: true, state: 'not-attempted' });
  const targets = [
    failed('prod-1', 'db', { stopWave: 0, wave: 1, stopped: true }),
    down('prod-1', 'web', 4),
    down('prod-2', 'api', 3),
    down('prod-3', 'cache', 2),
    down('prod-4', 'queue', 5),
    aTarget('prod-5', 'web'),
  ];
  const start = (text: string) => `start: fleetctl --context prod start ${text}`;
  assert.deepEqual(afterSentence(anOperation({ fullStop: true, targets })).slice(1), [
    start("cache api web queue --hosts 'prod-[1-4]'"),
    RETRY,
  ]);
  const many = awkward(200, { stopWave: 0, wave: 1, stopped: true, state: 'not-attempted' });
  const three = ['api', 'cache', 'db'].map((process) => down('prod-1', process, 2));
  // Of `web` alone no result names just the hosts, of all that is down one does.
  assert.deepEqual(afterSentence(anOperation({ targets: [...many, ...three] })).slice(1), [
    start(`web api cache db --hosts op:${ID}:unfinished`),
    RETRY,
  ]);
});

/** Names that cannot be folded, and too many to paste. */
const awkward = (count: number, rest: Partial<Target>) =>
  Array.from({ length: count }, (_, n) =>
    failed(
      String.fromCodePoint(...[...String(n).padStart(3, '0')].map((d) => 97 + Number(d))),
      'web',
      rest,
    ),
  );

test('too many hosts to paste are named by how this operation left them, if that is exact', () => {
  const alone = anOperation({ targets: awkward(200, {}) });
  assert.deepEqual(afterSentence(alone), [
    `look:  fleetctl --context prod status web --hosts op:${ID}:unfinished`,
    RETRY,
  ]);
  const down = { stopWave: 0, wave: 1, stopped: true, state: 'not-attempted' } as const;
  const mixed = anOperation({ targets: [...awkward(200, down), failed('prod-1', 'db')] });
  assert.deepEqual(afterSentence(mixed).slice(1), [
    `start: fleetctl --context prod start web --hosts op:${ID}:not-attempted`,
    RETRY,
  ]);
});

test('no start is offered that would touch more than what is down', () => {
  const down = { stopWave: 0, wave: 1, stopped: true, state: 'not-attempted' } as const;
  const others = aTarget('prod-1', 'db', { state: 'not-attempted' });
  assert.deepEqual(afterSentence(anOperation({ targets: [...awkward(200, down), others] })), [
    `look:  fleetctl --context prod status web db --hosts op:${ID}:unfinished`,
    RETRY,
  ]);
});

test('names from other machines are quoted for the shell and cannot steer the terminal', () => {
  const hostile = failed("a'; rm -rf ~", '\u001b[2J$(id)', { dispatchedAtMs: 0 });
  assert.deepEqual(afterSentence(anOperation({ targets: [hostile] })), [
    "look:  fleetctl --context prod status '\\x1b[2J$(id)' --hosts 'a'\\''; rm -rf ~'",
    `why:   fleetctl --context prod op explain ${ID} 'a'\\''; rm -rf ~'`,
    RETRY,
  ]);
});
