/**
 * Runs one command line to its exit code: on this host's own agent where it says `--local`, on the
 * fleet through the controller otherwise. Here, and nowhere else, what was thrown becomes words or
 * JSON on stderr. Only the half that is needed is loaded.
 */
import { exitCodeOf, FleetError } from '../proto/errors.ts';
import { isLocal } from './local/arguments.ts';
import type { Environment } from './ports.ts';
import { renderError } from './render/error.ts';
import { renderErrorJson } from './render/json.ts';

/** @param words the command line without node and script */
export async function runFleetctl(
  words: readonly string[],
  environment: Environment,
): Promise<number> {
  try {
    if (isLocal(words)) {
      const { runLocal } = await import('./local/run.ts');
      return await runLocal(words, environment);
    }
    const { runProgram } = await import('./program.ts');
    return await runProgram(words, environment);
  } catch (caught) {
    const because = FleetError.refusalFrom(caught);
    if (because.message !== '') {
      environment.stderr.write(wantsJson(words) ? renderErrorJson(because) : renderError(because));
    }
    return exitCodeOf(because.code);
  }
}

/** Read from the words themselves, for where they could not be parsed. */
export function wantsJson(words: readonly string[]): boolean {
  return words.some(
    (word, index) =>
      /^(-o=?|--output=)jsonl?$/.test(word) ||
      (/^jsonl?$/.test(word) && /^(-o|--output)$/.test(words[index - 1] ?? '')),
  );
}
