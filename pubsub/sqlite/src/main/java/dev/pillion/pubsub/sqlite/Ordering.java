// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import java.util.Locale;

/** In which order a group receives the events of a topic. */
public enum Ordering {
  /**
   * Events with the same {@code partitionKey} one after another, in the order of publishing; those
   * without one as they come.
   */
  KEY,
  /** All events of the topic one after another, one at a time in all processes together. */
  TOPIC;

  /** As it stands in settings and in the table. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
