// SPDX-License-Identifier: Apache-2.0
package dev.pillion.micrometer;

import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.runtime.Extension;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.observation.DefaultMeterObservationHandler;
import io.micrometer.core.instrument.observation.DefaultMeterObservationHandler.IgnoredMeters;
import io.micrometer.observation.ObservationRegistry;

/**
 * Makes every call of a runtime, in both directions, an observation of the application's own
 * Micrometer registry. Add it before other extensions and interceptors: it times what comes after
 * it, retries included.
 *
 * <p>The observation, and so the timer, is called {@value ObservedCalls#NAME}. Its tags are
 * {@code block}, {@code direction}, {@code target}, {@code operation} and Micrometer's
 * {@code error}, the simple name of the exception or {@code none}. Keys, ids and payloads are in no
 * tag. A tag holds at most {@value TagValues#LIMIT} different values; what a program or its peers
 * name beyond that is counted as {@value TagValues#OTHER}.
 *
 * <p>With micrometer-tracing's handlers on the registry every call is a span as well: an inbound
 * call goes on with the trace that its headers carry, an outbound one hands it on.
 *
 * <p>Immutable, thread-safe; may be added to several runtimes. The registry remains the
 * application's to close.
 */
public final class Observations implements Extension {
  private final ObservationRegistry registry;

  private Observations(ObservationRegistry registry) {
    this.registry = registry;
  }

  /** What becomes of the calls, timers, spans or both, is for the registry's handlers to say. */
  public static Observations to(ObservationRegistry registry) {
    return new Observations(registry);
  }

  /**
   * Timers alone, for a program that has no {@link ObservationRegistry}. One that has, as every
   * Spring Boot application does, uses {@link #to(ObservationRegistry)} and not both: calls would
   * be timed twice.
   */
  public static Observations to(MeterRegistry registry) {
    var observations = ObservationRegistry.create();
    observations
        .observationConfig()
        .observationHandler(
            new DefaultMeterObservationHandler(registry, IgnoredMeters.LONG_TASK_TIMER));
    return new Observations(observations);
  }

  @Override
  public void configure(EmbeddedRuntime.Builder builder) {
    if (registry != ObservationRegistry.NOOP) {
      builder.interceptor(new ObservedCalls(registry));
    }
  }
}
