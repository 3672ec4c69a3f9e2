/**
 * Where on this host a join puts what it gets: as the configuration says, so that the agent finds it
 * there. Decided, and refused, before anybody is asked for a certificate.
 */
import { chownSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type CredentialFiles, loadInPlace } from '../../proto/credentials.ts';
import { formatProblems } from '../../proto/dialect/problem.ts';
import { FleetError, messageOf, refusal } from '../../proto/errors.ts';
import { IDENTITY_NAME_RULE, isIdentityName } from '../../proto/identity-name.ts';
import { type AgentSettings, type AgentSurroundings, loadAgentConfig } from '../config/load.ts';
import { DEFAULT_PKI_DIRECTORY, type JoinArguments } from './join-arguments.ts';

export interface JoinPlace {
  readonly files: CredentialFiles;
  readonly configPath: string;
  /** Null: there is none, and one is written. */
  readonly agent: AgentSettings | null;
  readonly host: string;
  /** Whose the directories are that have to be made; null: whoever runs this. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

/** @throws FleetError */
export function findPlace(args: JoinArguments, around: AgentSurroundings): JoinPlace {
  const configPath = resolve(around.workingDirectory, args.configPath);
  const agent = readAgent(configPath, around);
  const files = filesOf(args, agent, { configPath, workingDirectory: around.workingDirectory });
  const host = args.host ?? agent?.host ?? formerName(files) ?? around.hostName.toLowerCase();
  if (!isIdentityName(host)) {
    throw new FleetError(
      refusal('usage', `${JSON.stringify(host)} cannot be the name of a host in a fleet`, {
        cause: IDENTITY_NAME_RULE,
        fix: 'give it one with --host NAME',
      }),
    );
  }
  return { files, configPath, agent, host, owner: agent?.runAs ?? null };
}

/** @throws FleetError where that would throw something away */
export function assertReplaceable({ files }: JoinPlace, nowMs: number): void {
  const present = loadInPlace(files, { kind: 'agent', nowMs });
  if (present.kind === 'unusable') return;
  const { name, fleet, notAfterMs } = present.credentials.identity;
  throw new FleetError(
    refusal('wrong-state', `this host is in a fleet already: ${name} of fleet "${fleet}"`, {
      cause: `${files.cert} counts until ${new Date(notAfterMs).toISOString()}, and its agent renews it; nothing was changed`,
      fix: 'to replace it, make the token with fleetctl token create --replace, and join with --replace',
    }),
  );
}

/** Directories that are missing, for whoever the agent is to run as. */
export function makeDirectory(
  path: string,
  { mode, owner }: { readonly mode: number; readonly owner: JoinPlace['owner'] },
): void {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    mkdirSync(path, { mode });
    if (owner !== null && process.geteuid?.() === 0) chownSync(path, owner.uid, owner.gid);
  } catch (error) {
    throw new FleetError(
      refusal('configuration', `the directory ${path} could not be made`, {
        cause: messageOf(error),
        fix: 'run this as root, or name another directory with --dir',
      }),
    );
  }
}

function readAgent(configPath: string, around: AgentSurroundings): AgentSettings | null {
  if (!existsSync(configPath)) return null;
  const loaded = loadAgentConfig(configPath, around);
  if (loaded.config !== null) return loaded.config.agent;
  throw new FleetError(
    refusal('configuration', `${configPath} cannot be used`, {
      cause: formatProblems({ errors: loaded.problems, warnings: [], notices: [] }),
      fix: 'mend it first: it says where the certificate belongs; or name another one with -c',
    }),
  );
}

/** Who joins again is whom the certificate is of, also where that one counts no more. */
function formerName(files: CredentialFiles): string | null {
  const loaded = loadInPlace(files, { kind: 'agent', nowMs: Date.now(), mayHaveEnded: true });
  return loaded.kind === 'loaded' ? loaded.credentials.identity.name : null;
}

function filesOf(
  { directory }: JoinArguments,
  agent: AgentSettings | null,
  {
    configPath,
    workingDirectory,
  }: { readonly configPath: string; readonly workingDirectory: string },
): CredentialFiles {
  const base =
    directory === null
      ? join(dirname(configPath), DEFAULT_PKI_DIRECTORY)
      : resolve(workingDirectory, directory);
  if (!/^[\w./@+,:-]+$/.test(base)) {
    throw new FleetError(
      refusal('usage', `${JSON.stringify(base)} would have to be quoted in a configuration`, {
        fix: 'name a directory of letters, digits and the characters . _ - / @ + , :',
      }),
    );
  }
  const [ca, cert, key] = ['ca.crt', 'agent.crt', 'agent.key'].map((name) => join(base, name));
  const defaults = { ca, cert, key } as CredentialFiles;
  if (directory !== null || agent === null) return defaults;
  return {
    ca: agent.ca ?? defaults.ca,
    cert: agent.cert ?? defaults.cert,
    key: agent.key ?? defaults.key,
  };
}
