/**
 * What the agent's configuration must say after a join. Where there is none, a small one is written;
 * one that is there is its owner's, and is told what it lacks.
 */
import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CredentialFiles } from '../../proto/credentials.ts';
import type { AgentSettings } from '../config/load.ts';
import { type JoinPlace, makeDirectory } from './join-place.ts';

/** What the controller said. */
export interface Answered {
  /** `host:port` each. */
  readonly controllers: readonly string[];
  /** Where the host was enrolled, and would ask to come back. */
  readonly enroll: string;
}

/** @returns what is still missing from the configuration, as lines of `[agent]`; one is written where there is none */
export function settleConfig(place: JoinPlace, answered: Answered): readonly string[] {
  const { configPath, agent } = place;
  if (agent !== null) return missingLines(agent, wantedLines(place, answered));
  makeDirectory(dirname(configPath), { mode: 0o755, owner: null });
  const lines = [...wantedLines(place, answered), `enroll = ${answered.enroll}`];
  const descriptor = openSync(configPath, 'wx', 0o644);
  try {
    writeFileSync(
      descriptor,
      `; written by fleet-agent join\n[agent]\n${lines.join('\n')}\n\n${MORE}`,
    );
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return [];
}

const MORE = `; the programs that this host runs, one section each:
;[program:web]
;command = /usr/bin/web
`;

function wantedLines({ files }: JoinPlace, { controllers }: Answered): readonly string[] {
  return linesOf({ ...files, controllers: controllers.join(', ') });
}

/** Who names controllers already knows how they are reached from here. */
function missingLines(agent: AgentSettings, wanted: readonly string[]): readonly string[] {
  const { ca, cert, key, controllers } = agent;
  const found = linesOf({ ca: ca ?? '', cert: cert ?? '', key: key ?? '', controllers: '' });
  return wanted.filter((line) => {
    const isAnswered = line.startsWith('controllers =') && controllers.length > 0;
    return !isAnswered && !found.includes(line);
  });
}

function linesOf(settings: CredentialFiles & { readonly controllers: string }): readonly string[] {
  const { controllers, ca, cert, key } = settings;
  return Object.entries({ controllers, ca, cert, key }).map(
    ([name, value]) => `${name} = ${value}`,
  );
}
