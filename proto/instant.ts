/**
 * The two clocks of an input. Durations are reckoned on the monotonic one, what people read comes
 * from the wall; a wall clock that jumps therefore delays and hastens nothing.
 */
export interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}
