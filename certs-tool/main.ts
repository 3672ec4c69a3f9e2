/**
 * fleet-certs: makes a fleet's certificate authority and issues its certificates. Only this file
 * reads the arguments and the clock, and sets the exit code.
 */
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
}).then((exitCode) => {
  process.exitCode = exitCode;
});
