/** What the parser of the command line could not make sense of, with the help that would have said it. */
import type { CommanderError } from 'commander';
import { FleetError, refusal } from '../proto/errors.ts';

/** @param path the words that lead to the command, `fleetctl op list` */
export function usageError(exit: CommanderError, path: string): CommanderError | FleetError {
  // Commander ends this way after `--help` and `--version`, too.
  if (exit.exitCode === 0) return exit;
  // A bare `fleetctl` has printed its help, which is all there is to say.
  if (exit.code === 'commander.help') return new FleetError(refusal('usage', ''));
  const text = exit.message.replace(/^error: /, '');
  const [suggestion, words] = /\n\(Did you mean (?:one of )?(.*)\?\)$/.exec(text) ?? [''];
  const message = text.slice(0, text.length - suggestion.length);
  const fix = words === undefined ? `${path} --help shows what there is` : `did you mean ${words}?`;
  return new FleetError(refusal('usage', message, { fix }));
}
