// SPDX-License-Identifier: Apache-2.0
package dev.pillion.outbox;

import dev.pillion.concurrent.TimeSource;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Something the relay needs, and how long it has been away: told once at its beginning and once at
 * its end, and tried with growing pauses between. Written by the relay alone, read by all.
 */
final class Incident {
  private static final Logger log = LoggerFactory.getLogger(Incident.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  private final String outbox;
  private final String what;
  private final TimeSource time;
  private Duration pause = Duration.ZERO;
  private long sinceNanos;
  private long againNanos;
  private volatile @Nullable String reason;

  Incident(String outbox, String what, TimeSource time) {
    this.outbox = outbox;
    this.what = what;
    this.time = time;
  }

  void failed(Exception e) {
    long now = time.nanos();
    if (reason == null) {
      sinceNanos = now;
      pause = FIRST_PAUSE;
      log.warn(
          "{} fails; the events of the outbox \"{}\" wait until it goes again: {}",
          what,
          outbox,
          e.getMessage(),
          e);
    } else {
      var next = pause.multipliedBy(2);
      pause = next.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : next;
    }
    againNanos = now + pause.toNanos();
    reason = what + " fails: " + e.getMessage();
  }

  void worked() {
    if (reason != null) {
      log.info(
          "{} goes again after {} s; the outbox \"{}\" goes on",
          what,
          Duration.ofNanos(time.nanos() - sinceNanos).toSeconds(),
          outbox);
      reason = null;
    }
  }

  /** What is wrong; null when nothing is. */
  @Nullable
  String reason() {
    return reason;
  }

  /** For how long it is left alone; zero or less when it may be tried. */
  Duration left() {
    return reason == null ? Duration.ZERO : Duration.ofNanos(againNanos - time.nanos());
  }
}
