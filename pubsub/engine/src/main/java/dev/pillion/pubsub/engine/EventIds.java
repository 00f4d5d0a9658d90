// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import java.util.UUID;
import java.util.function.Supplier;

/** The ids of events that come without one. */
final class EventIds {
  /** UUIDs of version 4. */
  static final Supplier<String> RANDOM = () -> UUID.randomUUID().toString();

  private EventIds() {}
}
