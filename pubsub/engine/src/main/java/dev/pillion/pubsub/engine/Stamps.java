// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.concurrent.TimeSource;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/** The wall clock as events have it: RFC 3339, in whole seconds. Thread-safe. */
final class Stamps {
  private static final DateTimeFormatter RFC_3339 =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ssXXX");

  private final TimeSource time;
  private final ZoneId zone;
  private volatile @Nullable Stamp latest;

  /** @param zone of {@link #now()}; Dapr's is the host's */
  Stamps(TimeSource time, ZoneId zone) {
    this.time = time;
    this.zone = zone;
  }

  /** The present, with the zone's offset. */
  String now() {
    var now = time.now();
    var stamp = latest;
    if (stamp == null || stamp.second != now.getEpochSecond()) {
      // A thousand events of the same second share the work.
      stamp = new Stamp(now.getEpochSecond(), RFC_3339.format(now.atZone(zone)));
      latest = stamp;
    }
    return stamp.text;
  }

  /** The present plus so much, in UTC. */
  String after(Duration duration) {
    return time.now().plus(duration).truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** Whether an {@code expiration} lies in the past; never when it is no time of RFC 3339. */
  static boolean isPast(String expiration, Instant now) {
    boolean hasSeconds = expiration.length() > 16 && expiration.charAt(16) == ':';
    if (!hasSeconds) {
      return false;
    }
    try {
      return DateTimeFormatter.ISO_OFFSET_DATE_TIME
          .parse(expiration, Instant::from)
          .isBefore(now);
    } catch (DateTimeException e) {
      return false;
    }
  }

  private static final class Stamp {
    final long second;
    final String text;

    Stamp(long second, String text) {
      this.second = second;
      this.text = text;
    }
  }
}
