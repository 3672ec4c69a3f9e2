import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Identities } from '../../controller/core/identities.ts';
import type { FleetWrite } from '../../controller/core/state.ts';
import { readIdentities } from '../../controller/store/identities.ts';
import { storeOn } from '../../controller/store/open.ts';
import { MIGRATIONS } from '../../controller/store/schema.ts';
import { openDatabase } from '../../proto/sqlite.ts';
import { hostId } from '../../proto/vocabulary.ts';
import { aCertificate, aHost, aStatus, NOW_MS } from '../fakes/controller-fleet.ts';
import { aHolder, identityScript, NOBODY, wantedOf } from '../fakes/identities.ts';
import { anIdentityCommand, doCommand } from '../fakes/identity-commands.ts';

const FLAGGED = aHost('web-1', [aStatus('web')], {
  ...{ session: null, instanceId: 'instance-9', certificateEndsAtMs: NOW_MS + 5 },
  identityProblem: 'a second agent',
});

const aDatabase = () => openDatabase({ path: ':memory:', migrations: MIGRATIONS });

/** As plain values, in an order of their own. */
function sorted(identities: Identities) {
  return Object.entries(identities).map(([part, entries]) => [
    part,
    [...entries].sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}

test('whatever is done, what is stored is what the core has in mind', async () => {
  const property = fc.asyncProperty(
    fc.array(anIdentityCommand, { maxLength: 30 }),
    async (commands) => {
      const script = identityScript();
      const database = aDatabase();
      using store = storeOn(database, NOW_MS);
      for (const command of commands) {
        doCommand(script, command);
        assert.equal(await store.commit(script.written), 'committed');
        script.written = [];
      }
      assert.deepEqual(sorted(readIdentities(database)), sorted(script.state.identities));
    },
  );
  await fc.assert(property, { numRuns: 20 });
});

test('every field of every part comes back as it was', async () => {
  const script = identityScript();
  const written: FleetWrite[] = [];
  const keep = () => written.push(...script.writes);
  const secretHash = script.token('web-*', { labels: { env: 'prod' }, replaces: true });
  keep();
  const wanted = wantedOf(script.signed(aHolder('agent/web-1'), 5));
  script.done({ kind: 'enrol', secretHash, name: 'web-1', wanted }, NOBODY);
  keep();
  script.see(aCertificate('web-2'));
  keep();
  script.done({ kind: 'removeHost', host: hostId('web-2'), reason: 'sold' });
  keep();
  const database = aDatabase();
  using store = storeOn(database, NOW_MS);
  await store.commit(written);
  const found = readIdentities(database);
  assert.deepEqual(sorted(found), sorted(script.state.identities));
  assert.deepEqual(found.givenLabels.get(hostId('web-1')), { env: 'prod' });
  assert.equal(found.bars.get('agent/web-2')?.issuedUntilMs, null);
  assert.equal(found.tokens.get(secretHash)?.used?.name, 'web-1');
});

test('a removed host is gone with its processes; its events and what a token said of it stay', async () => {
  const database = aDatabase();
  using store = storeOn(database, NOW_MS);
  const host = FLAGGED;
  const labels = { env: 'prod' };
  await store.commit([
    { kind: 'host', host },
    { kind: 'snapshot', host },
    { kind: 'givenLabels', host: host.host, labels },
  ]);
  const again = storeOn(database, NOW_MS).contents;
  assert.deepEqual(again.hosts.get(host.host), host);
  await store.commit([{ kind: 'hostRemoved', host: host.host }]);
  assert.equal(storeOn(database, NOW_MS).contents.hosts.size, 0);
  assert.equal(database.prepare('SELECT count(*) FROM processes').pluck().get(), 0);
  assert.deepEqual(readIdentities(database).givenLabels.get(host.host), labels);
});

test('a later bar on the same holder takes the place of the one before', async () => {
  const database = aDatabase();
  using store = storeOn(database, NOW_MS);
  const holder = aHolder('agent/web-1');
  const bar = { ...holder, issuedUntilMs: 5, atMs: 5, by: 'alice', reason: 'lost' };
  await store.commit([{ kind: 'bar', bar }]);
  assert.deepEqual(readIdentities(database).bars.get('agent/web-1'), bar);
  const removed = { ...bar, issuedUntilMs: null, atMs: 6, reason: 'sold' };
  await store.commit([{ kind: 'bar', bar: removed }]);
  assert.deepEqual([...readIdentities(database).bars], [['agent/web-1', removed]]);
});
