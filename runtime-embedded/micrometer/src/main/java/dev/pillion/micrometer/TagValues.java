// SPDX-License-Identifier: Apache-2.0
package dev.pillion.micrometer;

import io.micrometer.common.KeyValue;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The values of one tag. Names come from configuration, but a peer may ask for any: after the first
 * {@value #LIMIT} a new one is {@value #OTHER}, so that no caller can fill the registry.
 * Thread-safe.
 */
final class TagValues {
  static final int LIMIT = 1_000;
  static final String OTHER = "other";
  private static final Logger log = LoggerFactory.getLogger(TagValues.class);

  private final Map<String, KeyValue> known = new ConcurrentHashMap<>();
  private final ReentrantLock adding = new ReentrantLock();
  private final String tag;
  private final KeyValue other;
  private volatile boolean full;

  TagValues(String tag) {
    this.tag = tag;
    this.other = KeyValue.of(tag, OTHER);
  }

  KeyValue of(String name) {
    var value = known.get(name);
    if (value != null) {
      return value;
    }
    return full ? other : add(name);
  }

  private KeyValue add(String name) {
    adding.lock();
    try {
      if (known.size() < LIMIT) {
        // Registries treat an empty value as a missing tag.
        return known.computeIfAbsent(
            name, key -> KeyValue.of(tag, key.isEmpty() ? KeyValue.NONE_VALUE : key));
      }
      if (!full) {
        full = true;
        log.warn(
            "the metric tag \"{}\" has {} values; more are counted as \"{}\"", tag, LIMIT, OTHER);
      }
      return known.getOrDefault(name, other);
    } finally {
      adding.unlock();
    }
  }
}
