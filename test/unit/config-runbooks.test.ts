import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadControllerConfig } from '../../controller/config/config.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { DEFAULT_STRATEGY } from '../../proto/strategy.ts';
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

const section = (name: string, keys: Readonly<Record<string, string>>): string =>
  [`[runbook:${name}]`, ...Object.entries(keys).map((entry) => entry.join(' = ')), ''].join('\n');

/** What is wrong with one runbook, which restarts web on all hosts but for these keys. */
function wrong(keys: Readonly<Record<string, string>>): string {
  const plain = { verb: 'restart', processes: 'web', hosts: '@*' };
  const { config, said } = load(section('x', { ...plain, ...keys }));
  assert.equal(config, null, `taken: ${JSON.stringify(keys)}`);
  return said;
}

test('a runbook says what is done and how, as the command line would', () => {
  const { config, said } = load(
    `${section('restart-web', {
      description: 'All of web, carefully; 10%% at first',
      verb: 'restart',
      processes: 'web, shop:*\n  queue worker',
      hosts: '@web and not db-*',
      order: 'host',
      full_stop: 'yes',
      reason: 'new build',
      batch: '1, 5,20%',
      batch_wait: '30',
      max_errors: '10%',
      max_unreachable: '2',
      min_healthy_time: '1m',
      on_error: 'fail',
      offline: 'queue=2h',
      deadline: '1d',
      lock_wait: '5m',
    })}[hosts:web]\nhosts = web-*\n`,
  );
  assert.equal(said, '');
  assert.deepEqual(
    [...(config?.runbooks ?? [])],
    [
      [
        'restart-web',
        {
          name: 'restart-web',
          description: 'All of web, carefully; 10% at first',
          verb: 'restart',
          signal: null,
          processes: ['web', 'shop:*', 'queue', 'worker'],
          hosts: '@web and not db-*',
          order: 'host',
          fullStop: true,
          reason: 'new build',
          strategy: {
            batch: [
              { kind: 'count', count: 1 },
              { kind: 'count', count: 5 },
              { kind: 'percent', percent: 20 },
            ],
            canary: 0,
            batchWaitMs: 30_000,
            maxErrors: { kind: 'percent', percent: 10 },
            maxUnreachable: { kind: 'count', count: 2 },
            minHealthyMs: 60_000,
            onError: 'fail',
            offline: { kind: 'queue', ttlMs: 7_200_000 },
            deadlineMs: 86_400_000,
            lockWaitMs: 300_000,
          },
        },
      ],
    ],
  );
});

test('what a runbook does not say is as on the command line', () => {
  const { config, said } = load(
    section('hup', { verb: 'signal', signal: 'sighup', processes: 'all', hosts: '@*' }) +
      section('update', { verb: 'update', hosts: 'env=prod' }),
  );
  assert.equal(said, '');
  const [hup, update] = [...(config?.runbooks.values() ?? [])];
  assert.deepEqual(hup, {
    ...{ name: 'hup', description: '', verb: 'signal', signal: 'HUP', processes: ['all'] },
    ...{ hosts: '@*', order: 'tier', fullStop: false, reason: '', strategy: DEFAULT_STRATEGY },
  });
  assert.deepEqual(update?.processes, []);
});

test('a file without runbooks has none, and one with many keeps their order', () => {
  assert.deepEqual(load('').config?.runbooks, new Map());
  const plain = { verb: 'stop', processes: 'web', hosts: '@*' };
  const { config } = load(['b', 'a', 'c_1.x-2'].map((name) => section(name, plain)).join(''));
  assert.deepEqual([...(config?.runbooks.keys() ?? [])], ['b', 'a', 'c_1.x-2']);
});

test('each value that is wrong is told with its line, and with what would be right', () => {
  assert.match(
    wrong({ verb: 'restrat' }),
    /^controller\.conf:10: \[runbook:x\] verb: expected start, stop, restart, signal or update, found "restrat"; did you mean restart\?\n1 error$/,
  );
  assert.match(wrong({ verb: 'status' }), /verb: expected start, .*, found "status"\n/);
  assert.match(wrong({ order: 'hosts' }), /order: expected tier or host, .* did you mean host\?/);
  assert.match(wrong({ batch: '0' }), /batch: expected a size .*, found "0"/);
  assert.match(wrong({ batch: '' }), /batch: expected .*, found nothing/);
  assert.match(wrong({ batch: '101%' }), /batch: expected .*, found "101%"/);
  assert.match(wrong({ canary: '10%' }), /canary: expected .*no percentage, found "10%"/);
  assert.match(wrong({ batch_wait: 'soon' }), /batch_wait: expected .* 30s, .*, found "soon"/);
  assert.match(wrong({ max_errors: '-1' }), /max_errors: expected a whole number .*found "-1"/);
  assert.match(wrong({ max_unreachable: '5 %' }), /max_unreachable: expected .*found "5 %"/);
  assert.match(wrong({ min_healthy_time: '1y' }), /min_healthy_time: expected .*found "1y"/);
  assert.match(wrong({ on_error: 'stop' }), /on_error: expected pause, fail, continue, found/);
  assert.match(wrong({ offline: 'queue' }), /offline: expected fail, skip, or queue=/);
  assert.match(wrong({ deadline: '0' }), /deadline: expected .*, found "0"/);
  assert.match(wrong({ lock_wait: '99d' }), /lock_wait: expected at most 24d, found "99d"/);
  assert.match(wrong({ full_stop: 'maybe' }), /full_stop: expected true or false/);
  assert.match(wrong({ verb: 'signal', signal: 'HPU' }), /signal: "HPU" is not a signal.*HUP/);
  assert.match(wrong({ reason: 'x'.repeat(1_001) }), /reason: expected a text of at most 1000/);
  assert.match(wrong({ processes: 'w* '.repeat(51) }), /processes: 51 patterns .* are too many/);
});

