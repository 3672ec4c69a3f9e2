/** How an agent keeps its certificate alive: renewal, trial, expiry, return, and changes by hand. */
import assert from 'node:assert/strict';
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { IdentityKeeper } from '../../agent/identity/keeper.ts';
import { loadIdentity } from '../../agent/identity/load.ts';
import { reasonFor } from '../../agent/identity/reasons.ts';
import type { CredentialFiles, Credentials } from '../../proto/credentials.ts';
import { FleetError, isRefusal, type Refusal, refusal } from '../../proto/errors.ts';
import { identityOf } from '../../proto/identity.ts';
import type { Waiting } from '../../proto/pki/enrol.ts';
import type { Issued } from '../../proto/pki/issued.ts';
import { promotionSteps, stagedFiles, stagePair } from '../../proto/pki/pair-files.ts';
import { shortAuthority, shortKeys, shortLeaf } from '../fakes/short-certificates.ts';

const START_MS = Date.UTC(2026, 10, 22, 12, 0, 0);
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const root = mkdtempSync(join(tmpdir(), 'fleet-keeper-'));
after(() => rmSync(root, { recursive: true }));

const authority = shortAuthority(START_MS);
const [firstKeys, nextKeys, thirdKeys] = [shortKeys(), shortKeys(), shortKeys()];

function leafOf(publicKeyPem: string, sinceMs: number, name = 'web-1'): string {
  const notAfterMs = sinceMs + 7 * DAY_MS;
  return shortLeaf(authority, { name, notBeforeMs: sinceMs, notAfterMs, publicKeyPem });
}

