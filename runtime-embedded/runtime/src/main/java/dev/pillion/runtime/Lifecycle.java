// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was opened, in order; closing pops it. The only place that knows the order of start and
 * stop.
 */
final class Lifecycle {
  private static final Logger log = LoggerFactory.getLogger(Lifecycle.class);

  private final Deque<Step> opened = new ArrayDeque<>();

  private record Step(String name, AutoCloseable closer) {}

  /** Remembers how to close what has just been opened. */
  void opened(String name, AutoCloseable closer) {
    opened.push(new Step(name, closer));
  }

  /** Closes everything, the last opened first, and goes on after a failure. */
  List<Exception> close() {
    var failures = new ArrayList<Exception>();
    while (!opened.isEmpty()) {
      var step = opened.pop();
      try {
        step.closer.close();
        log.debug("closed {}", step.name);
      } catch (Throwable e) {
        if (e instanceof InterruptedException) {
          Thread.currentThread().interrupt();
        }
        failures.add(new IllegalStateException(step.name + " did not close cleanly", e));
      }
    }
    return failures;
  }
}
