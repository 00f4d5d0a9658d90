// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.concurrent.TimeSource;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** The monotonic clock in the form Resilience4j asks for; its dates mean nothing. */
final class MonotonicClock extends Clock {
  private final TimeSource time;

  MonotonicClock(TimeSource time) {
    this.time = time;
  }

  @Override
  public Instant instant() {
    return Instant.ofEpochSecond(0, time.nanos());
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
