/** The environment of a program, in Supervisor's order (process.py, _spawn_as_child). */
import type { ProcessDefinition } from '../../core/definition.ts';

export type OwnEnvironment = Readonly<Record<string, string | undefined>>;

/** The agent's own, then what the program is told of itself, then what is configured. */
export function programEnvironment(
  definition: ProcessDefinition,
  own: OwnEnvironment,
): Readonly<Record<string, string>> {
  const { name, group, serverUrl } = definition;
  const inherited = Object.entries(own).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  return {
    ...Object.fromEntries(inherited),
    SUPERVISOR_ENABLED: '1',
    ...(serverUrl !== null && { SUPERVISOR_SERVER_URL: serverUrl }),
    SUPERVISOR_PROCESS_NAME: name,
    SUPERVISOR_GROUP_NAME: group,
    ...definition.environment,
  };
}
