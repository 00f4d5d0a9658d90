// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** The retries that Dapr has without being asked, by the names under which they are overridden. */
final class BuiltInRetries {
  /** Dapr forces this on whoever overrides a built-in policy, also instead of no limit. */
  private static final int FEWEST = 3;

  /** Of the way to a peer. */
  static final String SERVICE = "DaprBuiltInServiceRetries";

  private static final String PROTECTED = "DaprBuiltInActorNotFoundRetries";

  private static final Map<String, RetryPolicy> DEFAULTS = Map.of(
      SERVICE,
      RetryPolicy.constant(Duration.ofSeconds(1)).maxRetries(3),
      "DaprBuiltInActorRetries",
      RetryPolicy.constant(Duration.ofSeconds(1)).maxRetries(3),
      // No retry, in spite of its name, until somebody overrides it.
      "DaprBuiltInActorReminderRetries",
      RetryPolicy.exponential().maxRetries(0),
      "DaprBuiltInInitializationRetries",
      RetryPolicy.exponential(Duration.ofSeconds(1))
          .maxRetries(3)
          .maxElapsed(Duration.ofSeconds(10)),
      PROTECTED,
      RetryPolicy.constant(Duration.ofSeconds(1)).maxRetries(5));

  private BuiltInRetries() {}

  /** The built-in policies with what these override, and these. */
  static Map<String, RetryPolicy> overriddenBy(Map<String, RetryPolicy> policies) {
    var all = new LinkedHashMap<>(DEFAULTS);
    policies.forEach((name, policy) -> {
      if (!DEFAULTS.containsKey(name)) {
        all.put(name, policy);
      } else if (!name.equals(PROTECTED)) {
        all.put(name, policy.maxRetries() < FEWEST ? policy.maxRetries(FEWEST) : policy);
      }
    });
    return all;
  }
}
