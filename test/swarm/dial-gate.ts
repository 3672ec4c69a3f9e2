/**
 * Only so many agents of one process may be dialling at once; the others wait for their turn. Real
 * agents have a machine each, and thousands of handshakes in one process would all take longer than
 * the controller waits for one.
 */

/** Enough to keep a controller busy, too few to time out there. */
const DIALLING_MAX = 64;

export class DialGate {
  #dialling = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param dial begins now or later; whoever was let in leaves again, once */
  enter(dial: () => void): void {
    if (this.#dialling === DIALLING_MAX) {
      this.#waiting.push(dial);
      return;
    }
    this.#dialling += 1;
    dial();
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#dialling -= 1;
    else next();
  }
}
