// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The breakers of one target, the least recently used forgotten first, with all they have counted.
 * Thread-safe.
 */
final class BreakerCache {
  private final String target;
  private final int size;
  private final ReentrantLock lock = new ReentrantLock();
  private final LinkedHashMap<String, Breaker> breakers = new LinkedHashMap<>(16, 0.75f, true);

  BreakerCache(String target, int size) {
    this.target = target;
    this.size = size;
  }

  /** The breaker of that key; the template of the first call makes it. */
  Breaker get(String key, BreakerTemplate template) {
    lock.lock();
    try {
      var known = breakers.get(key);
      if (known != null) {
        return known;
      }
      var made = template.create(target, key);
      breakers.put(key, made);
      if (breakers.size() > size) {
        var oldest = breakers.keySet().iterator();
        oldest.next();
        oldest.remove();
      }
      return made;
    } finally {
      lock.unlock();
    }
  }

  List<Breaker> all() {
    lock.lock();
    try {
      return List.copyOf(breakers.values());
    } finally {
      lock.unlock();
    }
  }
}
