/**
 * When to kill: at any moment, or at one at which much is half done. Files tell when that is: what
 * the agent does next to a process, a log or its journal begins or ends in one of its folders.
 */
import { watch } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Chance } from './seeded.ts';
import type { Stage } from './stage.ts';

export const MOMENTS = ['any', 'order', 'spawn', 'exit', 'rotation', 'commit'] as const;
export type Moment = (typeof MOMENTS)[number];

/** Where nothing of the kind happens, any moment will do. */
const WAIT_MAX_MS = 700;

/** Resolves when it has come. */
export async function momentComes(moment: Moment, stage: Stage, chance: Chance): Promise<void> {
  switch (moment) {
    case 'any':
      return delay(chance.below(WAIT_MAX_MS));
    case 'order':
      return delay(chance.below(40));
    case 'spawn':
      await change(stage.runDir, /\.child/);
      break;
    case 'exit':
      await change(stage.runDir, /\.exit$/);
      break;
    case 'rotation':
      await change(stage.folders.logs, /\.1$/);
      break;
    case 'commit':
      await change(stage.stateDir, /^journal\.db-wal$/);
      break;
  }
  // Some at once, some a little later.
  const laterMs = chance.below(6);
  if (laterMs > 0) await delay(laterMs);
}

function change(folder: string, name: RegExp): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(folder, (_what, file) => {
      if (file !== null && name.test(file)) end();
    });
    const tooLong = setTimeout(() => end(), WAIT_MAX_MS);
    const end = (): void => {
      clearTimeout(tooLong);
      watcher.close();
      resolve();
    };
  });
}
