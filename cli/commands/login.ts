/**
 * `fleetctl login`: a certificate of one's own, by a token. The key is made here and is on disk before
 * it is used, so that whoever is interrupted anywhere calls the same again. What is in use changes
 * only when all of the new is there: by the one line of the configuration.
 */
import { dirname, join as joinPath } from 'node:path/posix';
import { FleetError, type Refusal, refusal } from '../../proto/errors.ts';
import { hashSecret, type JoinString } from '../../proto/pki/join-string.ts';
import { withContext } from '../identity/context-edit.ts';
import type { Enrolled, SignIn } from '../identity/ports.ts';
import type { ConnectionOptions, Environment } from '../ports.ts';
import { fleetctlCommand } from '../render/shell.ts';
import { neutralise } from '../render/text.ts';
import { formatTimestamp } from '../render/time.ts';

export interface LoginOptions extends ConnectionOptions {
  /** `-`: standard input; null: not given, which is refused. */
  readonly tokenFile: string | null;
}

export async function login(environment: Environment, options: LoginOptions): Promise<number> {
  const { tokenFile, context } = options;
  if (tokenFile === null) throw new FleetError(TOKEN_MISSING);
  if (context !== null && !isContextName(context)) throw new FleetError(noContextName(context));
  const signIn = await environment.signIn();
  const { join: token, warning } = await signIn.readToken(tokenFile);
  if (warning !== null) environment.stderr.write(`warning: ${neutralise(warning)}\n`);
  const config = signIn.configPath(options.config);
  if (config === null) throw new FleetError(NO_PLACE);
  await refuseUnusable(environment, signIn, config);
  const wanted = { token, config };
  if (context !== null) await refuseOtherFleet(environment, signIn, { ...wanted, name: context });
  const enrolled = await enrol(environment, signIn, wanted);
  const name = context ?? enrolled.fleet;
  await refuseOtherFleet(environment, signIn, { ...wanted, name });
  await keep(environment, { token, config, name, enrolled });
  const { fleet, certificateEndsAtMs } = enrolled;
  const who = `${neutralise(enrolled.name)} of fleet ${neutralise(fleet)}`;
  const until = formatTimestamp(certificateEndsAtMs) ?? '-';
  environment.stdout.write(
    `logged in as ${who}, until ${until}; fleetctl renews it when it is used\ncontext ${name} in ${neutralise(config)}\nnext: ${fleetctlCommand({ config: options.config, context: name })} auth whoami\n`,
  );
  return 0;
}

/** Of our own files, which are named after it. */
function isContextName(text: string): boolean {
  return /^[A-Za-z0-9][\w.-]{0,62}$/.test(text);
}

/** The token counts once: what could go wrong afterwards is found out before. */
async function refuseUnusable(
  { ownFiles }: Environment,
  signIn: SignIn,
  config: string,
): Promise<void> {
  const files = { ca: 'ca', cert: 'cert', key: 'key' };
  const trial = 'login';
  const text = withContext((await ownFiles.read(config)) ?? '', trial, {
    controller: 'localhost:1',
    ...files,
  });
  const because = signIn.judge(config, text, trial);
  if (because !== null) throw new FleetError(because);
}

interface Wanted {
  readonly token: JoinString;
  readonly config: string;
}

/** Two fleets may have one name; their authorities differ. A context without one works for nobody. */
async function refuseOtherFleet(
  { ownFiles }: Environment,
  signIn: SignIn,
  { token, config, name }: Wanted & { readonly name: string },
): Promise<void> {
  const path = signIn.authorityFile(config, (await ownFiles.read(config)) ?? '', name);
  const trusted = path === null ? null : await ownFiles.read(path);
  if (path === null || trusted === null || signIn.isAmong(trusted, token.pin)) return;
  throw new FleetError(
    refusal('wrong-state', `context ${name} in ${neutralise(config)} is of another fleet`, {
      cause: `${neutralise(path)} is not the authority that this token is of`,
      fix: 'call the same again with --context and another name, as the token still counts; where the fleet has a new authority, remove the old context first',
    }),
  );
}

