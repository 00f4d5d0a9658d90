// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.resiliency.PolicyListener.State;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The breakers of one target, the least recently used forgotten first, with all they have counted.
 * Thread-safe.
 */
final class BreakerCache {
  private final TargetName target;
  private final int size;
  private final ReentrantLock lock = new ReentrantLock();
  private final LinkedHashMap<String, Breaker> breakers = new LinkedHashMap<>(16, 0.75f, true);

  BreakerCache(TargetName target, int size) {
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
      var made = template.create(target.toString(), key);
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

  int count(State state) {
    return (int) all().stream().filter(breaker -> breaker.state() == state).count();
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
