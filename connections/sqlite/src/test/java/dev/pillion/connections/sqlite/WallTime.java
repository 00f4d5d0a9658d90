// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.sqlite;

import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.time.Instant;

/** The machine's clocks; nothing here is scheduled. */
final class WallTime implements TimeSource {
  @Override
  public Instant now() {
    return Instant.now();
  }

  @Override
  public long nanos() {
    return System.nanoTime();
  }

  @Override
  public Scheduled schedule(Duration delay, Runnable task) {
    throw new UnsupportedOperationException();
  }
}
