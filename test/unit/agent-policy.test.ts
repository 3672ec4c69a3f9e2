import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessDefinition } from '../../agent/core/definition.ts';
import { type HostRules, NO_POLICY, type Policy } from '../../agent/core/host-rules.ts';
import { judgeByPolicy, logsAgainst } from '../../agent/core/policy.ts';
import { statusOf } from '../../agent/core/process.ts';
import { knownProcessName, operationId, type Verb, WHOLE_HOST } from '../../proto/vocabulary.ts';
import { aCommand, aHost, deedsIn, outcomesIn, type TestHost } from '../fakes/agent-host.ts';
import { anUpdate, aPerson, control } from '../fakes/agent-local.ts';
import { aDefinition } from '../fakes/agent-process.ts';

const web = aDefinition('web');
const db = aDefinition('db');

const rulesOf = (policy: Partial<Policy>, ownUid = 0): HostRules => ({
  ownUid,
  policy: { ...NO_POLICY, ...policy },
  access: null,
});

/** A host whose processes run, under this policy. */
function running(
  policy: Partial<Policy>,
  definitions: readonly ProcessDefinition[] = [web, db],
  locate?: (definition: ProcessDefinition) => string,
): TestHost {
  const host = aHost(definitions, { rules: rulesOf(policy), ...(locate && { locate }) });
  host.welcome();
  for (const [index, { process }] of definitions.entries()) host.comesUp(process, 101 + index);
  return host;
}

/** A host whose only process has not been started. */
function idle(policy: Partial<Policy>, definition: ProcessDefinition): TestHost {
  const host = aHost([{ ...definition, autostart: false }], { rules: rulesOf(policy) });
  host.welcome();
  return host;
}

const NO = 'the policy of this host does not let a controller';

/** What the controller hears of one target, and whether anything was done. */
function ask(host: TestHost, verb: Verb, name: string) {
  const step =
    verb === 'signal' ? host.signal('HUP', 'op-1', name) : host.command(verb, 'op-1', name);
  const [outcome] = outcomesIn(step);
  const deeds = deedsIn(step);
  const isSignalled = step.effects.some(({ kind }) => kind === 'signalTarget');
  return { state: outcome?.state, error: outcome?.error, isDone: deeds.length > 0 || isSignalled };
}

for (const verb of ['start', 'stop', 'restart', 'signal'] as const) {
  test(`${verb} is refused where allow_verbs does not name it, and nothing is done`, () => {
    const allowed = (['start', 'stop', 'restart', 'signal'] as const).filter((one) => one !== verb);
    assert.deepEqual(ask(running({ verbs: allowed }), verb, 'web'), {
      state: 'failed',
      error: `${NO} ${verb} web: [policy] allow_verbs = ${allowed.join(', ')}`,
      isDone: false,
    });
  });

  test(`${verb} is done where allow_verbs names it`, () => {
    const host = verb === 'start' ? idle({ verbs: [verb] }, web) : running({ verbs: [verb] });
    const { error, isDone } = ask(host, verb, 'web');
    assert.deepEqual({ error: error ?? null, isDone }, { error: null, isDone: true });
  });

  test(`${verb} of a process that is not among the processes is refused by name of the rule`, () => {
    const { error, isDone } = ask(running({ processes: ['web', 'queue:*'] }), verb, 'db');
    assert.equal(error, `${NO} ${verb} db: [policy] processes = web, queue:*`);
    assert.equal(isDone, false);
  });
}

test('of a command on several processes, those that are allowed are done', () => {
  const host = running({ processes: ['web'] });
  const step = host.command('stop', 'op-1', 'web', 'db');
  assert.deepEqual(deedsIn(step), ['web stop TERM']);
  assert.deepEqual(
    outcomesIn(step).map(({ error }) => error),
    [`${NO} stop db: [policy] processes = web`],
  );
});

test('a policy that allows nothing says so', () => {
  assert.equal(
    ask(running({ verbs: [] }), 'stop', 'web').error,
    `${NO} stop web: [policy] allow_verbs =`,
  );
});

test('what is not there is told so, where the verb is allowed', () => {
  const host = running({ processes: ['web'] });
  assert.match(ask(host, 'stop', 'cache').error ?? '', /no such process/);
});

