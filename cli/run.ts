/**
 * Runs one command line to its exit code. Here, and nowhere else, what was thrown becomes words or
 * JSON on stderr.
 */
import { CommanderError } from 'commander';
import { exitCodeOf, FleetError, type Refusal, refusal } from '../proto/errors.ts';
import type { Environment } from './ports.ts';
import { createProgram, type Finish } from './program.ts';
import { renderError } from './render/error.ts';
import { renderErrorJson } from './render/json.ts';

/** @param words the command line without node and script */
export async function runFleetctl(
  words: readonly string[],
  environment: Environment,
): Promise<number> {
  const finish: Finish = { exitCode: 0 };
  try {
    await createProgram(environment, finish).parseAsync(words, { from: 'user' });
    return finish.exitCode;
  } catch (caught) {
    const because = caught instanceof CommanderError ? usageRefusal(caught) : refused(caught);
    if (because === null) return 0;
    if (because.message !== '') {
      environment.stderr.write(wantsJson(words) ? renderErrorJson(because) : renderError(because));
    }
    return exitCodeOf(because.code);
  }
}

function refused(caught: unknown): Refusal {
  return FleetError.refusalFrom(caught);
}

/** Null where commander only ends after `--help` or `--version`. */
function usageRefusal(caught: CommanderError): Refusal | null {
  if (caught.exitCode === 0) return null;
  // A bare `fleetctl` has printed its help, which is all there is to say.
  if (caught.code === 'commander.help') return refusal('usage', '');
  const [message = '', suggestion] = caught.message.replace(/^error: /, '').split('\n');
  const fix = suggestion?.replace(/^\(Did you mean (one of )?(.*)\?\)$/, 'did you mean $2?');
  return refusal('usage', message, { fix: fix ?? 'fleetctl --help shows what there is' });
}

/** Read from the words themselves, for where they could not be parsed. */
function wantsJson(words: readonly string[]): boolean {
  return words.some(
    (word, index) =>
      /^(-o=?|--output=)jsonl?$/.test(word) ||
      (/^jsonl?$/.test(word) && /^(-o|--output)$/.test(words[index - 1] ?? '')),
  );
}
