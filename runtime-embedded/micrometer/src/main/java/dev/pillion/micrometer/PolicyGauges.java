// SPDX-License-Identifier: Apache-2.0
package dev.pillion.micrometer;

import dev.pillion.resiliency.PolicyListener;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import java.util.function.ToIntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The gauges of one runtime. Thread-safe. */
final class PolicyGauges implements PolicyListener, AutoCloseable {
  static final String BREAKERS = "pillion.circuit.breakers";
  static final String STUCK = "pillion.calls.stuck";
  static final int LIMIT = 1_000;
  private static final Logger log = LoggerFactory.getLogger(PolicyMeters.class);

  private final MeterRegistry registry;
  private final String appId;
  private final ReentrantLock lock = new ReentrantLock();
  private final Set<Tags> targets = new HashSet<>();
  private final List<Meter> gauges = new ArrayList<>();
  private boolean full;
  private boolean closed;

  PolicyGauges(MeterRegistry registry, String appId) {
    this.registry = registry;
    this.appId = appId;
  }

  @Override
  public void onBreakers(String kind, String target, ToIntFunction<State> inState) {
    var builders = new ArrayList<Gauge.Builder<?>>();
    for (var state : State.values()) {
      builders.add(Gauge.builder(BREAKERS, () -> inState.applyAsInt(state))
          .description("Circuit breakers of a target that are in a state")
          .tag("state", state.name().toLowerCase(Locale.ROOT).replace('_', '-')));
    }
    register(kind, target, builders);
  }

  @Override
  public void onUserCode(String kind, String target, IntSupplier stuck) {
    register(
        kind,
        target,
        List.of(Gauge.builder(STUCK, stuck::getAsInt)
            .description("Calls of user code that run on although their time is up")));
  }

  private void register(String kind, String target, List<? extends Gauge.Builder<?>> builders) {
    var tags = Tags.of("app", appId, "kind", kind, "target", target);
    lock.lock();
    try {
      if (!closed && hasRoom(tags)) {
        builders.forEach(builder -> gauges.add(builder.tags(tags).register(registry)));
      }
    } finally {
      lock.unlock();
    }
  }

  /** Which apps and actor types are called, callers say. */
  private boolean hasRoom(Tags target) {
    if (targets.contains(target)) {
      return true;
    }
    if (targets.size() < LIMIT) {
      return targets.add(target);
    }
    if (!full) {
      full = true;
      log.warn("{} targets of policies are measured; more are left out", LIMIT);
    }
    return false;
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      gauges.forEach(registry::remove);
      gauges.clear();
    } finally {
      lock.unlock();
    }
  }
}
