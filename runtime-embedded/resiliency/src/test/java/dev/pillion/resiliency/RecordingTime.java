// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Time that jumps to the end of every pause, and remembers how long it was. */
final class RecordingTime implements TimeSource {
  final List<Long> pausesMillis = new ArrayList<>();
  private long nanos;

  @Override
  public Instant now() {
    return Instant.EPOCH.plusNanos(nanos);
  }

  @Override
  public long nanos() {
    return nanos;
  }

  void advance(Duration duration) {
    nanos += duration.toNanos();
  }

  @Override
  public Scheduled schedule(Duration delay, Runnable task) {
    pausesMillis.add(delay.toMillis());
    nanos += delay.toNanos();
    task.run();
    return () -> {};
  }
}
