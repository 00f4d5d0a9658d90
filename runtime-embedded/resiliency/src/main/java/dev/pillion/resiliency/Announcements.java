// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells each listener of each target once, whichever of the two came first. Thread-safe. */
final class Announcements {
  private static final Logger log = LoggerFactory.getLogger(PolicyListener.class);

  private final ReentrantLock lock = new ReentrantLock();
  private final Set<TargetName> withBreakers = new HashSet<>();
  private final List<Consumer<PolicyListener>> told = new ArrayList<>();
  private final List<PolicyListener> listeners = new ArrayList<>();

  /**
   * Tells of a target in one direction.
   *
   * @param userCode whether its calls run user code
   */
  void add(TargetPolicies target, boolean userCode) {
    var name = target.name();
    lock.lock();
    try {
      // Both directions of a component share its breaker.
      if (target.hasBreaker() && withBreakers.add(name)) {
        tell(listener ->
            listener.onBreakers(name.kind().word, name.name(), target.breakers()::count));
      }
      if (userCode) {
        tell(listener -> listener.onUserCode(name.kind().word, name.name(), target.stuck()::get));
      }
    } finally {
      lock.unlock();
    }
  }

  private void tell(Consumer<PolicyListener> news) {
    told.add(news);
    listeners.forEach(listener -> tell(listener, news));
  }

  private static void tell(PolicyListener listener, Consumer<PolicyListener> news) {
    try {
      news.accept(listener);
    } catch (RuntimeException e) {
      log.warn("a listener of policies failed; what it missed it is not told again", e);
    }
  }

  void listen(PolicyListener listener) {
    lock.lock();
    try {
      told.forEach(news -> tell(listener, news));
      listeners.add(listener);
    } finally {
      lock.unlock();
    }
  }
}
