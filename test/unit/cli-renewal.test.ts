import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRenewalDue, keepCertificate, type RenewalPorts } from '../../cli/identity/renewal.ts';
import { FleetError, refusal } from '../../proto/errors.ts';

const DAY_MS = 86_400_000;
const LIFE = { notBeforeMs: 0, notAfterMs: 30 * DAY_MS };
const NEVER = new AbortController().signal;

function ports(nowMs: number, rest: Partial<RenewalPorts> = {}) {
  let renewals = 0;
  const given: RenewalPorts = {
    nowMs: () => nowMs,
    mayWrite: () => true,
    claim: () => true,
    renew: async () => {
      renewals += 1;
    },
    ...rest,
  };
  return { ports: given, renewals: () => renewals };
}

const refuse = async () => {
  throw new FleetError(refusal('unavailable', 'no answer', { cause: 'it is down' }));
};

test('it is due past two thirds of the life, and until its end', () => {
  assert.equal(isRenewalDue(LIFE, 20 * DAY_MS - 1), false);
  assert.equal(isRenewalDue(LIFE, 20 * DAY_MS), true);
  assert.equal(isRenewalDue(LIFE, 30 * DAY_MS - 1), true);
  assert.equal(isRenewalDue(LIFE, 30 * DAY_MS), false);
});

test('it is renewed without a word', async () => {
  const late = ports(29 * DAY_MS);
  assert.equal(await keepCertificate(LIFE, late.ports, NEVER), null);
  assert.equal(late.renewals(), 1);
  const early = ports(19 * DAY_MS);
  assert.equal(await keepCertificate(LIFE, early.ports, NEVER), null);
  assert.equal(early.renewals(), 0);
});

test('what fails is not told until two days before the end', async () => {
  const quiet = ports(27 * DAY_MS, { renew: refuse });
  assert.equal(await keepCertificate(LIFE, quiet.ports, NEVER), null);
  const loud = ports(28 * DAY_MS, { renew: refuse });
  const note = await keepCertificate(LIFE, loud.ports, NEVER);
  assert.match(
    note ?? '',
    /^your certificate ends at 1970-01-31T00:00:00\.000Z and was not renewed: no answer: it is down;/,
  );
});

test('files of somebody else are not touched, and nobody tries twice an hour', async () => {
  const foreign = ports(29 * DAY_MS, { mayWrite: () => false });
  assert.match((await keepCertificate(LIFE, foreign.ports, NEVER)) ?? '', /not yours to write/);
  const again = ports(29 * DAY_MS, { claim: () => false });
  assert.match((await keepCertificate(LIFE, again.ports, NEVER)) ?? '', /within the last hour/);
  assert.deepEqual([foreign.renewals(), again.renewals()], [0, 0]);
});

test('a folder that cannot be claimed is no accident of the command', async () => {
  const claim = () => {
    throw new Error('EROFS');
  };
  const note = await keepCertificate(LIFE, ports(29 * DAY_MS, { claim }).ports, NEVER);
  assert.match(note ?? '', /EROFS/);
});

test('what never comes to an end is given up, too', async () => {
  const limit = new AbortController();
  const renew = () => {
    limit.abort();
    return new Promise<void>(() => {});
  };
  const note = await keepCertificate(LIFE, ports(29 * DAY_MS, { renew }).ports, limit.signal);
  assert.match(note ?? '', /there was not enough time/);
});

test('what takes too long is given up', async () => {
  const limit = AbortSignal.abort();
  const renew = async (signal: AbortSignal) => signal.throwIfAborted();
  const note = await keepCertificate(LIFE, ports(29 * DAY_MS, { renew }).ports, limit);
  assert.match(note ?? '', /there was not enough time/);
});
