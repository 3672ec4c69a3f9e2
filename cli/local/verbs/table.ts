/** The verbs of `fleetctl --local`, in the order of their list: what is asked, done, configured. */
import { clear } from './clear.ts';
import { add, avail, remove, reread, update } from './configuration.ts';
import { restart, start, stop } from './control.ts';
import { handover, reload, shutdown } from './ending.ts';
import { hold, release } from './hold.ts';
import { maintail, tail } from './logs.ts';
import { pid, version } from './pid.ts';
import { signal } from './signal.ts';
import { status } from './status.ts';
import type { LocalVerb } from './verb.ts';

export const LOCAL_VERBS: ReadonlyMap<string, LocalVerb> = new Map(
  Object.entries({
    status,
    pid,
    version,
    start,
    stop,
    restart,
    signal,
    hold,
    release,
    tail,
    maintail,
    clear,
    reread,
    update,
    avail,
    add,
    remove,
    reload,
    handover,
    shutdown,
  }),
);
