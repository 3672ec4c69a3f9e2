/**
 * What agents send, each frame with its size as it came: how much an agent may say is counted in
 * bytes, and once it is decoded nobody knows how many it was.
 */
import type { ServiceDefinition } from '@grpc/grpc-js';
import type { decodeAgentFrame } from '../../proto/codec/link.ts';
import { agentLinkService } from '../../proto/load.ts';

export interface SizedFrame {
  readonly frame: Parameters<typeof decodeAgentFrame>[0];
  readonly byteLength: number;
}

const connect = agentLinkService['Connect'] as NonNullable<ServiceDefinition[string]>;

/** `AgentLink`, whose stream gives a `SizedFrame` for each frame. */
export const sizedAgentLinkService: ServiceDefinition = {
  Connect: {
    ...connect,
    requestDeserialize: (bytes: Buffer): SizedFrame => ({
      frame: connect.requestDeserialize(bytes) as SizedFrame['frame'],
      byteLength: bytes.byteLength,
    }),
  },
};
