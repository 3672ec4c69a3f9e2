/** What the parser of the command line could not make sense of, with the help that would have said it. */
import type { CommanderError } from 'commander';
import { nearest } from '../proto/dialect/did-you-mean.ts';
import { FleetError, refusal } from '../proto/errors.ts';

/**
 * @param path the words that lead to the command, `fleetctl op list`
 * @param options that it takes, `--hosts`
 */
export function usageError(
  exit: CommanderError,
  path: string,
  options: readonly string[],
): CommanderError | FleetError {
  // Commander ends this way after `--help` and `--version`, too.
  if (exit.exitCode === 0) return exit;
  // A bare `fleetctl` has printed its help, which is all there is to say.
  if (exit.code === 'commander.help') return new FleetError(refusal('usage', ''));
  const text = exit.message.replace(/^error: /, '');
  const [suggestion, words] = /\n\(Did you mean (?:one of )?(.*)\?\)$/.exec(text) ?? [''];
  const told = text.slice(0, text.length - suggestion.length);
  const meant = exit.code === 'commander.unknownOption' ? nearestOption(told, options) : words;
  const fix = meant ? `did you mean ${meant}?` : `${path} --help shows what there is`;
  // What its parser says of a value that it refused is the reason.
  const [, message = told, reason] = /^(.* is invalid)\. (.+)\.$/s.exec(told) ?? [];
  const cause = reason === undefined ? {} : { cause: reason[0]?.toLowerCase() + reason.slice(1) };
  return new FleetError(refusal('usage', message, { ...cause, fix }));
}

/** Commander compares `--host=web` as it stands, and finds what is far off. */
function nearestOption(text: string, options: readonly string[]): string | null {
  const [typed] = /--[^'=]+/.exec(text) ?? [];
  return typed === undefined ? null : nearest(typed, options);
}
