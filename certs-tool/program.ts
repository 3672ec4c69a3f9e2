/**
 * The commands of fleet-certs, and what they tell their user: which files were written, how long
 * they are valid, what to do next. Takes its arguments and streams from the caller, so that tests
 * run the same program without a process.
 */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { quote } from 'shlex';
import { exitCodeOf, FleetError, isRefusal, type Refusal, refusal } from '../proto/errors.ts';
import { describeSubject, type IdentityKind } from '../proto/identity-name.ts';
import { readPassphrase } from '../proto/pki/passphrase.ts';
import { PRODUCT_VERSION } from '../proto/version.ts';
import {
  type AuthorityRequest,
  createAuthority,
  DEFAULT_DAYS,
  issueLeaf,
  type LeafRequest,
  refusalOfAuthority,
  refusalOfLeaf,
} from './issue.ts';
import { authorityNextSteps, leafNextSteps } from './next-steps.ts';
import { type SignOptions, sign } from './sign.ts';
import {
  authorityPaths,
  isOpenToOthers,
  leafPaths,
  prepareDirectory,
  readAuthority,
  refusalOfExisting,
  writePair,
} from './store.ts';
import type { Surroundings } from './surroundings.ts';

/** Runs one command. Resolves to the exit code: 0, 2 usage or refused, 1 internal. */
export async function runProgram(surroundings: Surroundings): Promise<number> {
  try {
    await commandTree(surroundings).parseAsync([...surroundings.args], { from: 'user' });
    return 0;
  } catch (caught) {
    // commander has said it already; its own number for every usage error is 1.
    if (caught instanceof CommanderError) return caught.exitCode === 0 ? 0 : exitCodeOf('usage');
    const refused = FleetError.refusalFrom(caught);
    surroundings.writeError(refusalText(refused));
    return exitCodeOf(refused.code);
  }
}

interface CommonOptions {
  readonly dir: string;
  readonly days?: number;
  readonly passphraseFile?: string;
}

function commandTree(surroundings: Surroundings): Command {
  const program = new Command('fleet-certs')
    .description('The private certificate authority of a fleet: makes it, and issues from it.')
    .version(PRODUCT_VERSION)
    .exitOverride()
    .configureOutput({ writeOut: surroundings.writeOut, writeErr: surroundings.writeError })
    .showHelpAfterError('(--help shows an example)')
    .addHelpText('before', PROGRAM_EXAMPLE);

  withCommonOptions(program.command('init'), DEFAULT_DAYS.authority)
    .description('Make the certificate authority of a new fleet.')
    .option('--fleet <name>', 'name of the fleet; stands in every certificate', 'fleet')
    .addHelpText('before', 'Example:\n  fleet-certs init --dir pki --fleet prod\n')
    .action((options: CommonOptions & { readonly fleet: string }) => init(surroundings, options));

  const issue = program
    .command('issue')
    .description('Issue a certificate with a new key.')
    .addHelpText('before', PROGRAM_EXAMPLE);
  withCommonOptions(issue.command('controller <name>'), DEFAULT_DAYS.controller)
    .description('For a controller: the server that agents and operators connect to.')
    .requiredOption(
      '--san <addresses>',
      'how it is reached: DNS:name,IP:address,…; may be repeated',
      (addresses: string, before: string | undefined) =>
        before === undefined ? addresses : `${before},${addresses}`,
    )
    .addHelpText('before', `Example:\n  ${EXAMPLE.controller}\n`)
    .action((name: string, options: CommonOptions & { readonly san: string }) =>
      issueInto(surroundings, options, { kind: 'controller', name, san: options.san }),
    );
  withCommonOptions(issue.command('agent <host>'), DEFAULT_DAYS.agent)
    .description('For the agent of one host, which will be known under this name.')
    .addHelpText('before', `Example:\n  ${EXAMPLE.agent}\n`)
    .action((name: string, options: CommonOptions) =>
      issueInto(surroundings, options, { kind: 'agent', name }),
    );
  withCommonOptions(issue.command('operator <name>'), DEFAULT_DAYS.operator)
    .description('For a person who uses fleetctl.')
    .addHelpText('before', `Example:\n  ${EXAMPLE.operator}\n`)
    .action((name: string, options: CommonOptions) =>
      issueInto(surroundings, options, { kind: 'operator', name }),
    );
  withAuthorityOptions(program.command('sign <file>'))
    .description('Sign what fleetctl cert requests has written, after a look at who asks for what.')
    .option('--output <file>', 'where the certificates go (default: standard output)')
    .option('--yes', 'sign without asking')
    .addHelpText('before', `Example:\n  ${SIGN_EXAMPLE}\n`)
    .action((file: string, options: SignOptions) => sign(surroundings, file, options));
  return program;
}

