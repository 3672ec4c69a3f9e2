/** What the commands of fleet-certs need of the world; `main.ts` and the tests hand it in. */
export interface Surroundings {
  /** Without the program's own name. */
  readonly args: readonly string[];
  readonly nowMs: number;
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Asks somebody, who has to say yes; null: nobody is there. */
  readonly confirm: ((question: string) => Promise<boolean>) | null;
}
