// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Some entries of a bulk call failed; the others were applied. Each failure stands under its key.
 */
public final class BulkException extends BuildingBlockException {
  private static final long serialVersionUID = 1;

  private final transient Map<String, BuildingBlockException> failures;

  /** Failures in the order of the request; there is at least one. */
  public BulkException(
      String errorCode, String message, Map<String, BuildingBlockException> failures) {
    super(errorCode, message, failures.values().iterator().next());
    this.failures = Collections.unmodifiableMap(new LinkedHashMap<>(failures));
  }

  /** What failed, by key, in the order of the request; unmodifiable. */
  public Map<String, BuildingBlockException> failures() {
    return failures;
  }
}
