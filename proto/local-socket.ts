/**
 * What an agent and `fleetctl --local` agree on before they have said a word: where the socket is,
 * where its callers prove who they are, and how much of a log comes at once.
 */

export const DEFAULT_SOCKET = '/run/fleetvisor/agent.sock';

/** The directory beside a socket in which its callers make directories of their own. */
export const proofPlaceOf = (socket: string): string => `${socket}.who`;

/**
 * Sticky, and open to its owner alone: of whoever may make an entry there, only whose the entry is,
 * or whose the place is, may remove it. Who may make one depends on who may connect.
 */
export const PROOF_PLACE_MODE = 0o1700;

/** Of a log, in one answer; who wants more reads the file. */
export const LOG_ANSWER_MAX_BYTES = 4 * 1_048_576;
