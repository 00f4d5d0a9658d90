// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import java.util.ArrayDeque;
import java.util.Deque;

/** What a start has opened so far: closed in reverse unless the start says {@link #keep()}. */
final class Opened implements AutoCloseable {
  private final Deque<Runnable> closers = new ArrayDeque<>();

  RedisServer add(RedisServer server) {
    closers.push(server::close);
    return server;
  }

  RedisSentinel add(RedisSentinel sentinel) {
    closers.push(sentinel::close);
    return sentinel;
  }

  void keep() {
    closers.clear();
  }

  @Override
  public void close() {
    while (!closers.isEmpty()) {
      closers.pop().run();
    }
  }
}
