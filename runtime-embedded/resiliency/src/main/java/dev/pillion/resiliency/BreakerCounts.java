// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import java.util.Map;
import java.util.Set;

/** What a breaker has counted in its current generation. Guarded by the breaker's lock. */
final class BreakerCounts {
  /** What trip expressions are about. */
  static final Set<String> NAMES = new BreakerCounts().variables().keySet();

  private long requests;
  private long totalSuccesses;
  private long totalFailures;
  private long consecutiveSuccesses;
  private long consecutiveFailures;

  void onRequest() {
    requests++;
  }

  /** The request has come to nothing, neither good nor bad. */
  void onWithdrawal() {
    requests--;
  }

  void onSuccess() {
    totalSuccesses++;
    consecutiveSuccesses++;
    consecutiveFailures = 0;
  }

  void onFailure() {
    totalFailures++;
    consecutiveFailures++;
    consecutiveSuccesses = 0;
  }

  void clear() {
    requests = 0;
    totalSuccesses = 0;
    totalFailures = 0;
    consecutiveSuccesses = 0;
    consecutiveFailures = 0;
  }

  long requests() {
    return requests;
  }

  long totalSuccesses() {
    return totalSuccesses;
  }

  long totalFailures() {
    return totalFailures;
  }

  long consecutiveSuccesses() {
    return consecutiveSuccesses;
  }

  long consecutiveFailures() {
    return consecutiveFailures;
  }

  /** By the names that trip expressions use. */
  Map<String, Long> variables() {
    return Map.of(
        "requests",
        requests,
        "totalSuccesses",
        totalSuccesses,
        "totalFailures",
        totalFailures,
        "consecutiveSuccesses",
        consecutiveSuccesses,
        "consecutiveFailures",
        consecutiveFailures);
  }
}