interface Asked {
  readonly what: 'renew' | 'return';
  readonly key: KeyObject | null;
  readonly present: Credentials;
  readonly waiting: Waiting;
  answer(certificatePem: string): Promise<void>;
  refuse(because: Refusal): Promise<void>;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An agent whose clock, controller and link are the test's. */
function stage() {
  const directory = mkdtempSync(join(root, 'agent-'));
  const files: CredentialFiles = {
    ca: join(directory, 'ca.crt'),
    cert: join(directory, 'agent.crt'),
    key: join(directory, 'agent.key'),
  };
  const put = (certificatePem: string, keyPem: string): void => {
    writeFileSync(files.cert, certificatePem);
    writeFileSync(files.key, keyPem, { mode: 0o600 });
  };
  writeFileSync(files.ca, authority.certificatePem);
  put(leafOf(firstKeys.publicKeyPem, START_MS), firstKeys.keyPem);
  return { files, put };
}

/** Shortly before the renewal: an agent looks each minute, and days of that take their time. */
function begin({
  files,
  nowMs = RENEWAL_MS - 5 * MINUTE_MS,
}: {
  files: CredentialFiles;
  nowMs?: number;
}) {
  let atMs = nowMs;
  let waker: { readonly atMs: number; readonly callback: () => void } | null = null;
  const asked: Asked[] = [];
  const redialled: string[] = [];
  const lines: { readonly level: string; readonly text: string; readonly details: object }[] = [];
  const keys = [nextKeys, thirdKeys];
  const tell = (level: string) => (details: object, text: string) =>
    void lines.push({ level, text, details });
  const ask = (
    what: Asked['what'],
    present: Credentials,
    key: KeyObject | null,
    waiting: Waiting,
  ) =>
    new Promise<Issued>((resolve, reject) => {
      asked.push({
        ...{ what, present, key, waiting },
        answer: (certificatePem) => {
          const identity = identityOf(new X509Certificate(certificatePem).raw);
          assert.ok(!isRefusal(identity));
          const { name } = identity;
          resolve({ certificatePem, authoritiesPem: '', identity, name, controllers: [] });
          return settled();
        },
        refuse: (because) => {
          reject(new FleetError(because));
          return settled();
        },
      });
    });
  const start = loadIdentity(files, nowMs);
  assert.ok(start.kind === 'found', JSON.stringify(start));
  const keeper = new IdentityKeeper({
    ...{ files, start, chance: () => 0.5 },
    source: {
      renew: (present, key, waiting) => ask('renew', present, key, waiting),
      comeBack: (ended, waiting) => ask('return', ended, null, waiting),
    },
    makeKey: () => Promise.resolve(keys.shift() ?? assert.fail('no more keys')),
    redial: (because) => void redialled.push(because),
    clock: {
      nowMs: () => atMs,
      wake: (afterMs, callback) => {
        waker = callback === null ? null : { atMs: atMs + afterMs, callback };
      },
    },
    log: { info: tell('info'), warn: tell('warn'), error: tell('error') },
  });
  /** Lets time pass, and all that is due in it happen. */
  const until = async (toMs: number): Promise<void> => {
    for (let due = waker; due !== null && due.atMs <= toMs; due = waker) {
      atMs = due.atMs;
      waker = null;
      due.callback();
      await settled();
    }
    atMs = toMs;
  };
  /** The clock is set, and no time passes. */
  const setClock = (toMs: number): void => {
    if (waker !== null) waker = { ...waker, atMs: waker.atMs + toMs - atMs };
    atMs = toMs;
  };
  keeper.begin();
  const { identity } = keeper;
  return { keeper, identity, asked, redialled, lines, until, setClock, nowMs: () => atMs };
}

const last = (asked: readonly Asked[]): Asked => asked.at(-1) ?? assert.fail('nothing was asked');
const RENEWAL_MS = START_MS + (7 * DAY_MS * 2) / 3;
const publicPemOf = (key: KeyObject | null): string =>
  createPublicKey(key ?? assert.fail('no key'))
    .export({ type: 'spki', format: 'pem' })
    .toString();
const warnings = (lines: ReturnType<typeof begin>['lines']): readonly string[] =>
  lines.filter(({ level }) => level !== 'info').map(({ text }) => text);

test('nothing is asked for before two thirds of the life, and then once, with a key that is on disk', async () => {
  const { files } = stage();
  const { asked, until } = begin({ files, nowMs: START_MS });
  await until(RENEWAL_MS - 1_000);
  assert.equal(asked.length, 0);
  await until(RENEWAL_MS + 10 * MINUTE_MS);
  assert.equal(asked.length, 1);
  assert.equal(publicPemOf(last(asked).key), nextKeys.publicKeyPem);
  assert.equal(readFileSync(stagedFiles(files).key, 'utf8'), nextKeys.keyPem);
});

test('a new certificate is tried, and takes the place of the old once a session came up by it', async () => {
  const { files } = stage();
  const { identity, asked, redialled, until, lines } = begin({ files });
  const old = identity.credentials();
  await until(RENEWAL_MS + MINUTE_MS);
  const renewed = leafOf(nextKeys.publicKeyPem, RENEWAL_MS);
  await last(asked).answer(renewed);
  assert.equal(redialled.length, 1);
  const tried = identity.credentials();
  assert.equal(tried?.cert, renewed);
  assert.notEqual(readFileSync(files.cert, 'utf8'), renewed);
  identity.worked(tried as Credentials);
  assert.equal(readFileSync(files.cert, 'utf8'), renewed);
  assert.equal(readFileSync(files.key, 'utf8'), nextKeys.keyPem);
  assert.equal(redialled.length, 1);
  assert.notEqual(identity.credentials(), old);
  await until(RENEWAL_MS + DAY_MS);
  assert.equal(asked.length, 1);
  assert.deepEqual(warnings(lines), []);
  await until(RENEWAL_MS + 5 * DAY_MS);
  assert.equal(asked.length, 2);
});

test('a new certificate that does not work is dropped once the old one does, and another is asked for later', async () => {
  const { files } = stage();
  const { identity, asked, until, lines, nowMs } = begin({ files });
  const old = identity.credentials();
  await until(RENEWAL_MS + MINUTE_MS);
  await last(asked).answer(leafOf(nextKeys.publicKeyPem, RENEWAL_MS));
  identity.failed(identity.credentials() as Credentials);
  assert.equal(identity.credentials(), old);
  identity.worked(old as Credentials);
  assert.ok(!existsSync(stagedFiles(files).cert) && !existsSync(stagedFiles(files).key));
  assert.match(String(warnings(lines)[0]), /not renewed/);
  await until(nowMs() + 30_000);
  assert.equal(asked.length, 1);
  await until(nowMs() + MINUTE_MS);
  assert.equal(asked.length, 2);
  assert.equal(publicPemOf(last(asked).key), thirdKeys.publicKeyPem);
});

test('where both fail they take turns, and nothing is dropped', async () => {
  const { files } = stage();
  const { identity, asked, until } = begin({ files });
  const old = identity.credentials();
  await until(RENEWAL_MS + MINUTE_MS);
  await last(asked).answer(leafOf(nextKeys.publicKeyPem, RENEWAL_MS));
  const tried = identity.credentials();
  for (const turn of [tried, old, tried, old]) {
    assert.equal(identity.credentials(), turn);
    identity.failed(turn as Credentials);
  }
  assert.ok(existsSync(stagedFiles(files).cert));
  identity.worked(tried as Credentials);
  assert.equal(identity.credentials(), tried);
});

/** A trial that went well, where the new key could not get to its place. */
async function keptInVain(hinder: (files: CredentialFiles) => void) {
  const { files } = stage();
  const agent = begin({ files });
  await agent.until(RENEWAL_MS + MINUTE_MS);
  await last(agent.asked).answer(leafOf(nextKeys.publicKeyPem, RENEWAL_MS));
  hinder(files);
  const tried = agent.identity.credentials() as Credentials;
  agent.identity.worked(tried);
  assert.match(String(warnings(agent.lines)[0]), /could not be put in its place/);
  assert.notEqual(readFileSync(files.cert, 'utf8'), tried.cert);
  const assertInPlace = (): void => {
    assert.equal(readFileSync(files.cert, 'utf8'), tried.cert);
    assert.equal(readFileSync(files.key, 'utf8'), nextKeys.keyPem);
    assert.equal(agent.identity.credentials(), tried);
    assert.equal(agent.asked.length, 1);
  };
  return { ...agent, files, tried, assertInPlace };
}

test('a new certificate that could not be put in its place is, as soon as that can be done', async () => {
  const { files, until, lines, assertInPlace } = await keptInVain(({ key }) => {
    rmSync(key);
    mkdirSync(key);
  });
  await until(RENEWAL_MS + 180 * MINUTE_MS);
  const told = warnings(lines).filter((text) => /could not be put/.test(text));
  assert.ok(told.length >= 3 && told.length <= 5, String(told.length));
  assert.ok(existsSync(stagedFiles(files).cert) && existsSync(stagedFiles(files).key));
  rmdirSync(files.key);
  await until(RENEWAL_MS + 182 * MINUTE_MS);
  assertInPlace();
});

test('the certificate that was to be replaced is not taken for one that was put there by hand', async () => {
  const { files, until, tried, identity, assertInPlace } = await keptInVain((pair) => {
    rmSync(stagedFiles(pair).key);
    mkdirSync(stagedFiles(pair).key);
  });
  utimesSync(files.cert, 1, 1);
  await until(RENEWAL_MS + 3 * MINUTE_MS);
  assert.equal(identity.credentials(), tried);
  rmdirSync(stagedFiles(files).key);
  await until(RENEWAL_MS + 5 * MINUTE_MS);
  assertInPlace();
});

test('what was put there by hand is not written over by what could not be put there before', async () => {
  const { files, until, identity } = await keptInVain((pair) => {
    rmSync(stagedFiles(pair).key);
    mkdirSync(stagedFiles(pair).key);
  });
  const byHand = leafOf(thirdKeys.publicKeyPem, RENEWAL_MS - MINUTE_MS);
  writeFileSync(files.cert, byHand);
  rmdirSync(stagedFiles(files).key);
  await until(RENEWAL_MS + 3 * MINUTE_MS);
  assert.equal(readFileSync(files.cert, 'utf8'), byHand, 'half of a pair, too');
  writeFileSync(files.key, thirdKeys.keyPem);
  await until(RENEWAL_MS + 5 * MINUTE_MS);
  assert.equal(identity.credentials()?.cert, byHand);
  assert.equal(readFileSync(files.cert, 'utf8'), byHand);
});

test('a lost answer is asked for again, after growing pauses, with the same key', async () => {
  const { files } = stage();
  const { asked, until, nowMs } = begin({ files });
  await until(RENEWAL_MS + 1_000);
  const lost = refusal('unavailable', 'the controller was not reached');
  await last(asked).refuse(lost);
  await until(nowMs() + 70_000);
  assert.equal(asked.length, 2);
  await last(asked).refuse(lost);
  await until(nowMs() + 70_000);
  assert.equal(asked.length, 2);
  await until(nowMs() + 70_000);
  assert.equal(asked.length, 3);
  const keys = asked.map(({ key }) => publicPemOf(key));
  assert.deepEqual(new Set(keys), new Set([nextKeys.publicKeyPem]));
});

test('a key for which the controller denies a certificate is not used again', async () => {
  const { files } = stage();
  const { asked, until, nowMs } = begin({ files });
  await until(RENEWAL_MS + 1_000);
  await last(asked).refuse(refusal('denied', 'a renewal is for a new key'));
  await until(nowMs() + 70_000);
  assert.equal(publicPemOf(last(asked).key), thirdKeys.publicKeyPem);
});

test('that the end comes near is told once an hour, and that it waits for a signature', async () => {
  const { files } = stage();
  const { asked, until, lines } = begin({ files });
  await until(RENEWAL_MS + MINUTE_MS);
  const { waiting } = last(asked);
  for (let times = 0; times < 5; times += 1) waiting.onWaiting(5_000);
  assert.deepEqual(warnings(lines), ["a new certificate waits for the authority's key"]);
  await until(START_MS + 5.5 * DAY_MS);
  const told = warnings(lines).filter((text) => text === 'the certificate ends soon');
  assert.ok(told.length >= 1 && told.length <= 5, String(told.length));
  assert.equal(asked.length, 1);
});

test('after the end nothing dials, and each minute the host asks to come back, with its old certificate', async () => {
  const { files } = stage();
  const nowMs = START_MS + 8 * DAY_MS;
  const { identity, asked, until, lines, redialled } = begin({ files, nowMs });
  assert.equal(identity.credentials(), null);
  const notYet = refusal('wrong-state', 'web-1 may not come back', { fix: 'host readmit web-1' });
  for (let times = 1; times <= 3; times += 1) {
    assert.equal(asked.length, times);
    assert.equal(last(asked).what, 'return');
    await last(asked).refuse(notYet);
    await until(nowMs + times * MINUTE_MS + 1_000);
  }
  assert.match(JSON.stringify(lines), /fleetctl host readmit web-1/);
  assert.equal(warnings(lines).length, 2);
  const back = leafOf(firstKeys.publicKeyPem, nowMs);
  await last(asked).answer(back);
  assert.equal(identity.credentials()?.cert, back);
  assert.equal(redialled.length, 1);
  assert.equal(readFileSync(files.cert, 'utf8'), back);
  assert.equal(readFileSync(files.key, 'utf8'), firstKeys.keyPem);
  await until(nowMs + DAY_MS);
  assert.equal(asked.length, 4);
});

test('a certificate that expires while the agent runs is noticed at once', async () => {
  const { files } = stage();
  const { identity, asked, until } = begin({ files });
  await until(RENEWAL_MS + MINUTE_MS);
  await last(asked).refuse(refusal('denied', 'no'));
  await until(START_MS + 7 * DAY_MS - 1_000);
  assert.notEqual(identity.credentials(), null);
  const pending = last(asked);
  assert.equal(pending.what, 'renew');
  await until(START_MS + 7 * DAY_MS + 1_000);
  assert.equal(identity.credentials(), null);
  assert.equal(last(asked).what, 'return');
  assert.ok(pending.waiting.signal.aborted);
});

test('a host whose clock was a month ahead for a while is connected again once it is right', async () => {
  const { files } = stage();
  const { identity, redialled, until, setClock } = begin({ files, nowMs: START_MS });
  setClock(START_MS + 30 * DAY_MS);
  assert.equal(identity.credentials(), null);
  await until(START_MS + 30 * DAY_MS + 5 * MINUTE_MS);
  assert.deepEqual(redialled, []);
  setClock(START_MS + 5 * MINUTE_MS);
  await until(START_MS + 7 * MINUTE_MS);
  assert.deepEqual([...new Set(redialled)], ['the certificate counts again']);
  assert.ok(identity.credentials() !== null);
  const times = redialled.length;
  await until(START_MS + 30 * MINUTE_MS);
  assert.equal(redialled.length, times);
});

test('on a full disk it is told that the files could not be written, and which way to mend that', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    ...{ code: 'ENOSPC', syscall: 'write', errno: -28 },
  });
  assert.match(reasonFor(full).fix ?? '', /make room on its disk/);
  const reset = Object.assign(new Error('read ECONNRESET'), {
    code: 'ECONNRESET',
    syscall: 'read',
  });
  assert.equal(reasonFor(reset).code, 'internal');
});

