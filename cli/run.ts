/**
 * Runs one command line to its exit code. Here, and nowhere else, what was thrown becomes words or
 * JSON on stderr.
 */
import { CommanderError } from 'commander';
import { exitCodeOf, FleetError } from '../proto/errors.ts';
import type { Environment } from './ports.ts';
import { createProgram } from './program.ts';
import { renderError } from './render/error.ts';
import { renderErrorJson } from './render/json.ts';
import type { Finish } from './tree/shared.ts';

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
    // Only after `--help` and `--version`: other endings of the parser are usage errors by then.
    if (caught instanceof CommanderError) return caught.exitCode;
    const because = FleetError.refusalFrom(caught);
    if (because.message !== '') {
      environment.stderr.write(wantsJson(words) ? renderErrorJson(because) : renderError(because));
    }
    return exitCodeOf(because.code);
  }
}

/** Read from the words themselves, for where they could not be parsed. */
function wantsJson(words: readonly string[]): boolean {
  return words.some(
    (word, index) =>
      /^(-o=?|--output=)jsonl?$/.test(word) ||
      (/^jsonl?$/.test(word) && /^(-o|--output)$/.test(words[index - 1] ?? '')),
  );
}
