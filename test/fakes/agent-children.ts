/** Children that exist on paper: notes what is asked of them; how they fare is the test's business. */
import type { Child, SignalResult } from '../../agent/core/process.ts';
import type { Children } from '../../agent/ports.ts';

export interface FakeChildren extends Children {
  /** `spawn web`, `signal 101 TERM`, `signal 101 KILL to the group`, in order. */
  readonly calls: readonly string[];
  /** From now on every child has ended, though nobody has heard of it yet. */
  readonly endUnnoticed: () => void;
  /** From now on signals cannot be sent, for this reason. */
  readonly refuseSignals: (error: string | null) => void;
}

export interface ChildrenListener {
  readonly onCall?: (call: string) => void;
  readonly onSignal?: (child: Child, signal: string) => void;
}

export function fakeChildren({ onCall, onSignal }: ChildrenListener = {}): FakeChildren {
  const calls: string[] = [];
  let areGone = false;
  let refusal: string | null = null;
  const note = (call: string): void => {
    calls.push(call);
    onCall?.(call);
  };
  const send = (child: Child, signal: string, wholeGroup: boolean): SignalResult => {
    note(`signal ${child.pid} ${signal}${wholeGroup ? ' to the group' : ''}`);
    if (areGone) return { kind: 'gone' };
    if (refusal !== null) return { kind: 'failed', error: refusal };
    onSignal?.(child, signal);
    return { kind: 'delivered' };
  };
  return {
    calls,
    examine: () => null,
    locate: () => null,
    redefine: ({ process }) => note(`redefine ${process}`),
    forget: (process) => note(`forget ${process}`),
    spawn: ({ process }) => note(`spawn ${process}`),
    release: (process) => note(`release ${process}`),
    abandon: (process) => note(`abandon ${process}`),
    adopt: ({ process }, { pid }) => note(`adopt ${process} ${pid}`),
    stop: (_process, child, signal, wholeGroup) => send(child, signal, wholeGroup),
    signal: (child, signal) => send(child, signal, false),
    endUnnoticed: () => {
      areGone = true;
    },
    refuseSignals: (error) => {
      refusal = error;
    },
  };
}
