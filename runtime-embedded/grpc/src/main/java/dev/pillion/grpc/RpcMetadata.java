// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.call.CallContext;
import io.grpc.Metadata;

/**
 * What goes along with one call beside its messages. Used by one thread.
 *
 * @param context deadline and trace
 * @param received the caller's headers
 * @param authority the host that the caller named; empty when he named none
 * @param headers what the answer begins with, be it an error; to be filled
 * @param trailers what a successful answer ends with; to be filled
 */
record RpcMetadata(
    CallContext context, Metadata received, String authority, Metadata headers, Metadata trailers) {
  RpcMetadata within(CallContext other) {
    return new RpcMetadata(other, received, authority, headers, trailers);
  }
}
