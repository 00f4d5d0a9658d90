// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.pubsub.SubscribeOptions;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * What one subscription says, and who takes its events: one handler, or several by the path that
 * its routes choose. Thread-safe.
 */
final class Subscriber {
  private final SubscribeOptions options;
  private final Routes routes;
  private final EventReader reader;
  private final List<PathHandler> handlers = new CopyOnWriteArrayList<>();

  Subscriber(SubscribeOptions options, Routes routes, EventReader reader) {
    this.options = options;
    this.routes = routes;
    this.reader = reader;
  }

  SubscribeOptions options() {
    return options;
  }

  Routes routes() {
    return routes;
  }

  @Nullable
  String deadLetterTopic() {
    return options.deadLetterTopic();
  }

  EventReader reader() {
    return reader;
  }

  boolean isBulk() {
    return options.bulk() != null;
  }

  void add(PathHandler handler) {
    handlers.add(handler);
  }

  void remove(PathHandler handler) {
    handlers.remove(handler);
  }

  boolean hasHandlers() {
    return !handlers.isEmpty();
  }

  /** Whether somebody takes events now. */
  boolean isActive() {
    return handlers.stream().anyMatch(PathHandler::isActive);
  }

  /**
   * Who takes events of this path: a handler for just that path, else one for all; null for none.
   */
  @Nullable
  PathHandler handler(String path) {
    PathHandler any = null;
    for (var handler : handlers) {
      if (path.equals(handler.path())) {
        return handler;
      }
      if (handler.path() == null) {
        any = handler;
      }
    }
    return any;
  }
}
