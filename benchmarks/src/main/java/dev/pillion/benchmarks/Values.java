// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Random;

/** The keys and values of all comparisons: 1 KB, 10,000 keys, the same in every run. */
final class Values {
  static final int KEYS = 10_000;
  static final String APP = "checkout";
  static final byte[] KILOBYTE = kilobyte();

  private Values() {}

  private static byte[] kilobyte() {
    byte[] bytes = new byte[1024];
    new Random(42).nextBytes(bytes);
    return bytes;
  }

  /** A key for one caller's n-th call; callers do not share keys. */
  static String key(int thread, long count) {
    return "key-" + thread + "-" + (count * 7919 % (KEYS / 8));
  }

  static byte[] storedKey(int thread, long count) {
    return storedKey(key(thread, count));
  }

  static byte[] storedKey(String key) {
    return (APP + "||" + key).getBytes(StandardCharsets.UTF_8);
  }

  /** A read that finds nothing would measure something else. */
  static void found(Optional<byte[]> value) {
    if (value.isEmpty()) {
      throw new IllegalStateException("nothing was found");
    }
  }
}
