/**
 * `fleet-agent join`: lets this host into a fleet. The key is made here and never leaves; the token
 * goes only to a controller that has shown the authority of the join string. Everything is on disk
 * before it is relied on, so a join that was interrupted anywhere is run again, and goes on: the same
 * key gets the same certificate, although its token was used.
 */
import type { KeyObject } from 'node:crypto';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { FleetError } from '../../proto/errors.ts';
import { enrol } from '../../proto/pki/enrol.ts';
import type { Issued } from '../../proto/pki/issued.ts';
import type { JoinString } from '../../proto/pki/join-string.ts';
import { generateLeafKey } from '../../proto/pki/new-key.ts';
import {
  promotePair,
  replaceFile,
  stageCertificate,
  stagedKey,
  stageKey,
} from '../../proto/pki/pair-files.ts';
import { readTokenFile } from '../../proto/pki/token-file.ts';
import type { AgentSurroundings } from '../config/load.ts';
import { rememberEnrollAddress } from './enroll-address.ts';
import { parseJoinArguments } from './join-arguments.ts';
import { settleConfig } from './join-config.ts';
import { assertReplaceable, findPlace, type JoinPlace, makeDirectory } from './join-place.ts';
import { reasonFor } from './reasons.ts';

export interface JoinSurroundings extends AgentSurroundings {
  readonly defaultConfig: string;
  readonly input: Readable;
  readonly exit: (code: number) => never;
  /** For people: what is going on. */
  readonly tell: (line: string) => void;
}

/** Of the controller, where it does not say how it is reached. */
const USUAL_PORT = 7460;

/** @throws FleetError; what was made until then is kept, and used when it is run again */
export async function join(args: readonly string[], around: JoinSurroundings): Promise<void> {
  const given = parseJoinArguments(args, { configPath: around.defaultConfig, exit: around.exit });
  const place = findPlace(given, around);
  if (!given.mayReplace) assertReplaceable(place, Date.now());
  const { join: joinString, warning } = await readTokenFile(given.tokenFile, around.input);
  if (warning !== null) around.tell(`warning: ${warning}`);
  const key = await withFiles(() => keyFor(place));
  const issued = await enrol({
    ...{ join: joinString, kind: 'agent', name: place.host, key },
    onWaiting: waitingTold(around),
    signal: new AbortController().signal,
  });
  const missing = await withFiles(() => install(place, joinString, issued));
  for (const line of report(place, issued, missing)) around.tell(line);
}

/** On disk before anybody is asked. */
async function keyFor({ files, owner }: JoinPlace): Promise<KeyObject> {
  for (const path of [files.ca, files.cert, files.key]) {
    makeDirectory(dirname(path), { mode: 0o755, owner });
  }
  const staged = stagedKey(files);
  if (staged !== null) return staged;
  const { privateKey, keyPem } = await generateLeafKey();
  stageKey(files, keyPem);
  return privateKey;
}

/**
 * The pair takes its place last: until then whoever runs this again goes on where it was left.
 * @returns lines that the configuration lacks
 */
function install(place: JoinPlace, { address }: JoinString, issued: Issued): readonly string[] {
  const { files, agent, owner } = place;
  stageCertificate(files, issued.certificatePem);
  const controllers = issued.controllers.length > 0 ? issued.controllers : [usual(address)];
  const missing = settleConfig(place, { controllers, enroll: address });
  if (agent !== null) {
    makeDirectory(agent.stateDir, { mode: 0o700, owner });
    rememberEnrollAddress(agent.stateDir, address);
  }
  replaceFile(files.ca, issued.authoritiesPem);
  promotePair(files);
  return missing;
}

const usual = (address: string): string => address.replace(/:\d+$/, `:${USUAL_PORT}`);

function report(place: JoinPlace, issued: Issued, missing: readonly string[]): readonly string[] {
  const { files, configPath, agent } = place;
  const { name, fleet, notAfterMs } = issued.identity;
  return [
    `${name} is in fleet "${fleet}" until ${new Date(notAfterMs).toISOString()}; its agent renews that by itself`,
    `  ${files.ca}\n  ${files.cert}\n  ${files.key}`,
    ...(agent === null ? [`  ${configPath} (written)`] : []),
    missing.length > 0 ? linesToAdd(configPath, missing) : NEXT,
  ];
}

const NEXT =
  'an agent that runs with these files takes them up within a minute; else start fleet-agent';

const linesToAdd = (configPath: string, missing: readonly string[]): string =>
  `add to [agent] in ${configPath}, then start the agent, or restart it:\n${missing.map((line) => `  ${line}`).join('\n')}`;

function waitingTold({ tell }: JoinSurroundings): () => void {
  let isTold = false;
  return () => {
    if (isTold) return;
    isTold = true;
    tell(
      "waiting for whoever has the authority's key: fleetctl cert requests, fleet-certs sign, fleetctl cert add",
    );
  };
}

async function withFiles<Result>(act: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    throw new FleetError(reasonFor(error));
  }
}
