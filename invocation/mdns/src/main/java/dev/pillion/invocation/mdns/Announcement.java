// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import dev.pillion.Registration;
import dev.pillion.concurrent.TimeSource.Scheduled;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** This runtime as everybody hears of it: twice at the beginning, when asked, and at the end. */
final class Announcement implements Registration {
  private static final Duration AGAIN = Duration.ofSeconds(1);

  private final MdnsEngine engine;
  private final OwnRecords records;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Scheduled again;
  private boolean closed;

  Announcement(MdnsEngine engine, OwnRecords records) {
    this.engine = engine;
    this.records = records;
  }

  void start() {
    lock.lock();
    try {
      engine.send(DnsMessage.response(records.all()));
      again = engine.later(AGAIN, this::announce);
    } finally {
      lock.unlock();
    }
  }

  void announce() {
    lock.lock();
    try {
      if (!closed) {
        engine.send(DnsMessage.response(records.all()));
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Hands what answers a query to whoever sends it; nothing when it is about others. Under the
   * lock, so that no answer follows the goodbye.
   */
  void answer(DnsMessage query, Consumer<DnsMessage> sender) {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      var answers = query.questions().stream()
          .flatMap(question -> records.answers(question).stream())
          .distinct()
          .toList();
      if (!answers.isEmpty()) {
        sender.accept(DnsMessage.response(answers));
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      if (again != null) {
        again.cancel();
      }
      engine.remove(this);
      engine.send(DnsMessage.response(records.goodbye()));
    } finally {
      lock.unlock();
    }
  }
}
