/**
 * Runs one command line of `fleetctl --local` to its exit code. What supervisorctl prints goes to
 * stdout here as there, complaints included; only what it has no words for goes to stderr.
 */
import { FleetError, refusal } from '../../proto/errors.ts';
import type { Environment } from '../ports.ts';
import { escapeUnsafe } from '../render/text.ts';
import { type LocalLine, parseLocalArguments, VERB_OPTIONS, type VerbOption } from './arguments.ts';
import { EXIT } from './exit-status.ts';
import { helpText, verbHelp } from './render/help.ts';
import { LOCAL_VERBS } from './verbs/table.ts';
import type { LocalVerb, Wrong } from './verbs/verb.ts';

/** @param words the command line without node and script; it has `--local` somewhere */
export async function runLocal(
  words: readonly string[],
  environment: Environment,
): Promise<number> {
  const line = parseLocalArguments(words);
  if (line.kind === 'wrong') throw new FleetError(line.refusal);
  const { stdout } = environment;
  const [name, ...rest] = line.words;
  if (line.wantsHelp || name === 'help') {
    stdout.write(helpText(name === 'help' ? rest : line.words.slice(0, 1)));
    return EXIT.success;
  }
  if (name === undefined) throw withoutVerb();
  const verb = LOCAL_VERBS.get(name);
  if (verb === undefined) {
    if (name === 'logs') throw withoutLogs();
    stdout.write(`*** Unknown syntax: ${escapeUnsafe(line.words.join(' '))}\n`);
    return EXIT.generic;
  }
  if (line.format !== 'table' && name !== 'status') throw notAsJson(name);
  const foreign = VERB_OPTIONS.find((option) => isForeign(option, line, verb));
  if (foreign !== undefined) throw foreignOption(foreign, name);
  return runVerb(verb, rest, { line, environment });
}

interface Around {
  readonly line: LocalLine;
  readonly environment: Environment;
}

async function runVerb(
  verb: LocalVerb,
  words: readonly string[],
  { line, environment }: Around,
): Promise<number> {
  const { stdout } = environment;
  const understood = verb.read(words, line.options);
  if (understood.kind === 'nothing') return EXIT.success;
  if (understood.kind === 'wrong' && !verb.looksForAgentFirst) {
    stdout.write(complaintText(verb, understood));
    return understood.exitCode;
  }
  const dialled = await environment.dialLocal(line.socket);
  if (dialled.kind === 'unreachable') {
    const { text, exitCode } = verb.whenUnreachable(dialled);
    stdout.write(text);
    return exitCode;
  }
  using client = dialled.client;
  if (understood.kind === 'wrong') {
    stdout.write(complaintText(verb, understood));
    return understood.exitCode;
  }
  // Awaited here, or the client would be closed before it is used.
  return await understood.run({ client, environment, format: line.format });
}

function complaintText(verb: LocalVerb, { complaint, showsHelp }: Wrong): string {
  return `${complaint}\n${showsHelp ? verbHelp(verb) : ''}`;
}

function isForeign(option: VerbOption, { options }: LocalLine, verb: LocalVerb): boolean {
  return options[option] !== undefined && verb.options?.includes(option) !== true;
}

function foreignOption(option: VerbOption, name: string): FleetError {
  return new FleetError(
    refusal('usage', `${option} does not go with ${name}`, {
      cause: 'only hold has it',
      fix: 'fleetctl --local help hold shows how',
    }),
  );
}

/** supervisorctl starts a shell then, which nobody wants in a script. */
function withoutVerb(): FleetError {
  return new FleetError(
    refusal('usage', '--local needs a verb', {
      cause: `there are ${[...LOCAL_VERBS.keys()].join(', ')}`,
      fix: 'fleetctl --local status shows what runs here; fleetctl --local help, the rest',
    }),
  );
}

/** Known from the other half of fleetctl, so its user deserves more than supervisorctl's complaint. */
function withoutLogs(): FleetError {
  return new FleetError(
    refusal('usage', '--local has no logs', {
      cause: 'logs are merged by the controller',
      fix: 'fleetctl --local tail -f PROCESS shows one log of this host; or leave out --local and name --hosts',
    }),
  );
}

function notAsJson(name: string): FleetError {
  return new FleetError(
    refusal('usage', `--output does not go with ${name}`, {
      cause: 'with --local only status has another form than text',
    }),
  );
}
