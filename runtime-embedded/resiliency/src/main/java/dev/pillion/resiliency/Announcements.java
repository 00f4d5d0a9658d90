// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells each listener of each target once, whichever of the two came first. Thread-safe. */
final class Announcements {
  private static final Logger log = LoggerFactory.getLogger(PolicyListener.class);

  private final ReentrantLock lock = new ReentrantLock();
  private final Set<TargetName> withBreakers = new HashSet<>();
  private final Set<TargetName> withUserCode = new HashSet<>();
  private final List<Consumer<PolicyListener>> told = new ArrayList<>();
  private final List<PolicyListener> listeners = new ArrayList<>();

  /**
   * What a table tells.
   *
   * @param userCode whether its calls run user code
   */
  TargetTable.News of(boolean userCode) {
    return (target, now) -> add(target, now, userCode);
  }

  void add(TargetPolicies target, Supplier<@Nullable TargetPolicies> now, boolean userCode) {
    var name = target.name();
    var kind = name.kind().word;
    lock.lock();
    try {
      // Both directions of a component share its breaker.
      if (target.hasBreaker() && isNews(withBreakers, name)) {
        tell(listener -> listener.onBreakers(
            kind, name.name(), state -> count(now, found -> found.breakers().count(state))));
      }
      if (userCode && isNews(withUserCode, name)) {
        tell(listener -> listener.onUserCode(
            kind, name.name(), () -> count(now, found -> found.stuck().get())));
      }
    } finally {
      lock.unlock();
    }
  }

  /** Callers may name what they like: of what comes beyond so many names nobody is told. */
  private static boolean isNews(Set<TargetName> known, TargetName name) {
    return known.size() < TargetTable.MOST && known.add(name);
  }

  private static int count(
      Supplier<@Nullable TargetPolicies> now, ToIntFunction<TargetPolicies> of) {
    var found = now.get();
    return found == null ? 0 : of.applyAsInt(found);
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
