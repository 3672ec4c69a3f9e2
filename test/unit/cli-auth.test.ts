import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessDecision } from '../../proto/authority.ts';
import { FleetError, refusal } from '../../proto/errors.ts';
import { hostId, knownProcessName } from '../../proto/vocabulary.ts';
import { aRole, whoIAm } from '../fakes/cli-authority.ts';
import { FAKE_NOW_MS } from '../fakes/cli-environment.ts';
import { fleetctl } from '../fakes/cli-run.ts';

const DAY_MS = 86_400_000;
const ENDS = { certificateEndsAtMs: FAKE_NOW_MS + 12 * DAY_MS };

function decided(host: string, process: string, because: string, isAllowed = true): AccessDecision {
  return { host: hostId(host), process: knownProcessName(process), isAllowed, because };
}

function report(...decisions: readonly AccessDecision[]) {
  const isAllowed = decisions.every((decision) => decision.isAllowed);
  const checkAccess = { operator: 'alice', isAllowed, because: '', decisions, withheld: 0 };
  return { authority: { checkAccess } };
}

test('whoami shows name, certificate and each role in words', async () => {
  const roles = [
    aRole('viewer', { isBuiltIn: true, allow: ['status', 'logs'] }),
    aRole('oncall', {
      allow: ['restart', 'signal'],
      deny: ['update'],
      hosts: 'prod-*!prod-db-*',
      processes: ['web:*', 'api'],
      signals: ['HUP'],
      maxHosts: 5,
      reasonRequired: true,
      runbooks: ['restart-*'],
    }),
  ];
  const { stdout, exitCode } = await fleetctl(['auth', 'whoami'], {
    authority: { whoAmI: whoIAm({ ...ENDS, roles }) },
  });
  assert.equal(exitCode, 0);
  assert.deepEqual(stdout.split('\n'), [
    'operator      alice',
    'fleet         prod',
    'from          192.0.2.9',
    'certificate   AB:CD:EF, ends 2026-12-04T12:00:00.000Z (in 12 days)',
    'role viewer: allows status, logs',
    'role oncall: allows restart, signal; on prod-*!prod-db-*; of web:* api; only the signal HUP; on at most 5 hosts at once; changes only with --reason; runbooks restart-*; never update, whatever other roles allow',
    '',
  ]);
});

test('whoever has no role is told that nothing is allowed, and where roles stand', async () => {
  const { stdout } = await fleetctl(['auth', 'whoami'], { authority: { whoAmI: whoIAm(ENDS) } });
  assert.match(stdout, /^no role: nothing is allowed; roles stand under \[operator:alice\]/m);
});

test('whoami as JSON', async () => {
  const { stdout } = await fleetctl(['auth', 'whoami', '-o', 'json'], {
    authority: { whoAmI: whoIAm({ ...ENDS, roles: [aRole('viewer', { isBuiltIn: true })] }) },
  });
  assert.deepEqual(JSON.parse(stdout), {
    apiVersion: 'fleetvisor/v1',
    kind: 'WhoAmI',
    fleet: 'prod',
    name: 'alice',
    fingerprint: 'AB:CD:EF',
    certificateEndsAt: '2026-12-04T12:00:00.000Z',
    address: '192.0.2.9',
    roles: [
      {
        name: 'viewer',
        builtIn: true,
        allow: ['status'],
        deny: [],
        hosts: null,
        processes: [],
        signals: [],
        maxHosts: null,
        reasonRequired: false,
        runbooks: [],
      },
    ],
  });
});

test('what one may do is folded by the rule, what is not allowed first, with exit code 5', async () => {
  const given = report(
    decided('web-1', 'web', 'role "oncall"'),
    decided('web-2', 'web', 'role "oncall"'),
    decided('db-1', 'db', 'no role of alice allows restart there', false),
  );
  const words = ['auth', 'can', 'restart', 'web', 'db', '--hosts', '@*', '--as', 'alice'];
  const { stdout, exitCode, authorityCalls } = await fleetctl(words, given);
  assert.equal(exitCode, 5);
  assert.deepEqual(stdout.split('\n'), [
    'ALLOWED   WHERE              BECAUSE',
    'NO        db on db-1         no role of alice allows restart there',
    'yes       web on web-[1-2]   role "oncall"',
    'alice may restart 2 of 3 targets',
    '',
  ]);
  assert.deepEqual(authorityCalls[0]?.asked, {
    action: 'restart',
    signal: null,
    hosts: '@*',
    processes: ['web', 'db'],
    as: 'alice',
  });
});

