/** What of the configuration the core goes by; all of it may change while the controller runs. */

import type { FleetSettings } from '../core/state.ts';
import type { ControllerConfig } from './config.ts';

export function settingsOf(config: ControllerConfig): FleetSettings {
  const { unreachableAfterMs, batchRequiredAbove, hostGroups, runbooks } = config;
  const { roles, operators, lives } = config;
  return { unreachableAfterMs, batchRequiredAbove, hostGroups, runbooks, roles, operators, lives };
}
