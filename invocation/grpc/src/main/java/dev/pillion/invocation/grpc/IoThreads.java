// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Netty's daemon threads under names of our own: {@code checkout/grpc-io-1}. For the artifacts of
 * this project that speak gRPC. Thread-safe.
 */
public final class IoThreads extends DefaultThreadFactory {
  private final String name;
  private final AtomicInteger count = new AtomicInteger();

  /** Threads of this name and a number. */
  public IoThreads(String name) {
    super(name, true);
    this.name = name;
  }

  @Override
  public Thread newThread(Runnable loop) {
    var thread = super.newThread(loop);
    thread.setName(name + "-" + count.incrementAndGet());
    return thread;
  }
}
