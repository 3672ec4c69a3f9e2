/** Whether a program's directory can be entered, as far as the agent can tell by looking. */
import { statSync } from 'node:fs';

/** @returns the name of the error that chdir(2) would fail with; null: none is to be seen */
export function directoryProblem(path: string): string | null {
  try {
    return statSync(path).isDirectory() ? null : 'ENOTDIR';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