/** A key whose token counts for nobody is of no use; any other waits for the same to be called again. */
async function enrol(
  { ownFiles, stderr, onInterrupt }: Environment,
  signIn: SignIn,
  { token, config }: Wanted,
): Promise<Enrolled> {
  const path = pendingKey({ token, config });
  const kept = await ownFiles.read(path);
  const keyPem = kept ?? (await signIn.makeKey());
  if (kept === null) await ownFiles.create(path, keyPem);
  const left = new AbortController();
  using _listening = onInterrupt(() => left.abort());
  const onWaiting = () =>
    stderr.write('waiting for whoever signs: fleetctl cert requests shows it to them\n');
  try {
    return await signIn.enrol({ join: token, keyPem, onWaiting, signal: left.signal });
  } catch (caught) {
    if (left.signal.aborted) throw new FleetError(INTERRUPTED);
    if (FleetError.refusalFrom(caught).code === 'denied') await ownFiles.remove(path);
    throw caught;
  }
}

/** Found again by the same token. */
function pendingKey({ token, config }: Wanted): string {
  return joinPath(dirname(config), `login-${hashSecret(token.secret).slice(0, 8)}.key`);
}

async function keep(
  { ownFiles }: Environment,
  {
    token,
    config,
    name,
    enrolled,
  }: Wanted & { readonly name: string; readonly enrolled: Enrolled },
): Promise<void> {
  const { certificatePem, authoritiesPem, controllers } = enrolled;
  const controller = controllers[0];
  if (controller === undefined) throw new FleetError(NO_CONTROLLER);
  const inPlace = (file: string) => joinPath(dirname(config), file);
  for (let number = 1; ; number += 1) {
    const base = `${name}-${enrolled.name}${number === 1 ? '' : `-${number}`}`;
    const files = { ca: `${base}-ca.crt`, cert: `${base}.crt`, key: `${base}.key` };
    const [ca, cert, key] = await Promise.all(
      [files.ca, files.cert, files.key].map((file) => ownFiles.read(inPlace(file))),
    );
    const isFree = key === null && isFreeFor(ca, authoritiesPem) && isFreeFor(cert, certificatePem);
    // Somebody else's, or of an earlier login, which stays as it is.
    if (!isFree) continue;
    if (ca === null) await ownFiles.create(inPlace(files.ca), authoritiesPem);
    if (cert === null) await ownFiles.create(inPlace(files.cert), certificatePem);
    const text = (await ownFiles.read(config)) ?? '';
    await ownFiles.replace(config, withContext(text, name, { controller, ...files }));
    await ownFiles.move(pendingKey({ token, config }), inPlace(files.key));
    return;
  }
}

function isFreeFor(found: string | null | undefined, text: string): boolean {
  return found === null || found === text;
}

const TOKEN_MISSING: Refusal = refusal('usage', 'login needs --token-file', {
  cause: 'a secret on a command line is read by everybody on this host',
  fix: 'write what fleetctl token create --operator NAME printed into a file, or pipe it: --token-file -',
});

const NO_PLACE: Refusal = refusal('configuration', 'there is no place for your configuration', {
  cause: 'none of --config, FLEETCTL_CONFIG, XDG_CONFIG_HOME and HOME says where it is',
  fix: 'fleetctl --config FILE login …',
});

const NO_CONTROLLER: Refusal = refusal('internal', 'the controller did not say where to reach it', {
  fix: 'set advertise under [controller] in its configuration, then call the same again',
});

const INTERRUPTED: Refusal = refusal('interrupted', 'there is no certificate yet', {
  fix: 'call the same again: the key is kept, and the token counts for it',
});

function noContextName(text: string): Refusal {
  return refusal('usage', `${JSON.stringify(text.slice(0, 80))} cannot name a context`, {
    cause: 'expected are letters, digits, dots, dashes and underscores, at most 63',
    fix: 'as in --context prod',
  });
}
