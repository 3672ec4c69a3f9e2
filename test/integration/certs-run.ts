/** Runs fleet-certs as its user does, without a process. */
import { runProgram } from '../../certs-tool/program.ts';

export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly errors: string;
}

/** `answer` is what somebody at a terminal says to every question; null: there is no terminal. */
export async function runCerts(
  args: readonly string[],
  nowMs: number,
  answer: boolean | null = null,
): Promise<Ran> {
  let out = '';
  let errors = '';
  const exitCode = await runProgram({
    args,
    nowMs,
    writeOut: (text) => {
      out += text;
    },
    writeError: (text) => {
      errors += text;
    },
    confirm:
      answer === null
        ? null
        : async (question) => {
            errors += question;
            return answer;
          },
  });
  return { exitCode, out, errors };
}
