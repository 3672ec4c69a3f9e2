/** The whole table, by subject. */
import type { Row } from './row.ts';
import { ADDING } from './rows/adding.ts';
import { COMMANDS } from './rows/commands.ts';
import { CONFIGURATION } from './rows/configuration.ts';
import { DAEMON } from './rows/daemon.ts';
import { DAEMON_ARGUMENTS } from './rows/daemon-arguments.ts';
import { ENDINGS } from './rows/endings.ts';
import { ENVIRONMENT } from './rows/environment.ts';
import { GIVEN } from './rows/given.ts';
import { LOG_COMMANDS } from './rows/log-commands.ts';
import { LOG_LIMITS } from './rows/log-limits.ts';
import { LOG_ROWS } from './rows/logs.ts';
import { NAMES } from './rows/names.ts';
import { ORDERING } from './rows/ordering.ts';
import { RECONFIGURING } from './rows/reconfiguring.ts';
import { REFUSING } from './rows/refusing.ts';
import { RESTARTING } from './rows/restarting.ts';
import { SIGNALS } from './rows/signals.ts';
import { SPAWN_FAULTS } from './rows/spawn-faults.ts';
import { STARTING } from './rows/starting.ts';
import { STOPPING } from './rows/stopping.ts';
import { TARGETS } from './rows/targets.ts';
import { UPDATING } from './rows/updating.ts';
import { USERS_AND_LIMITS } from './rows/users-and-limits.ts';

export const TABLE: readonly Row[] = [
  ...DAEMON_ARGUMENTS,
  ...STARTING,
  ...SPAWN_FAULTS,
  ...RESTARTING,
  ...STOPPING,
  ...ORDERING,
  ...LOG_ROWS,
  ...LOG_LIMITS,
  ...LOG_COMMANDS,
  ...ENVIRONMENT,
  ...GIVEN,
  ...ENDINGS,
  ...USERS_AND_LIMITS,
  ...NAMES,
  ...CONFIGURATION,
  ...REFUSING,
  ...COMMANDS,
  ...SIGNALS,
  ...TARGETS,
  ...RECONFIGURING,
  ...UPDATING,
  ...ADDING,
  ...DAEMON,
];
