/** What is said, and with which exit code, where no agent answers; supervisorctl's words and codes. */
import { escapeUnsafe } from '../../render/text.ts';
import { EXIT, STATUS_EXIT } from '../exit-status.ts';
import type { Unreachable } from '../ports.ts';
import type { Ending } from '../verbs/verb.ts';

/** Of verbs that look for their daemon first. */
export function unreachableAction(from: Unreachable): Ending {
  const { missing, refused } = { missing: EXIT.notRunning, refused: EXIT.insufficientPrivileges };
  const exitCodes = { missing, refused, denied: EXIT.generic, unusable: EXIT.generic };
  return { text: sentence(from), exitCode: exitCodes[from.reason] };
}

/** Of those that do not, and end in an error. */
export function unreachableError(from: Unreachable): Ending {
  return { text: sentence(from), exitCode: EXIT.generic };
}

export function unreachableStatus(from: Unreachable): Ending {
  const isKnownTrouble = from.reason === 'missing' || from.reason === 'refused';
  return {
    text: sentence(from),
    exitCode: isKnownTrouble ? STATUS_EXIT.unknown : EXIT.generic,
  };
}

export function unreachableShutdown(from: Unreachable): Ending {
  const isDown = from.reason === 'missing' || from.reason === 'refused';
  const text = isDown ? `${fact(from)} (already shut down?)` : sentence(from).trimEnd();
  return { text: `ERROR: ${text}\n`, exitCode: EXIT.generic };
}

function sentence(from: Unreachable): string {
  switch (from.reason) {
    case 'missing':
    case 'refused':
      return `${fact(from)}\n`;
    case 'denied':
      return `${fact(from)}: try it with sudo, or let the agent's socket_owner and socket_mode admit you\n`;
    case 'unusable':
      return `${fact(from)}: ${escapeUnsafe(from.detail)}\n`;
  }
}

function fact({ url, reason }: Unreachable): string {
  const facts = {
    missing: 'no such file',
    refused: 'refused connection',
    denied: 'permission denied',
    unusable: 'does not answer as an agent does',
  } as const;
  return `${escapeUnsafe(url)} ${facts[reason]}`;
}
