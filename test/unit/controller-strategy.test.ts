/** Batches, canaries, limits, rests, hosts that are away: what an operation begins, and when it stops. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Amount } from '../../proto/strategy.ts';
import { begunWith, type OperationScript } from '../fakes/operation-script.ts';

const count = (of: number): Amount => ({ kind: 'count', count: of });
const percent = (of: number): Amount => ({ kind: 'percent', percent: of });
const webs = (hosts: number): readonly string[] =>
  Array.from({ length: hosts }, (_, index) => `h${index + 1} web 0`);
const halt = (script: OperationScript): string | undefined => script.execution.facts.halt?.because;
const finishAll = (script: OperationScript): void => {
  for (const line of [...script.sent]) {
    const later = script.sent;
    script.settle(line);
    if (script.sent.length === 0) script.sent = later;
  }
};

test('a batch begins when the one before it is settled, and never before', () => {
  const script = begunWith({ batch: [count(1), count(2), percent(40)] }, ...webs(6));
  assert.deepEqual(
    script.execution.facts.waves.map(({ batch, batches, targets }) => [batch, batches, targets]),
    [
      [0, 4, 1],
      [1, 4, 2],
      [2, 4, 2],
      [3, 4, 1],
    ],
  );
  assert.deepEqual(script.sent, ['h1 web']);
  script.settle('h1 web');
  assert.deepEqual(script.sent, ['h2 web', 'h3 web']);
  script.settle('h3 web');
  assert.deepEqual(script.sent, []);
  script.settle('h2 web');
  assert.deepEqual(script.sent, ['h4 web', 'h5 web']);
});

test('who is not attempted takes no place in a batch', () => {
  const lines = ['a web 0 unreachable', 'b web 0', 'c web 0 skipped', 'd web 0', 'e web 0'];
  const script = begunWith({ batch: [count(2)] }, ...lines);
  assert.deepEqual(script.sent, ['b web', 'd web']);
  finishAll(script);
  assert.deepEqual(script.sent, ['e web']);
});

test('with order host a batch of hosts goes through all its tiers before the next begins', () => {
  const lines = ['a db 0', 'b db 0', 'c db 0', 'd db 0', 'a web 1', 'b web 1', 'c web 1'];
  const script = begunWith({ order: 'host', batch: [count(2), count(1)] }, ...lines);
  assert.deepEqual(script.sent, ['a db', 'b db']);
  script.settle('a db');
  assert.deepEqual(script.sent, ['a web']);
  script.settle('a web');
  script.settle('b db');
  assert.deepEqual(script.sent, ['b web']);
  script.reload();
  assert.deepEqual(script.sent, []);
  script.settle('b web');
  assert.deepEqual(script.sent, ['c db']);
  script.reload();
  script.settle('c db');
  assert.deepEqual(script.sent, ['c web']);
  script.settle('c web');
  assert.deepEqual(script.sent, ['d db']);
  script.settle('d db');
  assert.equal(script.state(), 'succeeded');
});

test('a controller that comes back starts what was too slow to stop in an earlier batch of hosts', () => {
  const manner = { order: 'host', fullStop: true, batch: [count(1)], maxErrors: count(1) } as const;
  const script = begunWith(manner, 'a web 0', 'b web 0');
  script.overrun('a', 0);
  assert.deepEqual(script.sent, ['b web']);
  script.reload();
  script.settle('a web');
  assert.deepEqual(script.sent, ['a web']);
});

test('with order host a host that is lost before its batch begins no earlier for that', () => {
  const lines = ['a db 0', 'b db 0', 'b web 1'];
  const manner = { order: 'host', batch: [count(1)], maxUnreachable: count(9) } as const;
  const script = begunWith(manner, ...lines);
  script.lose('b');
  assert.deepEqual([script.sent, script.states()], [[], 'dispatched unreachable unreachable']);
  script.settle('a db');
  assert.equal(script.state(), 'failed');
});

test('it halts when more failed than may, not when as many did', () => {
  const script = begunWith({ batch: [count(1)], maxErrors: percent(25) }, ...webs(9));
  for (const host of [1, 2]) {
    script.settle(`h${host} web`, 'failed');
    assert.equal(script.state(), 'running', `25 % of 9 are 2, and ${host} failed`);
  }
  script.settle('h3 web', 'indeterminate');
  assert.equal(script.state(), 'paused');
  assert.match(halt(script) ?? '', /3 targets failed or took too long, and no more than 2 may/);
  assert.deepEqual(script.sent, []);
});

test('what is skipped, cancelled or done does not count as failed', () => {
  const script = begunWith({ batch: [count(1)] }, ...webs(4));
  script.settle('h1 web', 'skipped');
  script.settle('h2 web', 'cancelled');
  script.settle('h3 web');
  assert.deepEqual(script.sent, ['h4 web']);
});

test('with nothing left to begin it does not pause: it ends, as failed', () => {
  const script = begunWith({}, 'a web 0', 'b web 0');
  script.settle('a web', 'failed');
  assert.equal(script.state(), 'running');
  script.settle('b web');
  assert.deepEqual([script.state(), halt(script)], ['failed', undefined]);
});

test('with --on-error continue it goes through all, whatever fails', () => {
  const script = begunWith({ batch: [count(1)], onError: 'continue' }, ...webs(3));
  for (const host of [1, 2, 3]) script.settle(`h${host} web`, 'failed');
  assert.equal(script.state(), 'failed');
  assert.equal(script.states(), 'failed failed failed');
});

test('one canary that goes wrong halts it, however many errors are allowed', () => {
  for (const trouble of ['failed', 'timed-out', 'lost', 'late'] as const) {
    const allowed = { maxErrors: percent(100), maxUnreachable: percent(100) };
    const script = begunWith({ canary: 2, ...allowed }, ...webs(5));
    assert.deepEqual(script.sent, ['h1 web', 'h2 web']);
    script.settle('h1 web');
    if (trouble === 'lost') script.lose('h2');
    else if (trouble === 'late') script.overrun('all hosts', 0);
    else script.settle('h2 web', trouble);
    assert.equal(script.state(), 'paused', trouble);
    assert.match(halt(script) ?? '', /canary did not succeed: web on h2/);
    script.resume();
    // Whoever is only late is waited for anew.
    if (trouble === 'late') script.settle('h2 web');
    assert.deepEqual(script.sent, ['h3 web', 'h4 web', 'h5 web']);
  }
});

test('a canary that succeeds lets the rest begin', () => {
  const script = begunWith({ canary: 1, batch: [count(2)] }, ...webs(4));
  assert.deepEqual(
    script.execution.facts.waves.map(({ isCanary, targets }) => [isCanary, targets]),
    [
      [true, 1],
      [false, 2],
      [false, 1],
    ],
  );
  script.settle('h1 web');
  assert.deepEqual(script.sent, ['h2 web', 'h3 web']);
});

test('who takes too long in a batch counts as failed, once; in an undivided wave nobody does', () => {
  const script = begunWith({ batch: [count(1)], maxErrors: count(1) }, ...webs(4));
  script.overrun('all hosts', 0);
  assert.deepEqual(script.sent, ['h2 web'], 'one may fail');
  script.settle('h1 web', 'failed');
  assert.equal(script.execution.tally.errors, 1);
  script.overrun('all hosts', 1);
  assert.equal(script.state(), 'paused');

  const undivided = begunWith({}, 'a db 0', 'a web 1');
  undivided.overrun('all hosts', 0);
  assert.deepEqual([undivided.sent, undivided.execution.tally.errors], [['a web'], 0]);
});

test('a lost host counts once, however many targets it has', () => {
  const lines = ['a db 0', 'a log 0', 'b db 0', 'c db 0', 'c web 1'];
  const script = begunWith({ maxUnreachable: count(1) }, ...lines);
  script.lose('a');
  script.settle('c db');
  assert.equal(script.state(), 'running');
  script.lose('b');
  assert.deepEqual(script.sent, [], 'two are lost');
  assert.match(halt(script) ?? '', /2 hosts became unreachable, and no more than 1 may/);
});

test('between two batches it waits as long as it was told', () => {
  const script = begunWith({ batch: [count(1)], batchWaitMs: 5_000 }, ...webs(3));
  script.settle('h1 web');
  assert.deepEqual(script.sent, []);
  assert.deepEqual(script.timers, [{ timer: { kind: 'batchWait', at: 1 }, delayMs: 5_000 }]);
  script.rest();
  assert.deepEqual(script.sent, ['h2 web']);
  script.rest();
  assert.deepEqual(script.sent, ['h2 web'], 'no wait is on');
  script.settle('h2 web');
  script.pause();
  script.rest();
  assert.deepEqual([script.sent, script.state()], [[], 'paused']);
  script.resume();
  assert.deepEqual(script.sent, ['h3 web'], 'the wait was over');
});

test('with order host it waits between batches of hosts, not between their tiers', () => {
  const manner = { order: 'host', batch: [count(1)], batchWaitMs: 5_000 } as const;
  const script = begunWith(manner, 'a db 0', 'a web 1', 'b db 0');
  script.settle('a db');
  assert.deepEqual(script.sent, ['a web']);
  script.settle('a web');
  assert.deepEqual(script.timers, [{ timer: { kind: 'batchWait', at: 1 }, delayMs: 5_000 }]);
  script.rest();
  assert.deepEqual(script.sent, ['b db']);
});

test('a controller that comes back between two batches waits anew, and knows how far it was', () => {
  const script = begunWith({ batch: [count(1)], batchWaitMs: 5_000 }, ...webs(3));
  script.settle('h1 web');
  script.reload();
  assert.deepEqual(script.timers, [{ timer: { kind: 'batchWait', at: 1 }, delayMs: 5_000 }]);
  script.rest();
  assert.deepEqual(script.sent, ['h2 web']);
});

test('a wave of which nothing can be attempted needs no rest before the next', () => {
  const script = begunWith({ batchWaitMs: 5_000 }, 'a db 0 unreachable', 'a web 1', 'b web 1');
  assert.deepEqual(script.sent, ['a web', 'b web']);
});

test('who is away and may come back holds nobody up, and keeps its own order when it is back', () => {
  const queued = { offline: { kind: 'queue', ttlMs: 60_000 } } as const;
  const lines = ['a db 0 waiting', 'b db 0', 'a web 1 waiting', 'b web 1'];
  const script = begunWith(queued, ...lines);
  script.settle('b db');
  script.settle('b web');
  assert.deepEqual(
    [script.state(), script.states()],
    ['running', 'waiting succeeded waiting succeeded'],
  );
  script.welcome('a');
  assert.deepEqual(script.sent, ['a db']);
  script.settle('a db');
  assert.deepEqual(script.sent, ['a web']);
  script.settle('a web');
  assert.equal(script.state(), 'succeeded');
});

test('who comes back before its wave is done with the others', () => {
  const queued = { offline: { kind: 'queue', ttlMs: 60_000 } } as const;
  const script = begunWith(queued, 'b db 0', 'a web 1 waiting', 'b web 1');
  script.welcome('a');
  assert.deepEqual([script.sent, script.target('a web').state], [[], 'pending']);
  script.settle('b db');
  assert.deepEqual(script.sent, ['a web', 'b web']);
});

test('who comes back while it is paused is begun when it goes on', () => {
  const queued = { offline: { kind: 'queue', ttlMs: 60_000 } } as const;
  const script = begunWith(queued, 'a db 0 waiting', 'b db 0', 'b web 1');
  script.pause();
  script.welcome('a');
  assert.deepEqual(script.sent, []);
  script.resume();
  assert.deepEqual(script.sent, ['a db']);
});

test('who does not come back in time is unreachable, which counts against nothing', () => {
  const queued = { offline: { kind: 'queue', ttlMs: 60_000 } } as const;
  const script = begunWith(queued, 'a db 0 waiting', 'b db 0', 'b web 1');
  script.elapsedMs = 60_000;
  script.endOffline();
  assert.equal(script.states(), 'unreachable dispatched pending');
  script.settle('b db');
  script.settle('b web');
  assert.deepEqual([script.state(), script.execution.tally.lost], ['failed', 0]);
});

test('a host that is lost before its wave waits too, as long as others would have', () => {
  const queued = { offline: { kind: 'queue', ttlMs: 60_000 } } as const;
  const script = begunWith(queued, 'a db 0', 'b web 1');
  script.lose('b');
  assert.deepEqual([script.target('b web').state, script.execution.tally.lost], ['waiting', 0]);
  script.welcome('b');
  script.elapsedMs = 60_000;
  script.lose('b');
  assert.equal(script.target('b web').state, 'unreachable');
});

test('resumed, it begins to count afresh', () => {
  const script = begunWith({ batch: [count(1)] }, ...webs(4));
  script.settle('h1 web', 'failed');
  script.resume();
  assert.deepEqual([script.sent, script.execution.tally.errors], [['h2 web'], 0]);
  script.settle('h2 web', 'failed');
  assert.equal(script.state(), 'paused');
});

test('paused, it lets finish what was begun, and begins nothing', () => {
  const script = begunWith({ batch: [count(2)] }, ...webs(4));
  script.settle('h1 web');
  script.pause();
  script.settle('h2 web');
  assert.deepEqual([script.sent, script.state()], [[], 'paused']);
  script.reload();
  assert.deepEqual([script.sent, script.state()], [[], 'paused']);
  script.resume();
  assert.deepEqual(script.sent, ['h3 web', 'h4 web']);
});

test('cancelled, it takes back what agents have and waits for their verdicts', () => {
  for (const kill of [false, true]) {
    const script = begunWith({ batch: [count(2)] }, ...webs(4));
    script.settle('h1 web');
    script.cancel(kill);
    assert.deepEqual(
      [script.withdrawn?.targets.map(({ host }) => host), script.withdrawn?.because],
      [['h2'], 'cancelled'],
    );
    assert.equal(script.withdrawn?.giveUp, kill);
    assert.equal(script.state(), 'draining');
    script.settle('h2 web', 'cancelled');
    assert.equal(script.states(), 'succeeded cancelled cancelled cancelled');
    assert.equal(script.state(), 'cancelled');
  }
});

test('what a full stop has stopped already is brought up again when it is cancelled or too late', () => {
  for (const end of ['cancel', 'expire'] as const) {
    const script = begunWith({ fullStop: true }, 'a db 0', 'a web 1', 'b web 1');
    script.settle('a web');
    script[end]();
    assert.deepEqual(
      script.withdrawn?.targets.map(({ host, process, stopped }) => [host, process, stopped]),
      [
        ['a', 'web', true],
        ['b', 'web', false],
      ],
    );
    assert.deepEqual(script.sent, [], 'not its start, which may never have arrived');
    const verdict = end === 'cancel' ? 'cancelled' : 'timed-out';
    script.settle('a web', verdict);
    script.settle('b web', verdict);
    assert.equal(script.state(), end === 'cancel' ? 'cancelled' : 'expired');
    const { stopped, error } = script.target('a web');
    assert.deepEqual([stopped, /started again/.test(error ?? '')], [false, true]);
  }
});

test('cancelled when everything has been begun, and all of it succeeds: it has succeeded', () => {
  const script = begunWith({}, 'a web 0');
  script.cancel();
  script.settle('a web');
  assert.equal(script.state(), 'succeeded');
});

test('at its deadline nothing more is begun, and agents give up what they wait for', () => {
  const script = begunWith({ batch: [count(1)] }, ...webs(2));
  script.expire();
  assert.deepEqual([script.withdrawn?.because, script.withdrawn?.giveUp], ['timed-out', true]);
  script.settle('h1 web', 'timed-out');
  assert.equal(script.states(), 'timed-out not-attempted');
  assert.equal(script.state(), 'expired');
});

test('a deadline while it is being cancelled hurries it, and it is cancelled all the same', () => {
  const script = begunWith({ batch: [count(1)] }, ...webs(2));
  script.cancel();
  script.expire();
  assert.deepEqual([script.withdrawn?.because, script.withdrawn?.giveUp], ['cancelled', true]);
  script.settle('h1 web', 'cancelled');
  assert.equal(script.state(), 'cancelled');
});

test('a target that is watched is in flight until it has its verdict', () => {
  const script = begunWith({ batch: [count(1)] }, ...webs(2));
  script.accept('h1 web');
  script.verify('h1 web');
  assert.equal(script.target('h1 web').state, 'verifying');
  script.accept('h1 web');
  assert.equal(script.target('h1 web').state, 'verifying', 'the repeat of a repeated command');
  assert.deepEqual(script.sent, []);
  script.settle('h1 web');
  assert.deepEqual(script.sent, ['h2 web']);
});

test('a full stop that is cancelled while it stops brings up what stops meanwhile', () => {
  for (const end of ['cancel', 'expire'] as const) {
    const script = begunWith({ fullStop: true }, 'a web 0', 'b web 0');
    script[end]();
    script.settle('a web');
    assert.equal(script.state(), 'draining');
    assert.deepEqual(
      script.withdrawn?.targets.map(({ host, stopped }) => [host, stopped]),
      [['a', true]],
    );
    script.settle('a web', end === 'cancel' ? 'cancelled' : 'timed-out');
    script.settle('b web', 'failed');
    assert.equal(script.state(), end === 'cancel' ? 'cancelled' : 'expired');
  }
});

test('a full stop that is cancelled does not wait for a host that is gone', () => {
  const queued = { offline: { kind: 'queue', ttlMs: 60_000 } } as const;
  const script = begunWith({ fullStop: true, ...queued }, 'a web 0', 'b web 0');
  script.settle('a web');
  script.lose('a');
  script.cancel();
  script.settle('b web', 'cancelled');
  assert.equal(script.state(), 'cancelled');
  assert.match(script.target('a web').error ?? '', /not started again/);
});

test('a controller that comes back in a full stop goes on stopping where it was', () => {
  const manner = { fullStop: true, maxUnreachable: count(1) } as const;
  const script = begunWith(manner, 'a web 1', 'b web 1', 'c db 0');
  script.settle('a web');
  script.lose('a');
  script.reload();
  script.settle('b web');
  assert.deepEqual(script.sent, ['c db'], 'the next stop, and no start');
  assert.equal(script.target('c db').stopped, false);
});

test('hosts that come back together are done in batches, and a canary stays alone', () => {
  const queued = { offline: { kind: 'queue', ttlMs: 60_000 } } as const;
  const lines = ['a web 0', 'b web 0 waiting', 'c web 0 waiting', 'd web 0 waiting'];
  const script = begunWith({ canary: 1, batch: [count(1)], ...queued }, ...lines);
  assert.deepEqual(
    script.execution.facts.waves.map(({ targets, isCanary }) => [targets, isCanary]),
    [
      [1, true],
      [1, false],
      [1, false],
      [1, false],
    ],
  );
  for (const host of ['d', 'c', 'b']) script.welcome(host);
  assert.deepEqual(script.sent, [], 'the canary has not succeeded');
  script.settle('a web');
  assert.deepEqual(script.sent, ['b web']);
  script.reload();
  script.settle('b web');
  assert.deepEqual(script.sent, ['c web']);
});

test('who comes back when its batch is over waits until the one under way is', () => {
  const queued = { offline: { kind: 'queue', ttlMs: 60_000 } } as const;
  const lines = ['a web 0 waiting', 'b web 0', 'c web 0', 'd web 0'];
  const script = begunWith({ batch: [count(1)], ...queued }, ...lines);
  assert.deepEqual(script.sent, ['b web']);
  script.welcome('a');
  assert.deepEqual(script.sent, []);
  script.settle('b web');
  assert.deepEqual(script.sent, ['a web']);
  assert.deepEqual(
    script.timers.map(({ timer }) => timer.kind),
    ['lateWait'],
    'and is waited for no longer than others',
  );
  script.settle('a web');
  assert.deepEqual(script.sent, ['c web']);
});

test('who was begun after the others is overdue in time, too', () => {
  const queued = { offline: { kind: 'queue', ttlMs: 60_000 } } as const;
  const script = begunWith(
    { batchWaitMs: 5_000, ...queued },
    'a db 0',
    'b db 0 waiting',
    'a web 1',
  );
  script.settle('a db');
  script.welcome('b');
  assert.deepEqual(script.sent, ['b db']);
  const [late] = script.timers;
  assert.ok(late?.timer.kind === 'lateWait' && late.delayMs === 1_000);
  script.rest();
  assert.deepEqual(script.sent, [], 'its wave is waited for');
  script.late(late.timer.group);
  assert.deepEqual([script.target('b db').overdue, script.sent], [true, ['a web']]);
});

test('whoever was late before it was resumed counts again if it fails', () => {
  const script = begunWith({ batch: [count(1)] }, ...webs(3));
  script.overrun('all hosts', 0);
  assert.equal(script.state(), 'paused');
  script.resume();
  assert.equal(script.target('h1 web').overdue, false, 'waited for anew');
  assert.deepEqual(
    script.timers.map(({ timer }) => timer.kind),
    ['lateWait'],
  );
  script.settle('h1 web', 'failed');
  assert.deepEqual([script.state(), script.sent], ['paused', []]);
});

test('what goes wrong while a person has paused it is not forgiven by going on', () => {
  const script = begunWith({ canary: 1, maxErrors: percent(100) }, ...webs(3));
  script.pause();
  script.settle('h1 web', 'failed');
  script.resume();
  assert.deepEqual([script.state(), script.sent], ['paused', []]);
  assert.match(halt(script) ?? '', /canary/);
  script.resume();
  assert.deepEqual(script.sent, ['h2 web', 'h3 web'], 'now it is');
});

test('a canary that takes too long halts it even where it is all of its tier', () => {
  const script = begunWith({ canary: 1 }, 'a db 0', 'a web 1');
  script.overrun('all hosts', 0);
  assert.deepEqual([script.state(), script.sent], ['paused', []]);
});

test('a host that is lost twice counts once', () => {
  const queued = { offline: { kind: 'queue', ttlMs: 60_000 }, maxUnreachable: count(1) } as const;
  const script = begunWith(queued, 'a db 0', 'b db 0', 'a web 1', 'b web 1');
  script.lose('a');
  script.welcome('a');
  script.settle('b db');
  script.lose('a');
  assert.equal(script.execution.tally.lost, 1);
});

test('the wait for one half of a full stop does not make the other half late', () => {
  const queued = { offline: { kind: 'queue', ttlMs: 60_000 } } as const;
  const script = begunWith({ fullStop: true, ...queued }, 'a web 0', 'b web 0 waiting');
  script.settle('a web');
  script.welcome('b');
  assert.deepEqual(script.sent, ['b web']);
  const [stopWait] = script.timers;
  assert.ok(stopWait?.timer.kind === 'lateWait');
  script.settle('b web');
  assert.deepEqual(script.sent, ['b web'], 'its start');
  script.late(stopWait.timer.group);
  assert.equal(script.target('b web').overdue, false);
});

test('who came late to the wave under way has a wait of its own', () => {
  const queued = { offline: { kind: 'queue', ttlMs: 60_000 } } as const;
  const script = begunWith(queued, 'a web 0', 'b web 0 waiting', 'c log 1');
  script.welcome('b');
  script.overrun('all hosts', 0);
  assert.deepEqual([script.target('a web').overdue, script.target('b web').overdue], [true, false]);
  script.late(1);
  assert.equal(script.target('b web').overdue, true);
  assert.deepEqual(script.sent, ['c log']);
});

test('a deadline ends an operation that is being aborted, too, and agents are told', () => {
  const script = begunWith({ batch: [count(2)], onError: 'fail' }, ...webs(4));
  script.settle('h1 web', 'failed');
  assert.equal(script.state(), 'draining');
  script.expire();
  assert.deepEqual([script.withdrawn?.because, script.withdrawn?.giveUp], ['timed-out', true]);
});
