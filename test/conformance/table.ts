/** The whole table, by subject. */
import type { Row } from './row.ts';
import { COMMANDS } from './rows/commands.ts';
import { CONFIGURATION } from './rows/configuration.ts';
import { DAEMON } from './rows/daemon.ts';
import { ENVIRONMENT } from './rows/environment.ts';
import { LOG_ROWS } from './rows/logs.ts';
import { ORDERING } from './rows/ordering.ts';
import { REFUSING } from './rows/refusing.ts';
import { RESTARTING } from './rows/restarting.ts';
import { STARTING } from './rows/starting.ts';
import { STOPPING } from './rows/stopping.ts';

export const TABLE: readonly Row[] = [
  ...STARTING,
  ...RESTARTING,
  ...STOPPING,
  ...ORDERING,
  ...LOG_ROWS,
  ...ENVIRONMENT,
  ...CONFIGURATION,
  ...REFUSING,
  ...COMMANDS,
  ...DAEMON,
];
