/**
 * fleet-certs: makes a fleet's certificate authority and issues its certificates. Only this file
 * reads the arguments and the clock, and sets the exit code.
 */
import { createInterface } from 'node:readline/promises';
import { runProgram } from './program.ts';

for (const stream of [process.stdout, process.stderr]) {
  // A closed pipe or a full disk. The files are complete before anything is said of them.
  stream.on('error', () => process.exit(1));
}

void runProgram({
  args: process.argv.slice(2),
  nowMs: Date.now(),
  writeOut: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
  confirm: process.stdin.isTTY ? confirm : null,
}).then((exitCode) => {
  process.exitCode = exitCode;
});

/** Asked on standard error, because the certificates may go to standard output. */
async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const end = new Promise<null>((resolve) => terminal.once('close', () => resolve(null)));
  const answer = await Promise.race([terminal.question(question), end]);
  terminal.close();
  // Ctrl-C or Ctrl-D, after which the cursor still stands behind the question.
  if (answer === null) process.stderr.write('\n');
  return answer !== null && /^y(es)?$/i.test(answer.trim());
}
