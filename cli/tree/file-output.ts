/**
 * Options of commands whose result is a file for another program: there `--output` names that file,
 * and `-o` alone says how to print.
 */
import { InvalidArgumentError, Option } from 'commander';

/** Who means the format must not find a secret in a file called `json`. */
const FORMATS: readonly string[] = ['table', 'wide', 'text', 'json', 'jsonl', 'name'];

export function outputFile(description: string): Option {
  return new Option('--output <file>', description).argParser((file) => {
    if (file === '') throw new InvalidArgumentError('The name of the file is empty.');
    if (!FORMATS.includes(file)) return file;
    throw new InvalidArgumentError(
      `It names a file here: -o ${file} is how to print; a file of that name is ./${file}.`,
    );
  });
}

export function outputFormat(formats: readonly string[]): Option {
  const [first] = formats;
  return new Option('-o <format>', 'how to print').choices(formats).default(first);
}
