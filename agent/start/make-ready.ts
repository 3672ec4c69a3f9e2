/**
 * What an agent does before it supervises anything, and can do without: on a full disk it says so
 * and goes on, because processes that nobody looks after are worse.
 */
import { messageOf } from '../../proto/errors.ts';
import { makeFifos } from '../adapters/children/fifos.ts';
import { type Folders, fifosOf, runFilesOf } from '../adapters/children/run-files.ts';
import type { AgentSettings } from '../config/load.ts';
import type { AgentState } from '../core/state.ts';
import type { Log } from '../ports.ts';
import { type StartingConfig, textToKeep } from './configuration.ts';

/** For the next start, which may find the file unusable. One that is unusable now is not kept. */
export function keepConfig(
  { agent, reading }: StartingConfig,
  configPath: string,
  keeping: Keeping,
): void {
  if (reading.kind === 'read') keepSettings(agent, configPath, keeping);
}

interface Keeping {
  readonly journal: { keepSettings(text: string): void };
  readonly log: Log;
}

export function keepSettings(
  agent: AgentSettings,
  configPath: string,
  { journal, log }: Keeping,
): void {
  const text = textToKeep(configPath, agent);
  tryTo(() => journal.keepSettings(text), 'the configuration could not be kept', log);
}

/** All in one go, to be quick; what is missing then is made at a start, or the start fails. */
export function makeAllFifos({ processes }: AgentState, folders: Folders, log: Log): void {
  const paths = [...processes].flatMap(([name]) => fifosOf(runFilesOf(folders, name)));
  tryTo(() => makeFifos(paths), 'not every FIFO could be made', log);
}

function tryTo(act: () => void, complaint: string, log: Log): void {
  try {
    act();
  } catch (error) {
    log.error({ error: messageOf(error) }, complaint);
  }
}