test('a pair that was put there by hand is taken up within a minute, and what was asked for is given up', async () => {
  const { files, put } = stage();
  const { identity, asked, redialled, until } = begin({ files });
  await until(RENEWAL_MS + 1_000);
  const byHand = leafOf(thirdKeys.publicKeyPem, RENEWAL_MS - MINUTE_MS);
  put(byHand, thirdKeys.keyPem);
  await until(RENEWAL_MS + 2 * MINUTE_MS);
  assert.equal(identity.credentials()?.cert, byHand);
  assert.equal(redialled.length, 1);
  assert.ok(last(asked).waiting.signal.aborted);
  await last(asked).answer(leafOf(nextKeys.publicKeyPem, RENEWAL_MS));
  assert.equal(identity.credentials()?.cert, byHand);
  assert.ok(!existsSync(stagedFiles(files).key));
});

test('half of a pair is not taken up, and one of another host never', async () => {
  const { files, put } = stage();
  const { identity, redialled, until, lines } = begin({ files, nowMs: START_MS });
  const old = identity.credentials();
  writeFileSync(files.cert, leafOf(thirdKeys.publicKeyPem, START_MS));
  await until(START_MS + 2 * MINUTE_MS);
  assert.equal(identity.credentials(), old);
  assert.match(JSON.stringify(lines), /is not the key of/);
  put(leafOf(thirdKeys.publicKeyPem, START_MS, 'web-2'), thirdKeys.keyPem);
  await until(START_MS + 4 * MINUTE_MS);
  assert.equal(identity.credentials(), old);
  assert.match(JSON.stringify(lines), /another host/);
  assert.equal(redialled.length, 0);
});

