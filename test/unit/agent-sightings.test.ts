/** What is known at the start of the processes that ended while no agent ran. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withLastLines } from '../../agent/adapters/children/sightings.ts';
import type { Sighting } from '../../agent/core/state.ts';
import { knownProcessName, type ProcessName } from '../../proto/vocabulary.ts';
import { aRunningHost } from '../fakes/agent-host.ts';
import { aDefinition } from '../fakes/agent-process.ts';

test('of what has ended the rest of its output is read, of what lives nothing is touched', () => {
  const host = aRunningHost(aDefinition('alive'), aDefinition('ended'));
  const ended = { kind: 'ended', exit: { kind: 'code', code: 3 }, endedAtMs: 7 } as const;
  const sightings = new Map<ProcessName, Sighting>([
    [knownProcessName('alive'), { kind: 'alive' }],
    [knownProcessName('ended'), ended],
  ]);
  const read: string[] = [];
  const complete = withLastLines(sightings, host.state(), ({ process }) => {
    read.push(process);
    return ['last', 'words'];
  });
  assert.deepEqual(read, ['ended']);
  assert.deepEqual(Object.fromEntries(complete), {
    alive: { kind: 'alive' },
    ended: { ...ended, lastLines: ['last', 'words'] },
  });
});