test('exit code 0 says that all of it is allowed', async () => {
  const words = ['auth', 'can', 'signal', 'web', '--hosts', 'web-1', '--signal', 'SIGHUP'];
  const { stdout, exitCode, authorityCalls } = await fleetctl(
    words,
    report(decided('web-1', 'web', 'role "admin"')),
  );
  assert.equal(exitCode, 0);
  assert.match(stdout, /^alice may signal HUP 1 target$/m);
  assert.match(JSON.stringify(authorityCalls), /"signal":"HUP"/);
});

test('of the whole fleet there is one answer', async () => {
  const because = 'no role of alice allows it';
  const checkAccess = { operator: 'alice', isAllowed: false, because, decisions: [], withheld: 0 };
  const { stdout, exitCode } = await fleetctl(['auth', 'can', 'enrol'], {
    authority: { checkAccess },
  });
  assert.deepEqual([exitCode, stdout], [5, 'alice may not enrol: no role of alice allows it\n']);
});

test('the report as JSON has a decision for each target', async () => {
  const words = ['auth', 'can', 'logs', '--hosts', 'web-1', '-o', 'json'];
  const { stdout } = await fleetctl(words, report(decided('web-1', 'web', 'role "viewer"')));
  const { kind, operator, allowed, items } = JSON.parse(stdout);
  assert.deepEqual([kind, operator, allowed], ['AccessReport', 'alice', true]);
  assert.deepEqual(items, [
    { host: 'web-1', process: 'web', allowed: true, because: 'role "viewer"' },
  ]);
});

test('what cannot be meant is refused before anything is asked', async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['restrat', '--hosts', 'a'], /fix: {3}did you mean restart\?/],
    [['restart', 'web'], /auth can restart needs --hosts/],
    [['restart', '--hosts', ''], /the selection of hosts is empty/],
    [['enrol', '--hosts', 'web-1'], /enrol is about the whole fleet/],
    [['audit', 'web'], /audit is about the whole fleet/],
    [['restart', '--hosts', 'a', '--signal', 'HUP'], /--signal says nothing about restart/],
    [['signal', '--hosts', 'a', '--signal', 'NOPE'], /NOPE/],
  ];
  for (const [words, expected] of wrong) {
    const { exitCode, stderr, authorityCalls } = await fleetctl(['auth', 'can', ...words], {});
    assert.equal(exitCode, 2, words.join(' '));
    assert.match(stderr, expected);
    assert.equal(authorityCalls.length, 0);
  }
});

test('rules come from a configuration, and move no cursor', async () => {
  const evil = 'role "\u001b]0;x\u0007\u001b[2J"';
  const { stdout } = await fleetctl(
    ['auth', 'can', 'status', '--hosts', 'a'],
    report(decided('web\u001b[1A', 'w', evil)),
  );
  assert.ok(!stdout.includes('\u001b') && !stdout.includes('\u0007'));
  const who = whoIAm({ name: 'a\u001b[2J', roles: [aRole('\u009b2J')] });
  const told = await fleetctl(['auth', 'whoami'], { authority: { whoAmI: who } });
  assert.ok(!told.stdout.includes('\u001b') && !told.stdout.includes('\u009b'));
});

test('a refusal of the controller has its own exit code', async () => {
  const checkAccess = new FleetError(refusal('denied', 'you may not ask about bob'));
  const words = ['auth', 'can', 'status', '--hosts', 'a', '--as', 'bob'];
  const { exitCode, stderr } = await fleetctl(words, { authority: { checkAccess } });
  assert.deepEqual([exitCode, stderr], [5, 'error: you may not ask about bob\n']);
});

test('a group without a command shows its help, and so does help of it', async () => {
  const help = await fleetctl(['help', 'token'], {});
  assert.match(help.stdout, /create \[options\]/);
  const listed = await fleetctl(['--help'], {});
  assert.match(listed.stdout, /^ {2}audit +show what is on record/m);
  const slip = await fleetctl(['tokne', 'list'], {});
  assert.match(slip.stderr, /did you mean token\?/);
});
