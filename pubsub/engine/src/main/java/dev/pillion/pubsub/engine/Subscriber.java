// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.pubsub.SubscribeOptions;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What one subscription says, and who takes its events: one handler, or several by the path that
 * its routes choose. Thread-safe.
 */
final class Subscriber {
  private final String source;
  private final SubscribeOptions options;
  private final Routes routes;
  private final EventReader reader;
  private final List<PathHandler> handlers = new CopyOnWriteArrayList<>();
  private final AtomicInteger turn = new AtomicInteger();

  /** @param source where it comes from, for messages */
  Subscriber(String source, SubscribeOptions options, Routes routes, EventReader reader) {
    this.source = source;
    this.options = options;
    this.routes = routes;
    this.reader = reader;
  }

  String source() {
    return source;
  }

  /** Who takes its events, at this moment. */
  List<PathHandler> handlers() {
    return List.copyOf(handlers);
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
    for (var handler : handlers) {
      if (handler.isActive()) {
        return true;
      }
    }
    return false;
  }

  /** Whether somebody could begin with an event at once. */
  boolean hasRoom() {
    for (var handler : handlers) {
      if (handler.hasRoom()) {
        return true;
      }
    }
    return false;
  }

  /** Lets deliveries that wait for a handler see that they have been stopped. */
  void wake() {
    handlers.forEach(PathHandler::wake);
  }

  /**
   * Who takes an event of this path: in turn the handlers for just that path, or where there are
   * none those for all. One with room goes before one that is busy, a paused one comes last; null
   * when there is nobody.
   */
  @Nullable
  PathHandler handler(String path) {
    var all = handlers.toArray(new PathHandler[0]);
    int begin = all.length < 2 ? 0 : Math.floorMod(turn.getAndIncrement(), all.length);
    PathHandler best = null;
    int highest = 0;
    for (int i = 0; i < all.length; i++) {
      var handler = all[(begin + i) % all.length];
      int rank = rank(handler, path);
      if (rank > highest) {
        highest = rank;
        best = handler;
      }
    }
    return best;
  }

  private static int rank(PathHandler handler, String path) {
    if (handler.path() != null && !path.equals(handler.path())) {
      return 0;
    }
    int own = handler.path() == null ? 0 : 3;
    return own + (handler.hasRoom() ? 3 : handler.isActive() ? 2 : 1);
  }
}
