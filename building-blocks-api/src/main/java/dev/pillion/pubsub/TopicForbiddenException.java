// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub;

import dev.pillion.BuildingBlockException;

/** The component's scopes close the topic to this app. */
public final class TopicForbiddenException extends BuildingBlockException {
  private static final long serialVersionUID = 1;

  /** Which topic, and what closes it. */
  public TopicForbiddenException(String message) {
    super("ERR_PUBSUB_FORBIDDEN", message, null);
  }
}
