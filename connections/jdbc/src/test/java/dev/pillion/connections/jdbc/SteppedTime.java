// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.jdbc;

import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** A clock that a test moves; tasks run on the test's thread, in order. */
final class SteppedTime implements TimeSource {
  private final List<Task> tasks = new ArrayList<>();
  private long nanos;

  @Override
  public Instant now() {
    return Instant.EPOCH.plusNanos(nanos);
  }

  @Override
  public long nanos() {
    return nanos;
  }

  @Override
  public Scheduled schedule(Duration delay, Runnable task) {
    var entry = new Task(nanos + delay.toNanos(), task);
    tasks.add(entry);
    return () -> tasks.remove(entry);
  }

  void advance(Duration by) {
    long target = nanos + by.toNanos();
    while (true) {
      var due =
          tasks.stream().filter(task -> task.at <= target).min((a, b) -> Long.compare(a.at, b.at));
      if (due.isEmpty()) {
        nanos = target;
        return;
      }
      nanos = due.get().at;
      tasks.remove(due.get());
      due.get().run.run();
    }
  }

  int scheduled() {
    return tasks.size();
  }

  private record Task(long at, Runnable run) {}
}