test('only those signals are sent', () => {
  const { error, isDone } = ask(running({ signals: ['USR1', 'USR2'] }), 'signal', 'web');
  assert.equal(error, `${NO} send HUP to web: [policy] signals = USR1, USR2`);
  assert.equal(isDone, false);
  assert.equal(ask(running({ signals: ['HUP'] }), 'signal', 'web').isDone, true);
});

const WWW = { name: 'www', uid: 33, gid: 33 };
const users = [{ name: 'www', uid: 33 }];

for (const verb of ['start', 'restart'] as const) {
  test(`${verb} of a program is refused that would run as another user, root above all`, () => {
    const asRoot = running({ users }, [web]);
    const refused = ask(asRoot, verb, 'web');
    assert.equal(refused.error, `${NO} start web, which runs as root: [policy] users = www`);
    assert.equal(refused.isDone, false, 'and so it is not stopped either');
    const ofWww = aDefinition('web', { user: WWW });
    const asWww = verb === 'start' ? idle({ users }, ofWww) : running({ users }, [ofWww]);
    const allowed = ask(asWww, verb, 'web');
    assert.deepEqual([allowed.error ?? null, allowed.isDone], [null, true]);
    const asBob = running({ users }, [
      aDefinition('web', { user: { name: 'bob', uid: 7, gid: 7 } }),
    ]);
    assert.match(ask(asBob, verb, 'web').error ?? '', /which runs as bob: \[policy\] users = www$/);
  });
}

