// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

import org.jspecify.annotations.Nullable;

/**
 * A value can't be turned into bytes, or bytes are not of the asked type. Retrying does not help.
 */
public final class SerializationException extends BuildingBlockException {
  private static final long serialVersionUID = 1;

  /** Which type, which direction, why; never the value itself. */
  public SerializationException(String message, @Nullable Throwable cause) {
    super("ERR_MALFORMED_REQUEST", message, cause);
  }
}
