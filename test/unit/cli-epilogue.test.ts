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

test('commands name exactly what is not done, hosts folded and quoted', () => {
  const hosts = ['prod-01', 'prod-02', 'prod-03'];
  const targets = [
    ...hosts.map((host) => failed(host, 'web:a')),
    ...hosts.map((host) => aTarget(host, 'web:b', { state: 'unreachable', error: 'gone' })),
    failed('prod-01', 'db'),
    aTarget('prod-04', 'web:a'),
  ];
  assert.deepEqual(afterSentence(anOperation({ targets })), [
    "look:  fleetctl --context prod status web:a web:b db --hosts 'prod-[01-03]'",
    "retry: fleetctl --context prod restart web:a web:b --hosts 'prod-[01-03]'",
    'retry: fleetctl --context prod restart db --hosts prod-01',
  ]);
});

test('retries to be pasted one after the other keep the order of the tiers', () => {
  const targets = [
    ...['a', 'b'].map((host) => aTarget(host, 'web', { state: 'not-attempted', wave: 1 })),
    aTarget('b', 'db', { state: 'unreachable', wave: 0 }),
  ];
  assert.deepEqual(
    afterSentence(anOperation({ targets }))
      .filter((line) => line.startsWith('retry: '))
      .map((line) => line.replace(/^.* restart /, '')),
    ['db --hosts b', 'web --hosts a,b'],
  );
});

test('a retry is meant as the first try was', () => {
  const targets = [failed('prod-1', 'web')];
  const commandOf = (rest: Partial<Operation>) =>
    afterSentence(anOperation({ targets, ...rest }))[1];
  assert.equal(
    commandOf({ verb: 'signal', signal: 'HUP' }),
    'retry: fleetctl --context prod signal HUP web --hosts prod-1',
  );
  assert.equal(
    commandOf({ order: 'host' }),
    'retry: fleetctl --context prod restart --order host web --hosts prod-1',
  );
});

test('what a full stop left down is to be started, what failed to be tried again', () => {
  const halves = { stopWave: 0, wave: 1, stopped: true } as const;
  const targets = [
    failed('prod-1', 'web', halves),
    aTarget('prod-2', 'web', { ...halves, state: 'not-attempted' }),
    aTarget('prod-3', 'web', { ...halves, state: 'unreachable' }),
    aTarget('prod-4', 'web', { ...halves, stopped: false, state: 'not-attempted' }),
  ];
  const waves = [aWave(0, { action: 'stop' }), aWave(1, { action: 'start' })];
  assert.deepEqual(afterSentence(anOperation({ fullStop: true, waves, targets })).slice(1), [
    "start: fleetctl --context prod start web --hosts 'prod-[2-3]'",
    "retry: fleetctl --context prod restart --full-stop web --hosts 'prod-[1,4]'",
  ]);
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
    'retry: fleetctl --context prod restart --full-stop db --hosts prod-1',
  ]);
  const many = awkward(200, { stopWave: 0, wave: 1, stopped: true, state: 'not-attempted' });
  const three = ['api', 'cache', 'db'].map((process) => down('prod-1', process, 2));
  const id = 'op:0198f2a0-0000-7000-8000-000000000001';
  // Of `web` alone no result names just the hosts, of all that is down one does.
  assert.deepEqual(afterSentence(anOperation({ targets: [...many, ...three] })).slice(1), [
    start(`web api cache db --hosts ${id}:unfinished`),
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
  const id = 'op:0198f2a0-0000-7000-8000-000000000001';
  const alone = anOperation({ targets: awkward(200, {}) });
  assert.deepEqual(afterSentence(alone), [
    `look:  fleetctl --context prod status web --hosts ${id}:unfinished`,
    `retry: fleetctl --context prod restart web --hosts ${id}:unfinished`,
  ]);
  const others = [aTarget('prod-1', 'db', { state: 'unreachable' })];
  const mixed = anOperation({ targets: [...awkward(200, {}), ...others] });
  assert.deepEqual(afterSentence(mixed).slice(1), [
    `retry: fleetctl --context prod restart web --hosts ${id}:failed`,
    'retry: fleetctl --context prod restart db --hosts prod-1',
  ]);
});

test('no command is offered that would touch more than what is not done', () => {
  const targets = [...awkward(200, {}), failed('prod-1', 'db')];
  assert.deepEqual(afterSentence(anOperation({ targets })), [
    'look:  fleetctl --context prod status web db --hosts op:0198f2a0-0000-7000-8000-000000000001:unfinished',
  ]);
  const alike = Array.from({ length: 5 }, (_, n) => failed(`prod-${n}`, `web:${n}`));
  assert.equal(afterSentence(anOperation({ targets: alike })).length, 1);
});

test('names from other machines are quoted for the shell and cannot steer the terminal', () => {
  const lines = afterSentence(anOperation({ targets: [failed("a'; rm -rf ~", '\u001b[2J$(id)')] }));
  assert.deepEqual(lines, [
    "look:  fleetctl --context prod status '\\x1b[2J$(id)' --hosts 'a'\\''; rm -rf ~'",
    "retry: fleetctl --context prod restart '\\x1b[2J$(id)' --hosts 'a'\\''; rm -rf ~'",
  ]);
});