test('a program without a user runs as the agent, which need not be root', () => {
  const host = aHost([web], { rules: rulesOf({ users }, 33) });
  host.welcome();
  host.comesUp('web', 101);
  const { error, isDone } = ask(host, 'restart', 'web');
  assert.deepEqual([error ?? null, isDone], [null, true]);
  const other = aHost([web], { rules: rulesOf({ users }, 34) });
  other.welcome();
  assert.match(ask(other, 'restart', 'web').error ?? '', /the agent's own user \(uid 34\)/);
});

test('whoever it runs as, it can be stopped', () => {
  assert.equal(ask(running({ users }, [web]), 'stop', 'web').isDone, true);
});

/** Where the executable lies → whether a program in `/opt/app` is allowed. */
const PLACES: readonly (readonly [string, boolean])[] = [
  ['/opt/app/web', true],
  ['/opt/app/bin/deep/web', true],
  ['/opt/app', false],
  ['/opt/apples/web', false],
  ['/usr/bin/sh', false],
  ['/', false],
];
for (const [path, isAllowed] of PLACES) {
  test(`a program at ${path} ${isAllowed ? 'lies' : 'does not lie'} in /opt/app`, () => {
    const host = running({ directories: ['/opt/app'] }, [web], () => path);
    const { error, isDone } = ask(host, 'restart', 'web');
    assert.equal(isDone, isAllowed);
    const wanted = `${NO} start web, which is ${path}: [policy] directories = /opt/app`;
    assert.equal(error, isAllowed ? undefined : wanted);
  });
}

test('in / lies everything, and what is nowhere to be found lies nowhere', () => {
  assert.equal(
    ask(
      running({ directories: ['/'] }, [web], () => '/bin/x'),
      'restart',
      'web',
    ).isDone,
    true,
  );
  const { error } = ask(running({ directories: ['/'] }, [web]), 'restart', 'web');
  assert.match(
    error ?? '',
    /of which the executable is not to be found: \[policy\] directories = \/$/,
  );
});

test('a full stop is a stop and a start: it needs both, and what lets a start be', () => {
  const stopFirst = (policy: Partial<Policy>) => {
    const host = running(policy, [web], () => '/opt/app/web');
    const command = { ...aCommand('stop', 'op-1', ['web']), startFollows: true, sentAtMs: 0 };
    const step = host.receive(command);
    return outcomesIn(step)[0]?.error ?? deedsIn(step).join();
  };
  assert.equal(stopFirst({ verbs: ['stop', 'start'], directories: ['/opt/app'] }), 'web stop TERM');
  assert.match(stopFirst({ verbs: ['restart'] }), /stop web: \[policy\] allow_verbs = restart/);
  assert.match(
    stopFirst({ verbs: ['stop'] }),
    /stop web and start it later: \[policy\] allow_verbs = stop/,
  );
  assert.match(stopFirst({ users }), /start web, which runs as root/);
  assert.match(stopFirst({ directories: ['/usr'] }), /start web, which is \/opt\/app\/web/);
});

test("the host's own people are not bound by it", () => {
  const host = running({ verbs: [], processes: ['queue'], users: [], directories: [] });
  const alice = aPerson(host, { kind: 'read', definitions: [web, db] });
  assert.deepEqual(deedsIn(alice.order(control('stop', 'web'))), ['web stop TERM']);
});

test('a repeat is answered from the record, whatever the policy has become meanwhile', () => {
  const host = running({}, [web]);
  host.command('stop', 'op-1', 'web');
  host.exited('web');
  const alice = aPerson(host, { kind: 'read', definitions: [web], rules: rulesOf({ verbs: [] }) });
  alice.order(anUpdate());
  assert.equal(outcomesIn(host.command('stop', 'op-1', 'web'))[0]?.state, 'succeeded');
  assert.match(outcomesIn(host.command('start', 'op-2', 'web'))[0]?.error ?? '', /allow_verbs =$/);
});

/** What comes of an update by the controller, with this file on disk. */
function updated(
  policy: Partial<Policy>,
  next: readonly ProcessDefinition[],
  executables: ReadonlyMap<string, string> = new Map(),
) {
  const host = running(policy);
  const asked = host.command('update', 'op-1', WHOLE_HOST);
  const wanted = asked.effects.find((effect) => effect.kind === 'readConfig');
  if (wanted?.kind !== 'readConfig') return { error: outcomesIn(asked)[0]?.error, host, deeds: [] };
  const step = host.step({
    kind: 'configRead',
    purpose: wanted.purpose,
    reading: { kind: 'read', definitions: next },
    executables: new Map([...executables].map(([name, path]) => [knownProcessName(name), path])),
  });
  return { error: outcomesIn(step)[0]?.error, host, deeds: deedsIn(step) };
}

const queue = aDefinition('queue');
const changedDb = aDefinition('db', { command: '/bin/other' });

test('an update is refused by its verb before the file is even read', () => {
  const { error } = updated({ verbs: ['restart'] }, [web, db, queue]);
  assert.equal(error, `${NO} update: [policy] allow_verbs = restart`);
});

/** What the file says then → what the policy has against it, or what is done. */
const UPDATES: readonly (readonly [
  string,
  Partial<Policy>,
  readonly ProcessDefinition[],
  RegExp | readonly string[],
])[] = [
  ['nothing has changed', { processes: ['web'], users: [] }, [web, db], []],
  [
    'one is changed',
    { processes: ['web'] },
    [web, changedDb],
    /update db: \[policy\] processes = web$/,
  ],
  [
    'one is new',
    { processes: ['web', 'db'] },
    [web, db, queue],
    /update queue: \[policy\] processes/,
  ],
  ['one is gone', { processes: ['web'] }, [web], /update db: \[policy\] processes = web$/],
  ['only what is allowed changed', { processes: ['db'] }, [web, changedDb], ['db stop TERM']],
  [
    'a new one is allowed by its group',
    { processes: ['queue:*', 'db'] },
    [web, db, queue],
    ['queue spawn'],
  ],
  ['one would run as root', { users }, [web, changedDb], /start db, which runs as root/],
  ['one that would run as root is gone', { users }, [web], ['db stop TERM']],
  [
    'one lies elsewhere',
    { directories: ['/opt'] },
    [web, changedDb],
    /start db, of which the executable/,
  ],
];
for (const [what, policy, next, wanted] of UPDATES) {
  test(`an update by the controller: ${what}`, () => {
    const { error, deeds, host } = updated(policy, next);
    if (!(wanted instanceof RegExp)) {
      assert.equal(error ?? null, null);
      return assert.deepEqual(deeds, wanted);
    }
    assert.match(error ?? '', wanted);
    assert.deepEqual(deeds, [], 'it is refused as a whole');
    assert.equal(host.process('db').definition.command, db.command);
  });
}

test('what an earlier update has yet to stop is touched by the next one as well', () => {
  const host = running({ processes: ['web'] });
  const alice = aPerson(host, { kind: 'read', definitions: [web] });
  alice.order(anUpdate());
  assert.equal(host.stateOf('db'), 'STOPPING');
  const { effects } = host.command('update', 'op-1', WHOLE_HOST);
  const wanted = effects.find((effect) => effect.kind === 'readConfig');
  assert.ok(wanted?.kind === 'readConfig');
  const reading = { kind: 'read', definitions: [web] } as const;
  const step = host.step({ kind: 'configRead', purpose: wanted.purpose, reading });
  assert.match(outcomesIn(step)[0]?.error ?? '', /update db: \[policy\] processes = web$/);
});

test('an update that starts what lies in the right place is done', () => {
  const paths = new Map([['db', '/opt/db']]);
  assert.deepEqual(updated({ directories: ['/opt'] }, [web, changedDb], paths).deeds, [
    'db stop TERM',
  ]);
});

test('an update takes up the policy of the file first, and is judged by it', () => {
  const host = running({});
  const asked = host.command('update', 'op-1', WHOLE_HOST);
  const [wanted] = asked.effects.flatMap((one) => (one.kind === 'readConfig' ? [one.purpose] : []));
  assert.ok(wanted);
  const rules = rulesOf({ processes: ['web'] });
  const reading = { kind: 'read', definitions: [web, changedDb], rules } as const;
  const step = host.step({ kind: 'configRead', purpose: wanted, reading });
  assert.match(outcomesIn(step)[0]?.error ?? '', /update db: \[policy\] processes = web$/);
  assert.deepEqual(host.state().rules, rules);
  assert.deepEqual(
    step.effects.filter(({ kind }) => kind === 'keepRules'),
    [{ kind: 'keepRules', rules }],
  );
});

test('to look at what has changed changes no policy, and a file that is refused neither', () => {
  const host = running({ verbs: ['stop'] });
  const next = { kind: 'read', definitions: [web], rules: rulesOf({}) } as const;
  const alice = aPerson(host, next);
  alice.order({ kind: 'reread' });
  assert.deepEqual(host.state().rules.policy.verbs, ['stop']);
  alice.setReading({ kind: 'rejected', problem: 'no' });
  alice.order({ kind: 'update', operationId: operationId('op-7'), groups: [] });
  assert.deepEqual(host.state().rules.policy.verbs, ['stop']);
  alice.setReading(next);
  alice.order({ kind: 'reload' });
  assert.equal(host.state().rules.policy.verbs, null);
});

test('a controller that may not update may not have the file read either', () => {
  const answers = (policy: Partial<Policy>) => {
    const host = running(policy);
    const sessionEpoch = host.state().sessionEpoch ?? 0;
    return host.receive({ kind: 'question', sessionEpoch, questionId: 3, question: 'reread' });
  };
  const refused = answers({ verbs: ['stop'] });
  assert.ok(refused.effects.every(({ kind }) => kind !== 'readConfig'));
  const told = refused.effects.flatMap((one) => (one.kind === 'send' ? [one.message] : []));
  assert.deepEqual(
    told.map((message) => message.kind === 'answer' && message.answer),
    [{ kind: 'failed', error: `${NO} update: [policy] allow_verbs = stop` }],
  );
  assert.ok(answers({ verbs: ['update'] }).effects.some(({ kind }) => kind === 'readConfig'));
});

test('logs are bounded by allow_verbs and by processes', () => {
  const statuses = () => [web, db].map(({ process }) => statusOf(running({}).process(process)));
  const against = (policy: Partial<Policy>, ...names: readonly string[]) =>
    logsAgainst(judgeByPolicy(rulesOf(policy), statuses), names.map(knownProcessName));
  assert.equal(against({}, 'web', 'db'), null);
  assert.equal(against({ verbs: ['logs'], processes: ['web'] }, 'web'), null);
  assert.equal(against({ verbs: ['stop'] }, 'web'), `${NO} read logs: [policy] allow_verbs = stop`);
  assert.equal(
    against({ processes: ['web'] }, 'web', 'db'),
    `${NO} read the logs of db: [policy] processes = web`,
  );
});

test('a command about thousands of processes is judged in one go', () => {
  const many = Array.from({ length: 2_000 }, (_, index) => aDefinition(`p${index}`));
  const host = aHost(many, { rules: rulesOf({ processes: ['p*9', 'q*'] }) });
  host.welcome();
  const step = host.command('start', 'op-1', ...many.map(({ process }) => process));
  assert.equal(outcomesIn(step).filter(({ state }) => state === 'failed').length, 1_800);
});
