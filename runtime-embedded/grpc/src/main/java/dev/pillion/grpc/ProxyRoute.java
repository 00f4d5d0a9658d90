// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import io.grpc.Channel;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Where one call is passed on to.
 *
 * @param headers what it begins with
 * @param tracer an option of the call; null for none
 * @param end told how the call has ended
 */
record ProxyRoute(
    Channel channel, Metadata headers, ClientStreamTracer.@Nullable Factory tracer, End end) {
  /** Gives back what the call has occupied. */
  @FunctionalInterface
  interface End {
    /** Once, however often it is told; whether nobody has seen anything of the call. */
    boolean told(Status status);
  }
}
