// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import dev.pillion.BuildingBlockException;

/** What may be shown of a failure. */
final class Failures {
  private Failures() {}

  /** Our own exceptions are made to be shown; what others say, the log has. */
  static String words(Throwable failure) {
    return failure instanceof BuildingBlockException
        ? String.valueOf(failure.getMessage())
        : failure.getClass().getName();
  }
}
