/** A host that leaves the fleet and comes back, restored from a backup of any moment of that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_IDENTITIES } from '../../controller/core/identities.ts';
import type { FleetWrite } from '../../controller/core/state.ts';
import { correctionsOf } from '../../controller/upkeep/corrections.ts';
import { outranks } from '../../controller/upkeep/removed-since.ts';
import { endingsIn, type LedgerWrite, subjectOf } from '../../controller/upkeep/what-ended.ts';
import type { Bar } from '../../proto/certificates.ts';
import { PersistentMap } from '../../proto/persistent-map.ts';
import { hostId } from '../../proto/vocabulary.ts';
import { fleetScript, NOW_MS } from '../fakes/controller-fleet.ts';
import { aBar } from '../fakes/controller-identities.ts';

interface Moment {
  readonly name: string;
  readonly bar: Bar | null;
  readonly hasRow: boolean;
  readonly ledger: readonly LedgerWrite[];
}

const barAt = (atMs: number, issuedUntilMs: number | null): Bar =>
  aBar('web-1', { atMs: NOW_MS + atMs, issuedUntilMs: issuedUntilMs && NOW_MS + issuedUntilMs });

/** What `core/ended.ts` and `core/removal.ts` write. */
const HISTORY: readonly Moment[] = [
  moment('joined', null, true),
  moment('revoked', barAt(1, 1), true),
  moment('removed', barAt(2, null), false),
  moment('readmitted', barAt(2, 3), false),
  { ...moment('back', barAt(2, 3), true), ledger: [] },
  moment('revoked again', barAt(4, 4), true),
  moment('removed again', barAt(5, null), false),
  moment('readmitted again', barAt(5, 6), false),
];

function moment(name: string, bar: Bar | null, hasRow: boolean): Moment {
  const isRemoval = bar !== null && bar.issuedUntilMs === null;
  const writes: FleetWrite[] = [
    ...(bar === null ? [] : [{ kind: 'bar', bar } as const]),
    ...(isRemoval ? [{ kind: 'hostRemoved', host: hostId('web-1') } as const] : []),
  ];
  return { name, bar, hasRow, ledger: endingsIn(writes)?.before ?? [] };
}

const at = (name: string): number => HISTORY.findIndex((one) => one.name === name);

const ledgerUntil = (index: number): readonly LedgerWrite[] =>
  HISTORY.slice(0, index + 1).flatMap(({ ledger }) => ledger);

/** As `compact-ledger.ts` leaves it. */
function compacted(ledger: readonly LedgerWrite[]): readonly LedgerWrite[] {
  const last = new Map(ledger.map((write) => [subjectOf(write), write]));
  return ledger.filter((write) => last.get(subjectOf(write)) === write);
}

function restored({ bar, hasRow }: Moment, ledger: readonly LedgerWrite[]) {
  const script = fleetScript();
  if (hasRow) script.connect('web-1', 1, []);
  const bars: PersistentMap<string, Bar> =
    bar === null ? NO_IDENTITIES.bars : PersistentMap.of([['agent/web-1', bar]]);
  const { writes } = correctionsOf({
    contents: { ...script.state, identities: { ...NO_IDENTITIES, bars } },
    ...{ ledger, from: 'backup.db', user: 'ops' },
    replaced: { sessionEpoch: 0, head: null },
    at: { wallMs: NOW_MS + 100, monotonicMs: 0 },
  });
  const [news = bar] = writes.flatMap((write) => (write.kind === 'bar' ? [write.bar] : []));
  return { bar: news, hasRow: hasRow && !writes.some(({ kind }) => kind === 'hostRemoved') };
}

test('a backup of any moment gets the last word on a host, and drops it only if it was removed since', () => {
  for (const [now, { name: nowName, bar }] of HISTORY.entries()) {
    for (const [then, backup] of HISTORY.slice(0, now + 1).entries()) {
      const since = HISTORY.slice(then + 1, now + 1);
      const wasRemoved = since.some(({ name }) => name.startsWith('removed'));
      assert.deepEqual(
        restored(backup, ledgerUntil(now)),
        { bar, hasRow: backup.hasRow && !wasRemoved },
        `a backup of "${backup.name}", restored when "${nowName}"`,
      );
    }
  }
});

test('a bar that the backup has as it is is no news', () => {
  for (const { bar } of HISTORY) assert.ok(bar === null || !outranks(bar, bar));
});

test('a ledger that was written anew says the same of a host that came back', () => {
  const ledger = compacted(ledgerUntil(at('back')));
  assert.equal(ledger.length, 2);
  for (const [then, backup] of HISTORY.slice(0, at('back') + 1).entries()) {
    assert.deepEqual(
      restored(backup, ledger),
      { bar: barAt(2, 3), hasRow: then === at('back') },
      backup.name,
    );
  }
});

test('an older copy of the ledger takes back nothing that the backup knows', () => {
  for (const [then, backup] of HISTORY.slice(0, at('back') + 1).entries()) {
    for (const now of HISTORY.slice(0, then).keys()) {
      const { bar, hasRow } = backup;
      assert.deepEqual(restored(backup, ledgerUntil(now)), { bar, hasRow }, backup.name);
    }
  }
});

test('where a clock was set back, what bars more counts', () => {
  const removedEarlier = moment('removed', barAt(1, null), false).ledger;
  const revoked = moment('revoked', barAt(9, 9), true);
  assert.deepEqual(restored(revoked, removedEarlier), { bar: barAt(1, null), hasRow: false });
  const removed = moment('removed', barAt(9, null), false);
  const revokedEarlier = moment('revoked', barAt(1, 9), true).ledger;
  assert.deepEqual(restored(removed, revokedEarlier), { bar: barAt(9, null), hasRow: false });
});
