// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import io.grpc.Attributes;
import io.grpc.ServerTransportFilter;
import io.grpc.netty.shaded.io.netty.util.concurrent.EventExecutor;
import io.grpc.netty.shaded.io.netty.util.concurrent.EventExecutorGroup;
import java.util.concurrent.Executor;

/** Which of the event loops reads and writes a connection that a peer has made. */
final class ConnectionLoop extends ServerTransportFilter {
  private static final Attributes.Key<Executor> KEY = Attributes.Key.create("pillion-loop");

  private final EventExecutorGroup loops;

  ConnectionLoop(EventExecutorGroup loops) {
    this.loops = loops;
  }

  /** Of a call's connection. */
  static Executor of(Attributes attributes) {
    var loop = attributes.get(KEY);
    if (loop == null) {
      throw new IllegalStateException("the connection of this call is of no event loop");
    }
    return loop;
  }

  @Override
  public Attributes transportReady(Attributes attributes) {
    for (EventExecutor loop : loops) {
      if (loop.inEventLoop()) {
        return attributes.toBuilder().set(KEY, loop).build();
      }
    }
    return attributes;
  }
}
