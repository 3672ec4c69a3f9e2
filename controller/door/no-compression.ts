/**
 * No message is ever unpacked. grpc-js bounds what a compressed message may become, but it unpacks
 * all that have come at once, each in a decompressor of its own: some kilobytes of the smallest
 * ones cost it a hundred megabytes. None of our programs compresses.
 */
import type { ServerInterceptor } from '@grpc/grpc-js';

/** In no registry of encodings, so that what comes compressed ends its call with UNIMPLEMENTED. */
const NO_ENCODING = 'any: nothing is unpacked here';

/** Changes nothing about the call but this, and costs nothing for each message. */
export const refuseCompressed: ServerInterceptor = (_method, call) => {
  // grpc-js has no option for it, and keeps the header from interceptors.
  Reflect.set(call, 'incomingEncoding', NO_ENCODING);
  return call as ReturnType<ServerInterceptor>;
};