const SIGN_EXAMPLE = 'fleet-certs sign requests.txt --dir pki --output certificates.pem';

const EXAMPLE = {
  controller:
    'fleet-certs issue controller ops-1 --dir pki --san DNS:ops-1.example.com,IP:10.0.0.7',
  agent: 'fleet-certs issue agent web-1 --dir pki',
  operator: 'fleet-certs issue operator alice --dir pki',
} as const satisfies Record<IdentityKind, string>;

const PROGRAM_EXAMPLE = `Example:
  fleet-certs init --dir pki --fleet prod
  ${EXAMPLE.controller}
  ${EXAMPLE.agent}
  ${EXAMPLE.operator}
  ${SIGN_EXAMPLE}
`;

function withCommonOptions(command: Command, defaultDays: number): Command {
  return withAuthorityOptions(command).option(
    '--days <number>',
    `how long it is valid (default: ${defaultDays})`,
    parseDays,
  );
}

function withAuthorityOptions(command: Command): Command {
  return command
    .requiredOption('--dir <directory>', 'where the certificates and keys of the fleet are kept')
    .option('--passphrase-file <file>', "holds the passphrase of the authority's key");
}

async function init(
  surroundings: Surroundings,
  options: CommonOptions & { readonly fleet: string },
): Promise<void> {
  const request: AuthorityRequest = {
    fleet: options.fleet,
    nowMs: surroundings.nowMs,
    passphrase: passphraseFrom(options),
    ...daysFrom(options),
  };
  demand(refusalOfAuthority(request));
  demand(prepareDirectory(options.dir));
  const paths = authorityPaths(options.dir);
  demand(refusalOfExisting(paths));
  const authority = await createAuthority(request);
  demand(writePair(paths, authority));
  const { dir: directory, passphraseFile = null } = options;
  surroundings.writeOut(authorityNextSteps({ authority, paths, directory, passphraseFile }));
  warnIfOpen(surroundings, options.dir);
}

/** What the command line says of a leaf; the rest of the request is the same for all. */
type NamedLeaf =
  | { readonly kind: 'controller'; readonly name: string; readonly san: string }
  | { readonly kind: 'agent' | 'operator'; readonly name: string };

async function issueInto(
  surroundings: Surroundings,
  options: CommonOptions,
  leaf: NamedLeaf,
): Promise<void> {
  const authority = readAuthority(options.dir, options.passphraseFile ?? null);
  if (isRefusal(authority)) throw new FleetError(authority);
  const request: LeafRequest = { ...leaf, nowMs: surroundings.nowMs, ...daysFrom(options) };
  demand(refusalOfLeaf(authority, request));
  const paths = leafPaths(options.dir, leaf.kind, leaf.name);
  demand(refusalOfExisting(paths));
  const pair = await issueLeaf(authority, request);
  demand(writePair(paths, pair));
  const subject = { fleet: authority.fleet, kind: leaf.kind, name: leaf.name };
  const days = request.days ?? DEFAULT_DAYS[leaf.kind];
  surroundings.writeOut(
    `${describeSubject(subject)}: certificate issued, valid for ${days} days\n` +
      leafNextSteps({ subject, pair, paths, directory: options.dir }),
  );
  warnIfOpen(surroundings, options.dir);
}

function demand(refused: Refusal | null): void {
  if (refused !== null) throw new FleetError(refused);
}

function daysFrom(options: CommonOptions): { readonly days?: number } {
  return options.days === undefined ? {} : { days: options.days };
}

function passphraseFrom({ passphraseFile }: CommonOptions): string | null {
  if (passphraseFile === undefined) return null;
  const file = readPassphrase(passphraseFile);
  if (file.kind === 'read') return file.text;
  throw new FleetError(
    refusal('configuration', 'the passphrase is not usable', {
      cause: file.problem,
      fix: 'write a long random line into a file of your own: umask 077; openssl rand -base64 32',
    }),
  );
}

function parseDays(text: string): number {
  if (!/^[0-9]{1,6}$/.test(text)) throw new InvalidArgumentError('It is a whole number of days.');
  return Number(text);
}

function warnIfOpen(surroundings: Surroundings, directory: string): void {
  if (!isOpenToOthers(directory)) return;
  surroundings.writeError(
    `warning: others can enter ${directory}: chmod 700 ${quote(directory)}\n`,
  );
}

function refusalText(refused: Refusal): string {
  const lines = [`fleet-certs: ${refused.message}`];
  if (refused.cause !== null) lines.push(`  cause: ${refused.cause}`);
  if (refused.fix !== null) lines.push(`  fix: ${refused.fix}`);
  return `${lines.join('\n')}\n`;
}