test('what cannot be together is told when the file is read, not when somebody is in a hurry', () => {
  assert.match(
    wrong({ verb: 'signal' }),
    /\[runbook:x\] verb: with signal, the key signal must say/,
  );
  assert.match(wrong({ signal: 'HUP' }), /signal: goes with verb = signal, not with restart/);
  assert.match(wrong({ processes: '' }), /processes: with restart, say which processes/);
  assert.match(wrong({ verb: 'stop', full_stop: 'yes' }), /full_stop: goes with verb = restart/);
  assert.match(wrong({ full_stop: 'yes', canary: '1' }), /canary: does not go with full_stop/);
  assert.match(wrong({ verb: 'update', order: 'host' }), /order: does not go with verb = update/);
  assert.match(
    wrong({ canary: '1', on_error: 'continue' }),
    /:9: \[runbook:x\] a canary and --on-/,
  );
  assert.match(
    wrong({ verb: 'signal', signal: 'HUP', min_healthy_time: '1m' }),
    /\[runbook:x\] --min-healthy-time and signal contradict each other: .*\n {4}leave one/,
  );
  const { said } = load(section('x', { verb: 'stop', hosts: '@*' }));
  assert.match(said, /controller\.conf:9: \[runbook:x\] processes: with stop, say which processes/);
});

test('its selector is judged like that of a group', () => {
  assert.match(
    wrong({ hosts: 'web-1, web-[3-1]' }),
    /:12: \[runbook:x\] hosts: expected a selector of hosts: .*\n {4}web-1, web-\[3-1\]\n {15}\^/,
  );
  assert.match(wrong({ hosts: '@wbe' }), /there is no group @wbe\n {4}a label is written/);
  assert.match(wrong({ hosts: 'file:x' }), /a runbook cannot be read from a file/);
  assert.match(wrong({ hosts: '-' }), /a runbook cannot be read from standard input/);
  assert.match(wrong({ hosts: 'op:01a20339-3305:failed' }), /a runbook cannot depend on an oper/);
  assert.match(wrong({ hosts: '' }), /hosts: expected a selector of hosts.*found nothing/);
});

test('everything that is wrong is told at once', () => {
  const { config, said } = load(
    `${section('a b', { verb: 'stop', processes: 'web', hosts: '@*' })}${section('x', {
      batch: '0',
      hots: '@*',
      on_error: 'x',
    })}[hosts:web]\nhosts = web-*\n${section('y', {
      verb: 'stop',
      processes: 'all',
      hosts: '@webb',
      canary: 'x',
    })}[runbok:z]\n[runbook]\n`,
  );
  assert.equal(config, null);
  for (const problem of [
    /:9: \[runbook:a b\] expected a name of letters, .* after "runbook:", found "a b"/,
    /\[runbook:x\] verb: is missing; expected start, stop, restart, signal or update/,
    /\[runbook:x\] hosts: is missing/,
    /\[runbook:x\] hots: this key is not known\n {4}did you mean hosts\?/,
    /\[runbook:x\] batch: expected/,
    /\[runbook:x\] on_error: expected/,
    /\[runbook:y\] hosts: there is no group @webb\n {4}did you mean @web\?/,
    /\[runbook:y\] canary: expected/,
    /\[runbok:z\] this section is not known\n {4}did you mean \[runbook:NAME\]\?/,
    /\[runbook\] this section is not known/,
  ]) {
    assert.match(said, problem);
  }
});

test('batch_required_above is a number of hosts', () => {
  const limit = (value: string) => {
    const text = CONTROLLER.replace('[operator', `batch_required_above = ${value}\n[operator`);
    const { config, problems } = loadControllerConfig('controller.conf', {
      env: {},
      hostName: 'ops-1',
      workingDirectory: '/etc/fleetvisor',
      files: fakeConfigFiles({ '/etc/fleetvisor/controller.conf': text }),
    });
    return config === null ? problems.map(({ message }) => message).join() : config;
  };
  assert.deepEqual(load('').config?.batchRequiredAbove, null);
  for (const [value, above] of [
    ['1', 1],
    ['50', 50],
  ] as const) {
    const config = limit(value);
    assert.equal(typeof config === 'object' && config.batchRequiredAbove, above);
  }
  for (const value of ['0', '-1', '10%%', 'all', '']) {
    assert.match(String(limit(value)), /expected a number of hosts \(≥ 1\), found/, value);
  }
});
