// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.Expressions;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides after a failure whether a closed breaker opens. Thread-safe. */
@FunctionalInterface
interface Trip {
  /** What Dapr writes where nothing is written. */
  String DEFAULT_TEXT = "consecutiveFailures > 5";

  /** The same in Java, so that it needs no expression language. */
  Trip DEFAULT = counts -> counts.consecutiveFailures() > 5;

  boolean opens(BreakerCounts counts);

  /** A condition that somebody has written. One that can't be decided does not open, as in Dapr. */
  final class Written implements Trip {
    private static final Logger log = LoggerFactory.getLogger(Trip.class);

    private final String policy;
    private final Expressions.Condition condition;
    private final AtomicBoolean reported = new AtomicBoolean();

    Written(String policy, Expressions.Condition condition) {
      this.policy = policy;
      this.condition = condition;
    }

    @Override
    public boolean opens(BreakerCounts counts) {
      try {
        return condition.test(counts.variables());
      } catch (Expressions.EvaluationException | RuntimeException e) {
        // Whatever a language throws: the caller is to see why the call failed.
        if (reported.compareAndSet(false, true)) {
          log.warn(
              "the trip of the circuit breaker \"{}\" can't be decided, it will not open: {}",
              policy,
              e instanceof Expressions.EvaluationException ? e.getMessage() : e.toString());
        }
        return false;
      }
    }
  }
}
