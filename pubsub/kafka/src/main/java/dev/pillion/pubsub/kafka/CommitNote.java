// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What stands beside a committed offset, in the metadata that Kafka keeps with it: such as
 * {@code pillion/1 2000 0-2x1,7x3}. Offsets in it are relative to the committed one. Immutable.
 *
 * @param reach no attempt has begun at or above this offset: the owner that writes it asks again
 *     before it goes further. Between the committed offset and here, an attempt may have begun that
 *     is not on record
 * @param attempts how many attempts have begun, by offset, where that is on record
 */
record CommitNote(long reach, SortedMap<Long, Integer> attempts) {
  /** Kafka takes 4,096 bytes by default. */
  private static final int LONGEST = 3_500;

  private static final String MARK = "pillion/1 ";
  private static final Pattern FORM =
      Pattern.compile("pillion/1 (\\d{1,18})(?: ((?:\\d{1,18}(?:-\\d{1,18})?x\\d{1,9},?)+))?");
  private static final Pattern RUN = Pattern.compile("(\\d+)(?:-(\\d+))?x(\\d+)");

  /** No run is read that says more; only a forged note has such. */
  private static final int LONGEST_RUN = 10_000;

  CommitNote {
    attempts = Collections.unmodifiableSortedMap(new TreeMap<>(attempts));
  }

  /** Nothing has begun that is not done. */
  static CommitNote clean(long committed) {
    return new CommitNote(committed, Collections.emptySortedMap());
  }

  /**
   * Reads what was written beside {@code committed}; what others have written, such as a daprd, is
   * no note: counting starts anew.
   */
  static CommitNote read(long committed, @Nullable String metadata) {
    if (metadata == null || !metadata.startsWith(MARK)) {
      return clean(committed);
    }
    var matcher = FORM.matcher(metadata);
    if (!matcher.matches()) {
      return clean(committed);
    }
    var attempts = new TreeMap<Long, Integer>();
    if (matcher.group(2) != null) {
      var run = RUN.matcher(matcher.group(2));
      while (run.find()) {
        long first = Long.parseLong(run.group(1));
        long last = run.group(2) == null ? first : Long.parseLong(run.group(2));
        for (long i = first; i <= last && i - first < LONGEST_RUN; i++) {
          attempts.put(committed + i, Integer.parseInt(run.group(3)));
        }
      }
    }
    return new CommitNote(committed + Long.parseLong(matcher.group(1)), attempts);
  }

  /** Attempts that there is no room for, the latest ones, are left out: they count anew. */
  String write(long committed) {
    var text = new StringBuilder(MARK).append(Math.max(0, reach - committed));
    char separator = ' ';
    long first = -1;
    long last = -1;
    int count = 0;
    for (Map.Entry<Long, Integer> entry : attempts.tailMap(committed).entrySet()) {
      if (first >= 0 && entry.getKey() == last + 1 && entry.getValue() == count) {
        last++;
        continue;
      }
      if (first >= 0) {
        run(text, separator, first - committed, last - committed, count);
        separator = ',';
      }
      first = entry.getKey();
      last = first;
      count = entry.getValue();
      if (text.length() > LONGEST) {
        return text.toString();
      }
    }
    if (first >= 0) {
      run(text, separator, first - committed, last - committed, count);
    }
    return text.toString();
  }

  private static void run(StringBuilder text, char separator, long first, long last, int count) {
    text.append(separator).append(first);
    if (last > first) {
      text.append('-').append(last);
    }
    text.append('x').append(count);
  }
}
