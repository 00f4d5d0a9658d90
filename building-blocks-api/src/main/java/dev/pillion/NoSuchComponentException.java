// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

import java.util.Collection;

/** The runtime has no component of that name in that building block. */
public final class NoSuchComponentException extends BuildingBlockException {
  private static final long serialVersionUID = 1;

  private final String component;
  private final boolean anyConfigured;

  /**
   * @param errorCode Dapr's code, such as {@code ERR_STATE_STORE_NOT_FOUND}
   * @param block what was asked for, such as {@code state store}
   * @param component the name that was asked for
   * @param known the names the runtime has
   */
  public NoSuchComponentException(
      String errorCode, String block, String component, Collection<String> known) {
    super(
        errorCode,
        known.isEmpty()
            ? "no %s \"%s\"; the runtime has none".formatted(block, component)
            : "no %s \"%s\"; the runtime has %s".formatted(block, component, known),
        null);
    this.component = component;
    this.anyConfigured = !known.isEmpty();
  }

  /** The name that was asked for. */
  public String component() {
    return component;
  }

  /** Whether the runtime has any component of this building block. */
  public boolean anyConfigured() {
    return anyConfigured;
  }
}
