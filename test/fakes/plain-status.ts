/** What there is to say of a process to which nothing has happened and of which nothing is wanted. */
export const PLAIN_STATUS = {
  exitCode: null,
  exitSignal: null,
  lastError: null,
  nextTryAtMs: null,
  startMs: 1_000,
  stopWaitMs: 10_000,
  tierWaitMs: 30_000,
  health: null,
  healthError: null,
  waitsFor: null,
  lostOutputBytes: 0,
  leftBehind: 0,
  residentBytes: null,
  memoryMaxBytes: null,
  hold: null,
} as const;
