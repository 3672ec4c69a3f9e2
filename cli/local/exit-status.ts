/**
 * The exit codes of supervisorctl, which takes them from the LSB's init scripts: people's scripts
 * test for them. `status` has its own (LSB 5.0, 22.2 "Init Script Actions").
 */
export const EXIT = {
  success: 0,
  generic: 1,
  invalidArguments: 2,
  /** Its name for a connection that is refused. */
  insufficientPrivileges: 4,
  notRunning: 7,
} as const;

export const STATUS_EXIT = { notRunning: 3, unknown: 4 } as const;