test('an agent that died over a trial goes on with it, and one that died over a promotion ends it', () => {
  const renewed = leafOf(nextKeys.publicKeyPem, START_MS + DAY_MS);
  const pair = { certificatePem: renewed, keyPem: nextKeys.keyPem };
  const nowMs = START_MS + 2 * DAY_MS;

  const tried = stage();
  stagePair(tried.files, pair);
  const first = begin({ files: tried.files, nowMs });
  assert.equal(first.identity.credentials()?.cert, renewed);
  assert.notEqual(readFileSync(tried.files.cert, 'utf8'), renewed);

  const promoted = stage();
  stagePair(promoted.files, pair);
  promotionSteps(promoted.files)[0]?.();
  const second = begin({ files: promoted.files, nowMs });
  assert.equal(second.identity.credentials()?.cert, renewed);
  assert.equal(readFileSync(promoted.files.cert, 'utf8'), renewed);
});

test('a trial that fails after the old certificate has ended does not keep the host out', async () => {
  const { files } = stage();
  const keyPem = nextKeys.keyPem;
  stagePair(files, {
    certificatePem: leafOf(nextKeys.publicKeyPem, START_MS + 5 * DAY_MS),
    keyPem,
  });
  const nowMs = START_MS + 8 * DAY_MS;
  const { identity, asked, until } = begin({ files, nowMs });
  await until(nowMs + 5 * MINUTE_MS);
  assert.equal(asked.length, 0);
  identity.failed(identity.credentials() as Credentials);
  await until(nowMs + 7 * MINUTE_MS);
  assert.equal(last(asked).what, 'return');
  const back = leafOf(firstKeys.publicKeyPem, nowMs);
  await last(asked).answer(back);
  assert.equal(identity.credentials()?.cert, back);
});
