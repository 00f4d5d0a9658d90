// SPDX-License-Identifier: Apache-2.0
package dev.pillion.micrometer;

import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.runtime.Extension;
import io.micrometer.core.instrument.MeterRegistry;

/**
 * How the targets of a runtime's policies fare, as gauges in the application's own Micrometer
 * registry: how many circuit breakers of a target are in which state
 * ({@value PolicyGauges#BREAKERS}), and how many calls of user code run on although their time is
 * up ({@value PolicyGauges#STUCK}). Their tags are {@code app}, {@code kind}, {@code target} and,
 * of the former, {@code state}.
 *
 * <p>A target has its gauges from its first call on. At most {@value PolicyGauges#LIMIT} targets
 * have them; methods and actor ids are in no tag. They leave the registry when the runtime closes.
 *
 * <p>Immutable, thread-safe; may be added to several runtimes of different app ids, beside
 * {@link Observations} in any order.
 */
public final class PolicyMeters implements Extension {
  private final MeterRegistry registry;

  private PolicyMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  /** The registry remains the application's to close. */
  public static PolicyMeters to(MeterRegistry registry) {
    return new PolicyMeters(registry);
  }

  @Override
  public AutoCloseable start(EmbeddedRuntime runtime) {
    var gauges = new PolicyGauges(registry, runtime.appId());
    runtime.onPolicies(gauges);
    return gauges;
  }
}
